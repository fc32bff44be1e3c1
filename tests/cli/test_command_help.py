"""Help is there for every command, fits a terminal, says the defaults, and costs little."""

from __future__ import annotations

import re
import subprocess
import sys
import time

import pytest
from all_commands import GROUPS, OPTIONS, TRAININGS
from as_a_user import Ecgmon, environment

from ecgmon.monitor.cli import main
from ecgmon.monitor.cli.app import build_app

EVERY = [*OPTIONS, *GROUPS]


def help_of(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main([*words]) == 0
    out, errors = capsys.readouterr()
    assert errors == ""
    return re.sub(r" *│\n│ {2,}", " ", out)  # what is folded to fit the terminal, in one line


@pytest.mark.parametrize("command", EVERY)
def test_every_command_has_help_with_all_its_options(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = help_of(capsys, *command.split(), "--help")
    assert text.startswith(f"Usage: ecgmon {command}")
    for option in set(OPTIONS.get(command, {})) - {"--worker"}:
        # an option without a word of what it does is no help
        assert re.search(rf"{option}\b[^│]*\s{{2,}}\w", text), option


@pytest.mark.parametrize("command", EVERY)
def test_help_as_a_word_shows_the_same(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert help_of(capsys, "help", *command.split()) == help_of(capsys, *command.split(), "--help")


def test_every_command_is_listed_with_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    text = help_of(capsys, "--help")
    for command in {command.split()[0] for command in EVERY} | {"help", "completion", "--debug", "--version"}:
        assert re.search(rf"{command}(?: \(-h\))?\s{{2,}}[A-Z].*\.", text), command


def test_without_words_the_help_says_three_ways_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    text = help_of(capsys)
    assert text == help_of(capsys, "--help")
    _, _, ways = text.partition("Three ways to begin:")
    assert re.findall(r"^  ecgmon (\w+)", ways, re.MULTILINE)[:3] == ["demo", "replay", "devices"]


def test_every_way_to_begin_is_a_command_that_is_understood(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line.strip() for line in help_of(capsys).splitlines() if line.startswith("  ecgmon ")]
    assert len(lines) >= 6
    for line in lines:
        words = re.split(r"\s{2,}", line)[0].split()[1:]
        build_app().parse_args(words)


@pytest.mark.parametrize("command", EVERY)
def test_examples_are_commands_that_are_understood_and_fit_a_terminal(command: str) -> None:
    app = build_app()
    for word in command.split():
        app = app[word]
    epilogue = app.help_epilogue or ""
    assert max(map(len, epilogue.splitlines()), default=0) <= 83
    whole = epilogue.replace("\\\n", " ")
    examples = [line.strip() for line in whole.splitlines() if re.match(r"  (sudo )?ecgmon ", line)]
    for example in examples:
        words = re.split(r"\s{2,}(?!--)| [|>] ", example.removeprefix("sudo "))[0].replace("'", "").split()
        if words[1] == "train" and "--help" not in words:
            continue  # the words behind are the training's own
        build_app().parse_args(words[1:])


def test_defaults_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    text = help_of(capsys, "evaluate", "qrs", "--help")
    for default in ("mitdb", "360", "ecgmon", "0.0"):
        assert f"[default: {default}]" in text
    text = help_of(capsys, "bridge", "--help")
    for default in ("256", "drop_newest", "ecg/{device}/raw"):
        assert f"[default: {default}]" in text
    assert "[default: False]" not in help_of(capsys, "replay", "--help")


def test_choices_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert "[choices: table, csv, json, parquet]" in help_of(capsys, "events", "--help")
    assert "[choices: ds1, ds2, paced]" in help_of(capsys, "evaluate", "beats", "--help")


def test_every_training_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    text = help_of(capsys, "train")
    assert all(re.search(rf"{name}\s{{2,}}The ", text) for name in TRAININGS)


def test_what_only_the_ward_uses_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert not re.search(r"--worker\b", help_of(capsys, "run", "--help"))


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_wins_over_what_else_is_wrong(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Usage: ecgmon replay" in help_of(capsys, "replay", "--chanel", "1", flag)


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert re.fullmatch(r"ecgmon \d+\.\d+\.\d+\S*\n", help_of(capsys, "--version"))


def test_a_module_and_the_command_are_the_same(ecgmon: Ecgmon) -> None:
    done = ecgmon("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Three ways to begin" in done.stdout


@pytest.mark.parametrize(
    "command", ["", "replay", "run", "simulate", "bridge", "events", "explain", "status", "evaluate qrs"]
)
def test_help_imports_nothing_that_runs_the_monitor(command: str) -> None:
    program = (
        "import sys; from ecgmon.monitor.cli import main; "
        f"code = main([*{command.split()}, '--help']); "
        "heavy = {'numpy', 'onnxruntime', 'pydantic', 'sqlalchemy', 'serial', 'PyQt6', 'asyncio'}; "
        "sys.exit(code or ' '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_only_the_command_asked_for_is_imported() -> None:
    program = (
        "import sys; from ecgmon.monitor.cli.app import build_app; "
        "build_app().parse_args(['replay', '200', '--speed', 'max']); "
        "place = 'ecgmon.monitor.cli.commands.'; "
        "print(sorted(name for name in sys.modules if name.startswith(place)), 'rich' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "['ecgmon.monitor.cli.commands.replay'] False\n"


def test_reading_a_command_line_takes_no_time_that_is_felt() -> None:
    begin = time.process_time()
    for _ in range(10):
        build_app().parse_args(["replay", "200", "--speed", "max", "--events", "-"])
    assert (time.process_time() - begin) / 10 < 0.1
