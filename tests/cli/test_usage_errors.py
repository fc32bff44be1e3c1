"""A command line that makes no sense is answered in one line, with what to write instead, and code 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from all_commands import NEEDED, OPTIONS, TRAININGS
from as_a_user import Ecgmon

from ecgmon.monitor.cli import main

EACH = [
    (command, option) for command, options in OPTIONS.items() for option in options if option != "--worker"
]


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return the line by which a command line is refused."""
    assert main([*words]) == 2
    out, errors = capsys.readouterr()
    assert out == ""
    assert errors.startswith("ecgmon: ")
    assert errors.count("\n") == 1
    return errors


@pytest.mark.parametrize(("command", "option"), EACH, ids=" ".join)
def test_a_near_miss_of_every_option_is_suggested(
    command: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = f"{option}x"
    errors = refused(capsys, *command.split(), *NEEDED.get(command, []), typed, "1")
    assert errors == f"ecgmon: Unknown option: {typed}. Did you mean {option}?\n"


@pytest.mark.parametrize("command", OPTIONS)
def test_an_option_of_nobody_is_refused_by_every_command(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = refused(capsys, *command.split(), *NEEDED.get(command, []), "--xyzzy", "1")
    assert errors == f"ecgmon: Unknown option: --xyzzy. See 'ecgmon {command} --help'.\n"


@pytest.mark.parametrize("command", [command for command in OPTIONS if " " not in command])
def test_a_near_miss_of_every_command_is_suggested(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    typed = command[:-1]
    assert f"Did you mean {command}?" in refused(capsys, typed)
    assert f"Did you mean {command}?" in refused(capsys, "help", typed)


@pytest.mark.parametrize("what", ["qrs", "beats", "rhythm", "alarms", "explanations"])
def test_a_near_miss_of_every_scorer_is_suggested(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"Did you mean {what}?" in refused(capsys, "evaluate", what + "s")


FOREIGN = [
    ("qrs", "--provisional"),
    ("qrs", "--without-quality"),
    ("qrs", "--beats=3"),
    ("beats", "--without-quality"),
    ("beats", "--beats=3"),
    ("rhythm", "--provisional"),
    ("rhythm", "--learning-s=3"),
    ("rhythm", "--without-quality"),
    ("rhythm", "--beats=3"),
    ("alarms", "--annotations=a"),
    ("alarms", "--annotator=a"),
    ("alarms", "--learning-s=3"),
    ("alarms", "--provisional"),
    ("alarms", "--beats=3"),
    ("explanations", "--annotations=a"),
    ("explanations", "--annotator=a"),
    ("explanations", "--chunk=3"),
    ("explanations", "--provisional"),
    ("explanations", "--learning-s=3"),
    ("explanations", "--without-quality"),
]


@pytest.mark.parametrize(("what", "option"), FOREIGN, ids=" ".join)
def test_a_scorer_refuses_the_options_of_others(
    what: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = refused(capsys, "evaluate", what, "100", option)
    assert f"Unknown option: {option.split('=', maxsplit=1)[0]}." in errors


NO_EFFECT = [
    ("evaluate qrs 100 --annotations . --model adaptive", "--model is not used together with --annotations"),
    ("evaluate beats 100 --annotations . --provisional", "--provisional is not used together with"),
    ("evaluate rhythm 100 --annotations . --channel 1", "--channel is not used together with --annotations"),
    ("evaluate rhythm 100 --annotations . --chunk 1", "--chunk is not used together with --annotations"),
    ("evaluate qrs 100 --annotator qrs", "--annotator is used together with --annotations only"),
    ("evaluate qrs --split ds1 --database svdb", "--database and --split exclude each other"),
    ("evaluate qrs 100 --database svdb", "--database svdb is not used where records are named"),
    ("replay 200 --json --quiet", "--json and --quiet exclude each other"),
    ("replay 200 --tui --window", "--tui and --window exclude each other"),
    ("replay 200 --window --headless", "--window and --headless exclude each other"),
    ("replay 200 --tui --json", "--json is about the printed log"),
    ("dashboard --quiet", "--quiet is about the printed log"),
    ("run --source 200 --service --tui", "--service does not go with --tui"),
    ("run --source 200 --workers 2 --window", "--workers does not go with the window"),
    ("demo --tui --headless", "--tui and --headless exclude each other"),
    ("simulate --count 3", "--count is used together with --mqtt only"),
    ("simulate --json", "--json is used together with --mqtt only"),
    ("simulate --rate 100", "--rate is used together with --mqtt only"),
    ("simulate --mqtt mqtt://b --device cyton", "--device is not used together with --mqtt"),
    ("simulate --mqtt mqtt://b --link l", "--link is not used together with --mqtt"),
    ("events --store s --config f", "--store and --config exclude each other"),
    ("install-service --print --root /r", "--root is not used together with --print"),
    ("explain 200 --beat 3 --time 4", "--beat and --time exclude each other"),
]


@pytest.mark.parametrize(("words", "reason"), NO_EFFECT, ids=lambda value: value[:50])
def test_what_would_have_no_effect_is_refused(
    words: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reason in refused(capsys, *words.split())


WRONG = [
    ("replay", "'ecgmon replay' needs RECORDS."),
    ("explain --beat 3", "'ecgmon explain' needs RECORD."),
    ("explain 200", "One of --beat and --time is needed."),
    ("bridge --source x", "'ecgmon bridge' needs --broker."),
    ("replay 200 --config", "--config needs a value."),
    ("replay 200 --duration soon", 'Invalid value for --duration: unable to convert "soon" into float.'),
    ("replay 200 --chunk 3.5", "'3.5' is not a whole number."),
    ("replay 200 --json=5", "--json"),
    ("replay 200 --chanel=1", "Unknown option: --chanel. Did you mean --channel?"),
    ("replay 200 --no-json", "Unknown option: --no-json."),
    ("models all", "'ecgmon models' has no use for 'all'."),
    ("acknowledge asystole pause", "'ecgmon acknowledge' has no use for 'pause'."),
    ("explain 200 207 --beat 3", "'ecgmon explain' has no use for '207'."),
    ("evaluate qrs --jobs 0", 'Invalid value "0" for --jobs. Must be >= 1.'),
    ("evaluate qrs --chunk 0", 'Invalid value "0" for --chunk. Must be >= 1.'),
    ("evaluate qrs --learning-s -1", "--learning-s"),
    ("evaluate explanations --beats 0", "--beats"),
    ("evaluate qrs --split ds3", 'Choose from: "ds1", "ds2", "paced".'),
    ("events --format xml", 'Choose from: "table", "csv", "json", "parquet".'),
    ("bridge --source x --broker y --when-full never", 'Choose from: "drop_newest", "drop_oldest".'),
    ("completion csh", 'Choose from: "bash", "zsh", "fish".'),
    ("train nonesuch", f"Known: {', '.join(TRAININGS)}."),
    ("evaluate nonesuch", "Known: qrs, beats, rhythm, alarms, explanations."),
    ("xyzzy", "There is no command 'ecgmon xyzzy'. Known: "),
]


@pytest.mark.parametrize(("words", "reason"), WRONG, ids=lambda value: value[:50])
def test_what_is_wrong_is_said_with_where_to_read_more(
    words: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reason in refused(capsys, *words.split())


def test_a_bare_record_or_port_names_the_command_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Run: ecgmon replay 200" in refused(capsys, "200")
    assert "Run: ecgmon replay ./folder/200.dat" in refused(capsys, "./folder/200.dat")
    assert "Run: ecgmon run --source 'serial:/dev/ttyUSB7?device=KIND'" in refused(capsys, "/dev/ttyUSB7")
    assert "Run: ecgmon run --source 'mqtt://b/t'" in refused(capsys, "mqtt://b/t")


def test_debug_changes_nothing_about_a_mistake_of_the_user(capsys: pytest.CaptureFixture[str]) -> None:
    plain = refused(capsys, "replay", "200", "--chanel", "1")
    assert refused(capsys, "--debug", "replay", "200", "--chanel", "1") == plain


def test_a_mistake_goes_to_standard_error_of_the_process(ecgmon: Ecgmon) -> None:
    done = ecgmon("replay", "200", "--chanel", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "ecgmon: Unknown option: --chanel. Did you mean --channel?\n"


def test_words_behind_a_training_are_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[tuple[str, tuple[str, ...]]] = []

    def train(name: str, words: tuple[str, ...]) -> int:
        told.append((name, words))
        return 3

    monkeypatch.setattr("ecgmon.monitor.cli.commands.train.train", train)
    assert main(["train", "vf", "crossval", "--seed", "4", "--help", "--debug"]) == 3
    assert main(["train", "af"]) == 3
    assert told == [("vf", ("crossval", "--seed", "4", "--help", "--debug")), ("af", ())]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "1e9"])
def test_an_impossible_rate_of_a_crowd_is_refused(rate: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--mqtt", "mqtt://localhost", "--rate", rate]) == 10
    assert "cannot be taken" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
@pytest.mark.parametrize("command", ["--help", "models"])
def test_a_full_disk_is_no_internal_fault(command: str) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "ecgmon", command],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 8
    assert "no space is left" in ended.stderr
    assert "bug" not in ended.stderr


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which ``E`` is the command."""
    return subprocess.run(
        ["bash", "-c", line.replace("E ", f"{sys.executable} -m ecgmon ")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_that_nobody_reads_to_its_end_is_no_fault() -> None:
    done = shell("set -o pipefail; E --help | head -1")
    assert done.returncode == 141, done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_output_is_no_internal_fault() -> None:
    done = shell("E models >&-")
    assert done.returncode == 0, done.stderr


def test_a_name_that_is_no_utf8_is_refused_in_one_line() -> None:
    done = shell("E replay $'./n\\xe9'")
    assert done.returncode == 5, done.stderr
    assert "internal fault" not in done.stderr
