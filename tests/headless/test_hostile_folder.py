"""A ward works in any folder, also in one whose files bear the names of our modules."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ecgmon.monitor.core.errors import EcgmonError
from ecgmon.monitor.headless.control import ask
from ecgmon.monitor.headless.ward import PYTHON

TRAP = "import os\nopen(os.environ['TRAP'], 'a').write(__file__ + '\\n')\nraise SystemExit('caught')\n"
NAMES = (
    "monitor.py", "events.py", "ecgmon.py", "numpy.py", "asyncio.py", "sim/__init__.py", "models/__init__.py",
    "tests/__init__.py", "firmware_bridge/__init__.py", "configs/__init__.py", "pydantic/__init__.py",
)  # fmt: skip


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    folder = tmp_path / "hostile"
    for name in NAMES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TRAP)
    return folder


def test_the_traps_would_catch(hostile, tmp_path):
    environment = {**os.environ, "TRAP": str(tmp_path / "trap")}
    command = [sys.executable, "-m", "ecgmon", "--help"]
    done = subprocess.run(command, cwd=hostile, env=environment, capture_output=True, check=False)
    assert done.returncode != 0
    assert str(hostile) in (tmp_path / "trap").read_text()


def test_workers_import_nothing_from_the_folder_they_are_in():
    assert "-P" in PYTHON


def test_a_ward_of_two_workers_runs_in_a_hostile_folder(hostile, tmp_path):
    socket = tmp_path / "ward.sock"
    config = tmp_path / "ward.toml"
    config.write_text(
        f'sources = ["replay:100", "replay:200"]\n[replay]\nspeed = 1.0\n[outputs]\nconsole = "quiet"\n'
        f'[outputs.store]\naddress = "{tmp_path}/events.db"\n'
        f'[service]\nworkers = 2\nsocket = "{socket}"\nstate = "{tmp_path}/state.json"\n'
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TRAP": str(tmp_path / "trap")}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "ecgmon", "run", "--config", str(config)],
        cwd=hostile,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        report = wait_for_beats(socket, process)
        assert sorted(report["devices"]) == ["100", "200"]
        assert len(report["workers"]) == 2
        assert report["problems"] == {}
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0, errors
    assert "caught" not in errors
    assert not (tmp_path / "trap").exists()


def wait_for_beats(socket: Path, process: subprocess.Popen[str]) -> dict:
    end = time.monotonic() + 90
    while time.monotonic() < end and process.poll() is None:
        try:
            report = ask(socket, {"do": "status"})
        except EcgmonError:
            report = {"devices": {}}
        if len(report["devices"]) == 2 and all(device["beats"] for device in report["devices"].values()):
            return report
        time.sleep(0.2)
    raise AssertionError("no beats came")
