"""All six trainings answer to the same words and options, and fail with one line that says what to do."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ecgmon.models.common.command import (
    INTERRUPTED,
    TrainingCommands,
    Word,
    chosen,
    data_folder,
    read_result,
    write_result,
)
from ecgmon.models.common.progress import progress
from ecgmon.monitor.cli.commands.train import TRAININGS
from ecgmon.monitor.core.errors import ModelError, RecordError, UsageError

NAMES = ("adaptive", "arrhythminet", "rpeak", "vf", "af", "quality")
WORDS = ("train", "crossval", "evaluate", "export")
OPTIONS = ["--data-dir", "d", "--out", "o", "--seed", "7", "--jobs", "3", "--records", "101", "106"]
SHAPE = ("data", "network", "training", "scoring", "export", "card", "__main__")


def commands(name: str) -> TrainingCommands:
    found = importlib.import_module(f"ecgmon.models.{name}.__main__").COMMANDS
    assert isinstance(found, TrainingCommands)
    return found


def test_every_training_is_known_to_the_command_line() -> None:
    assert set(TRAININGS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_training_is_a_folder_of_the_same_shape(name: str) -> None:
    for part in SHAPE:
        assert importlib.import_module(f"ecgmon.models.{name}.{part}").__doc__


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("word", WORDS)
def test_every_word_of_every_training_takes_the_same_options(name: str, word: str) -> None:
    parsed = commands(name).parser().parse_args([word, *OPTIONS, "--steps", "12"])
    assert (parsed.data_dir, parsed.out) == (Path("d"), Path("o"))
    assert (parsed.seed, parsed.jobs, parsed.length, parsed.records) == (7, 3, 12, ["101", "106"])
    again = commands(name).parser().parse_args([word, "--epochs", "12", "--threads", "3"])
    assert (again.length, again.jobs) == (12, 3)


@pytest.mark.parametrize("name", NAMES)
def test_the_help_says_what_each_word_does_and_what_the_defaults_are(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as done:
        commands(name).parser().parse_args(["train", "--help"])
    assert done.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert f"usage: ecgmon train {name} train" in text
    assert f"out/{name}" in text
    assert f"({commands(name).length})" in text


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wrong", [["--steps", "0"], ["--jobs", "-1"], ["--epochs", "x"], ["--nonsense"]])
def test_what_makes_no_sense_is_a_usage_error(
    name: str, wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as done:
        commands(name).parser().parse_args(["train", *wrong])
    assert done.value.code == 2
    assert wrong[0] in capsys.readouterr().err


@pytest.mark.parametrize("name", NAMES)
def test_a_fold_that_there_is_not_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    folds = commands(name).folds
    assert commands(name).parser().parse_args(["crossval"]).fold == list(range(folds))
    with pytest.raises(SystemExit):
        commands(name).parser().parse_args(["crossval", "--fold", str(folds)])
    assert "invalid choice" in capsys.readouterr().err


@pytest.mark.parametrize("name", NAMES)
def test_without_data_every_training_says_where_to_get_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ECGMON_DATA", raising=False)
    main: Callable[[list[str]], int] = importlib.import_module(f"ecgmon.models.{name}.__main__").main
    assert main(["train", "--out", str(tmp_path / "run")]) == RecordError.exit_code
    said = capsys.readouterr().err
    assert "https://physionet.org" in said
    assert "--data-dir" in said
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", NAMES)
def test_an_export_before_its_scores_names_the_word_that_makes_them(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main: Callable[[list[str]], int] = importlib.import_module(f"ecgmon.models.{name}.__main__").main
    zoo = tmp_path / "zoo"
    assert main(["export", str(tmp_path), "--zoo", str(zoo)]) == ModelError.exit_code
    assert f"ecgmon train {name} evaluate" in capsys.readouterr().err
    assert not zoo.exists()


@pytest.mark.parametrize("name", NAMES)
def test_the_folder_that_the_help_names_is_the_one_that_is_used(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        commands(name).parser().parse_args(["train", "--help"])
    usual = f"out/{name}-VERSION" if name == "arrhythminet" else f"out/{name}"
    assert f"folder of the run; {usual} by default" in " ".join(capsys.readouterr().out.split())
    assert commands(name).main(["export"]) == ModelError.exit_code
    assert usual.replace("VERSION", "v1") in capsys.readouterr().err


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_a_training_says_what_it_does_without_a_word(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        commands(name).parser().parse_args(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert f"Without a WORD it trains. `ecgmon train {name} WORD --help` says" in text


def toy(action: Callable[[argparse.Namespace], None], jobs: int | None = None) -> TrainingCommands:
    words = {"train": Word(action, "train"), "evaluate": Word(action, "score", "?")}
    return TrainingCommands("toy", "A toy.", words, length=5, folds=2, jobs=jobs)


def test_ctrl_c_ends_with_130_and_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    def press(_: argparse.Namespace) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    assert toy(press).main(["train"]) == INTERRUPTED
    assert capsys.readouterr().err == "Stopped. The same command goes on from there.\n"


def test_an_error_is_one_line_with_its_own_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_: argparse.Namespace) -> None:
        raise ModelError("It is damaged.", "Mend it.")

    assert toy(fail).main(["train"]) == ModelError.exit_code
    assert capsys.readouterr().err == "It is damaged. Mend it.\n"


def test_a_run_is_named_behind_the_word_or_by_out_or_is_the_usual_one() -> None:
    seen: list[Path] = []
    command = toy(lambda options: seen.append(options.out))
    for words in (["evaluate"], ["evaluate", "--out", "a"], ["evaluate", "b"]):
        command.main(words)
    assert seen == [Path("out/toy"), Path("a"), Path("b")]


def test_jobs_are_the_threads_that_torch_uses() -> None:
    seen: list[int] = []
    command = toy(lambda _: seen.append(torch.get_num_threads()), jobs=1)
    command.main(["train"])
    command.main(["train", "--jobs", "2"])
    assert seen == [1, 2]


def test_the_folder_of_databases_is_found_by_itself_by_a_database_in_it_and_by_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("mitdb", "vfdb"):
        (tmp_path / name).mkdir()
    assert data_folder(tmp_path, "mitdb", "vfdb") == tmp_path
    assert data_folder(tmp_path / "mitdb", "mitdb") == tmp_path
    monkeypatch.setenv("ECGMON_DATA", str(tmp_path))
    assert data_folder(None, "vfdb") == tmp_path
    with pytest.raises(RecordError, match="lacks svdb; training needs mitdb and svdb"):
        data_folder(None, "mitdb", "svdb")


def test_records_are_chosen_with_or_without_their_database() -> None:
    names = ("mitdb/101", "mitdb/106", "svdb/801")
    options = argparse.Namespace(records=["mitdb/106", "801"])
    assert chosen(options, names) == ("mitdb/106", "svdb/801")
    assert chosen(argparse.Namespace(records=None), names) == names
    with pytest.raises(UsageError, match="None of 7 is among"):
        chosen(argparse.Namespace(records=["7"]), names)


@pytest.mark.parametrize("content", [None, "", "{", "[1, 2"])
def test_a_result_that_is_missing_or_damaged_names_the_word_that_writes_it(
    tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "scores.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=r"scores\.json: it cannot be read.*ecgmon train vf evaluate"):
        read_result(tmp_path / "scores.json", "vf", "evaluate")


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_result(tmp_path / "deep" / "scores.json", {"a": [1, 2.5]})
    assert read_result(tmp_path / "deep" / "scores.json", "vf", "evaluate") == {"a": [1, 2.5]}


def test_a_log_gets_the_last_step_with_the_mean_of_what_was_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress("toy", 4, "rounds", smoothed=2) as show:
        for done, loss in enumerate((8.0, 6.0, 2.0, 1.0), 1):
            show(done, {"loss": loss, "accuracy": loss / 10} if done == 4 else {"loss": loss})
    assert capsys.readouterr().out == "toy: 4 of 4 rounds, loss 1.5000, accuracy 0.1000\n"


def test_a_log_tells_the_time_that_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter((0.0, 4.0, 12.0, 400.0))
    monkeypatch.setattr("ecgmon.models.common.progress.time.monotonic", lambda: next(clock))
    with progress("toy", 100) as show:
        for done in (51, 52, 53):
            show(done, {"loss": 1.0})
    first, second = capsys.readouterr().out.splitlines()
    assert first == "toy: 52 of 100 steps, loss 1.0000, about 5 min left"
    assert second.endswith("about 104 min left")


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress("toy", 2) as show:
        show(1, {"loss": 0.5})
        show(2, {"loss": 0.7})
    assert "toy loss 0.6000" in capfd.readouterr().err


def outside(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder of its own, without data."""
    environment = {key: value for key, value in os.environ.items() if key != "ECGMON_DATA"}
    return subprocess.run(
        [sys.executable, *words], check=False, env=environment, cwd=folder, capture_output=True, text=True
    )


def test_ecgmon_train_passes_its_words_on(tmp_path: Path) -> None:
    done = outside(tmp_path, "-m", "ecgmon", "train", "af", "export")
    assert done.returncode == ModelError.exit_code
    assert "ecgmon train af evaluate" in done.stderr


def test_the_training_of_af_needs_no_torch(tmp_path: Path) -> None:
    program = (
        "import sys; from ecgmon.models.af.__main__ import main; "
        "code = main(['evaluate']); sys.exit(code if 'torch' not in sys.modules else 99)"
    )
    assert outside(tmp_path, "-c", program).returncode == RecordError.exit_code


def test_results_are_plain_json(tmp_path: Path) -> None:
    write_result(tmp_path / "a.json", [{"record": "mitdb/100", "beats": 3}])
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))[0]["beats"] == 3
