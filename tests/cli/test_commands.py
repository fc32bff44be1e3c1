"""The command line does what the contracts say, and fails in one line with the right exit code."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import wfdb
from as_a_user import Ecgmon, environment

from ecgmon.monitor.cli import main
from ecgmon.monitor.cli.commands.demo import demo_settings
from ecgmon.monitor.cli.headless import run_until_stopped
from ecgmon.monitor.core.errors import (
    INTERNAL_FAULT_EXIT_CODE,
    EcgmonError,
    MissingExtraError,
    ModelError,
    OutputError,
    RecordError,
    SettingsError,
    UsageError,
)
from ecgmon.monitor.core.extras import install_command
from ecgmon.monitor.ingest.registry import open_sources
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.sim.library import BUNDLED


def test_a_replay_writes_annotations_events_and_a_summary(ecgmon: Ecgmon, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = ecgmon(
        *("replay", "200", "--data-dir", BUNDLED, "--speed", "max", "--headless", "--duration", "120"),
        *("--annotations", out, "--events", out / "200.jsonl", "--channel", "0", "--chunk", "360"),
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = wfdb.rdann(str(out / "200"), "ecgmon")
    reference = wfdb.rdann(str(BUNDLED / "mitdb" / "200"), "atr", sampto=120 * 360)
    beats = found.sample[[symbol != "+" for symbol in found.symbol]]
    truth = reference.sample[[symbol not in "+~|" for symbol in reference.symbol]]
    inner = truth[(truth > 3 * 360) & (truth < 117 * 360)]
    missed = [sample for sample in inner if np.abs(beats - sample).min() > 54]
    assert len(missed) <= 1
    events = [json.loads(line) for line in (out / "200.jsonl").read_text().splitlines()]
    assert {"beat", "heart_rate", "quality"} <= {event["type"] for event in events}
    assert all(event["known_at"] >= event["sample"] for event in events)
    assert sum(event["type"] == "beat" for event in events) == len(beats)
    for word in ("signal      120.0 s", "times real time", "beats", "V ", "/min on average", "alarms", "p99"):
        assert word in done.stdout


def test_json_lines_go_to_standard_output_and_the_summary_to_standard_error(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    assert main(["replay", "100", "--speed", "max", "--duration", "20", "--json"]) == 0
    out, errors = capfdbinary.readouterr()
    assert {json.loads(line)["device"] for line in out.splitlines()} == {"100"}
    assert b"beats" in errors


def test_several_sources_run_side_by_side(tmp_path: Path) -> None:
    sources = ["--source", "replay:100?speed=max", "--source", "replay:207?speed=max&device=bed2"]
    assert main(["run", *sources, "--duration", "20", "--events", str(tmp_path / "e.jsonl")]) == 0
    lines = (tmp_path / "e.jsonl").read_text().splitlines()
    assert {json.loads(line)["device"] for line in lines} == {"100", "bed2"}


def test_quiet_leaves_the_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "100", "--speed", "max", "--duration", "20", "--quiet"]) == 0
    assert capsys.readouterr().out.startswith("\nsignal")


def test_ctrl_c_ends_cleanly_with_a_summary(tmp_path: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "ecgmon", "replay", "100", "--speed", "2", "--annotations", str(tmp_path)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    for line in running.stdout:
        if " beat " in line:
            break
    running.send_signal(signal.SIGINT)
    out, errors = running.communicate(timeout=20)
    assert (running.returncode, errors) == (0, "")
    assert "times real time" in out
    assert [path.name for path in tmp_path.iterdir()] == ["100.ecgmon"]


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "ecgmon", "replay", "100", "--speed", "max"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdout is not None
    running.stdout.readline()
    running.stdout.close()
    assert running.stderr is not None
    assert running.stderr.read() == b""
    running.stderr.close()
    assert running.wait(20) == 141


def test_a_reader_that_left_before_the_answer_is_no_error() -> None:
    listing = subprocess.Popen(
        [sys.executable, "-m", "ecgmon", "models"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert listing.stdout is not None
    assert listing.stderr is not None
    listing.stdout.close()
    assert listing.stderr.read() == b""
    listing.stderr.close()
    assert listing.wait(20) == 141


def damage(folder: Path) -> None:
    """Put a record with a truncated signal into a folder."""
    folder.mkdir()
    for suffix in ("hea", "dat", "atr"):
        shutil.copy(BUNDLED / "mitdb" / f"100.{suffix}", folder)
    (folder / "100.dat").write_bytes(b"short")


FAST = ("--speed", "max", "--duration", "5")

BAD_INPUT: list[tuple[tuple[str, ...], type[EcgmonError], str]] = [
    (("run",), UsageError, "No source is named"),
    (("run", "--source", "ftp:x"), UsageError, "no source of kind 'ftp'"),
    (("run", "--source", "replay:100", "--source", "replay:100"), UsageError, "both named '100'"),
    (("run", "--config", "bad.toml"), SettingsError, "Did you mean speed?"),
    (("replay", "100", "--speed", "fast"), SettingsError, "replay.speed"),
    (("replay", "999", "--data-dir", "empty"), RecordError, "mitdb/999 is not in empty"),
    (("replay", "100", "--data-dir", "damaged"), RecordError, "truncated"),
    (("replay", "100", "--channel", "7"), RecordError, "no channel 7"),
    (("replay", "100", *FAST, "--model", "foreign.onnx"), ModelError, "foreign.onnx"),
    (("replay", "100", *FAST, "--model", "nonesuch"), ModelError, "nonesuch"),
    (("replay", "100", *FAST, "--events", "/dev/full"), OutputError, "No space left"),
]


@pytest.mark.parametrize(("arguments", "kind", "words"), BAD_INPUT, ids=lambda value: str(value)[:40])
def test_bad_input_is_one_line_and_an_exit_code_of_its_own(
    arguments: tuple[str, ...],
    kind: type[EcgmonError],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.toml").write_text("[replay]\nsped = 1\n")
    (tmp_path / "foreign.onnx").write_bytes(b"not a model")
    (tmp_path / "empty").mkdir()
    damage(tmp_path / "damaged")
    assert main(arguments) == kind.exit_code
    errors = capsys.readouterr().err
    assert words in errors
    assert errors.startswith("ecgmon: ")
    assert errors.count("\n") == 1


def test_every_kind_of_failure_has_an_exit_code_of_its_own() -> None:
    codes = [
        kind.exit_code
        for kind in EcgmonError.__subclasses__()
        if kind.__module__ == "ecgmon.monitor.core.errors"
    ]
    assert len(codes) == len(set(codes))
    assert not {0, 1} & set(codes)


def test_without_wfdb_the_extra_is_named(ecgmon: Ecgmon, tmp_path: Path) -> None:
    (tmp_path / "wfdb.py").write_text("raise ModuleNotFoundError('no wfdb')\n")
    (tmp_path / "x.dat").write_bytes(bytes(100))
    (tmp_path / "x.hea").write_text("x 1 250 50\nx.dat 516 200\n")
    done = ecgmon("replay", str(tmp_path / "x"), PYTHONPATH=str(tmp_path))
    assert done.returncode == MissingExtraError.exit_code
    assert "Reading signals of format 516 needs the package wfdb" in done.stderr
    assert "[sim]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_qt_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ecgmon.monitor.dashboard.app", None)
    assert main(["dashboard"]) == MissingExtraError.exit_code
    assert install_command("gui") in capsys.readouterr().err


def test_a_bug_is_called_one_and_shows_its_traceback_on_demand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("ecgmon.monitor.inference.registry.list_models", broken)
    assert main(["models"]) == INTERNAL_FAULT_EXIT_CODE
    assert capsys.readouterr().err.startswith("ecgmon: internal fault: ZeroDivisionError: oh.")
    assert main(["--debug", "models"]) == INTERNAL_FAULT_EXIT_CODE
    assert "Traceback" in capsys.readouterr().err


def test_nothing_heavy_is_imported_by_a_headless_run(tmp_path: Path) -> None:
    program = (
        "import sys; from ecgmon.monitor.cli import main; "
        "code = main(['replay', '100', '--speed', 'max', '--duration', '10', '--quiet']); "
        "heavy = {'PyQt6', 'PySide6', 'pyqtgraph', 'torch', 'pandas', 'wfdb', 'matplotlib', 'rich'}; "
        "sys.exit(code or ' '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("words", [(), ("run",), ("replay",), ("dashboard",)], ids=" ".join)
def test_help_teaches_by_example(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--help"]) == 0
    assert "examples:" in capsys.readouterr().out


def test_models_are_listed_with_the_default_marked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    assert "* adaptive" in capsys.readouterr().out


def test_the_demo_prints_a_log_where_nothing_can_be_drawn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ecgmon.monitor.cli.commands.demo.window_possible", lambda: False)
    assert main(["demo", "--speed", "max", "--duration", "20"]) == 0
    out = capsys.readouterr().out
    assert "ventricular premature" in out
    assert "ALARM  Ventricular" in out


def test_a_broken_qt_sends_the_demo_to_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ecgmon.monitor.cli.commands.demo.window_possible", lambda: True)
    monkeypatch.setitem(sys.modules, "ecgmon.monitor.dashboard.app", None)
    assert main(["demo", "--speed", "max", "--duration", "5"]) == 0
    out, errors = capsys.readouterr()
    assert "beat" in out
    assert "The window cannot be opened" in errors


async def test_a_long_replay_shows_how_far_it_is_and_leaves_no_line_behind(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ecgmon.monitor.cli.headless.PROGRESS_PERIOD_S", 0.01)
    settings = demo_settings("max", 60)
    monitor = Monitor(settings, open_sources(settings.sources, settings), duration_s=60)
    await run_until_stopped(monitor, progress=True)
    shown = capsys.readouterr().err.split("\r")
    shares = [float(line.split(" %")[0]) for line in shown if " %" in line]
    assert len(shares) >= 2
    assert shares == sorted(shares)
    assert "of 0:30:05.6" in "".join(shown)
    assert shown[-1] == "\x1b[K"


@pytest.mark.parametrize(
    ("words", "package", "extra"),
    [
        (("explain", "200", "--beat", "3"), "scipy", "explain"),
        (("explain", "200", "--beat", "3"), "shap", "explain"),
        (("evaluate", "explanations", "200"), "onnx", "explain"),
        (("train", "vf"), "torch", "train"),
        (("simulate", "--duration", "1"), "scipy", "sim"),
    ],
)
def test_a_command_without_a_package_that_it_needs_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    package: str,
    extra: str,
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    assert main(words) == MissingExtraError.exit_code
    told = capsys.readouterr().err
    assert f"needs the package {package}, which is not installed" in told
    assert install_command(extra) in told
