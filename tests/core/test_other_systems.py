"""On Windows and macOS all but the service works, and what does not says so in one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).with_name("other_system.py")
SYSTEMS = {"win32": "Windows", "darwin": "macOS"}
COMMAND = "import sys; from ecgmon.monitor.cli import main; sys.exit(main({words!r}))"
WINDOW = """
import tempfile
from pathlib import Path
from PyQt6 import QtCore
from ecgmon.monitor.dashboard.app import application
from ecgmon.monitor.dashboard.state.feed import Feed
from ecgmon.monitor.dashboard.state.remarks import RemarkBook
from ecgmon.monitor.dashboard.window import MainWindow
from ecgmon.monitor.run.settings import MonitorSettings
import time

app = application()
feed = Feed(MonitorSettings())
feed.start(["replay:100?speed=20"])
with tempfile.TemporaryDirectory() as folder:
    store = QtCore.QSettings(folder + "/w.ini", QtCore.QSettings.Format.IniFormat)
    window = MainWindow(feed, store, RemarkBook(Path(folder)))
    window.show()
    end = time.monotonic() + 60
    while time.monotonic() < end and (window.session is None or len(window.session.beats) < 3):
        app.processEvents()
        time.sleep(0.01)
    print(window.session.device, len(window.session.beats) >= 3, window.pages.chosen)
    window.close()
"""


def on(system: str, code: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1", **more}
    return subprocess.run(
        [sys.executable, str(HERE), system, code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def command(system: str, *words: str) -> subprocess.CompletedProcess[str]:
    return on(system, COMMAND.format(words=list(words)))


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_record_is_replayed_without_linux(system, tmp_path):
    events = tmp_path / "events.jsonl"
    words = ["replay", "100", "--speed", "max", "--headless", "--quiet", "--duration", "20"]
    done = command(system, *words, "--events", str(events), "--annotations", str(tmp_path))
    assert done.returncode == 0, done.stderr
    kinds = [json.loads(line)["type"] for line in events.read_text().splitlines()]
    assert kinds.count("beat") > 15
    assert (tmp_path / "100.ecgmon").stat().st_size > 30


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_window_shows_beats_without_linux(system):
    done = on(system, WINDOW)
    assert done.stdout.split() == ["100", "True", "live"], done.stderr


def test_the_help_is_printed_without_linux():
    done = command("win32", "--help")
    assert "replay" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["status", "--socket", "nowhere.sock"], "the local socket of the service"),
        (["simulate", "--device", "native", "--record", "100"], "a virtual device on a pseudo-terminal"),
    ],
)
def test_what_windows_has_not_is_one_clear_line(words, what):
    done = command("win32", *words)
    assert done.returncode == 11, done.stderr
    assert f"This needs Linux or macOS: {what}. This system is Windows." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_service_of_systemd_needs_linux(system, tmp_path):
    done = command(system, "install-service", "--root", str(tmp_path))
    assert done.returncode == 11, done.stderr
    assert f"This needs Linux: a service of systemd. This system is {SYSTEMS[system]}." in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_several_workers_need_linux_and_one_is_offered_instead(system, tmp_path):
    sources = ["--source", "replay:100", "--source", "replay:200"]
    done = command(system, "run", *sources, "--service", "--workers", "2")
    assert done.returncode == 11, done.stderr
    assert "one process does it all" in done.stderr


def test_ports_and_brokers_are_opened_without_linux():
    code = """
from ecgmon.monitor.ingest.registry import open_source
from ecgmon.monitor.run.settings import MonitorSettings
for address in ("serial:COM3?device=cyton", "mqtt://localhost:1883/ecg/+/raw"):
    print(open_source(address, MonitorSettings()).name)
from ecgmon.monitor.core.platform import run_async
import asyncio
async def loop_kind():
    return type(asyncio.get_running_loop()).__name__
print("Selector" in run_async(loop_kind()))
"""
    done = on("win32", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "True"
    assert "COM3" in done.stdout


def test_a_private_file_is_written_where_modes_mean_nothing(tmp_path):
    code = f"""
from pathlib import Path
from ecgmon.monitor.core.files import replace_file
replace_file(Path({str(tmp_path / "state.json")!r}), b"whole", durable=True, mode=0o600)
"""
    done = on("win32", code)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "state.json").read_bytes() == b"whole"
