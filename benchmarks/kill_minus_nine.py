"""Kills a monitor under load at random moments; looks for announced alarms that are not in the store.

    python benchmarks/kill_minus_nine.py --rounds 200

Every round starts the whole program on records 207, 200 and 232 at ten times the speed of life, with
event store, recorder and state over restarts, and kills it with SIGKILL: one time in five at a random
moment of its start, else at one after its first event. At the end store, recordings and state are opened.
All rounds share one store and one folder, as after power cuts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import psutil

from ecgmon.monitor.headless.patient_memory import PatientMemory
from ecgmon.monitor.recorder.recorder import Recorder
from ecgmon.monitor.recorder.settings import RecorderSettings
from ecgmon.monitor.wfdb.records import read_info

CONFIG = """
sources = ["replay:207?speed=10&start_s=20", "replay:200?speed=10", "replay:232?speed=10"]
[outputs.store]
address = "{folder}/events.db"
[outputs.recorder]
folder = "{folder}/recordings"
flush_s = 1.0
segment_s = 20.0
[service]
socket = "{folder}/ecgmon.sock"
state = "{folder}/state.json"
memory_every_s = 0.2
"""

STARTING_EVERY = 5
"""One round in so many is killed while it starts."""


def run_once(config: Path, moment_s: float, *, starting: bool) -> tuple[list[str], float | None]:
    """Run and kill; return announced alarms and the time from start to first event.

    Parameters
    ----------
    config : Path
        Settings.
    moment_s : float
        When it is killed, in seconds after its first event.
    starting : bool
        In seconds after its start.
    """
    begin = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "ecgmon", "run", "--config", str(config), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None
    timer = threading.Timer(moment_s, process.kill)
    if starting:
        timer.start()
    lines = [process.stdout.readline()]
    started_s = time.monotonic() - begin if lines[0] else None
    if not starting:
        timer.start()
    lines += process.stdout.readlines()
    process.wait()
    timer.cancel()
    alarms = [line for line in lines if line.endswith("}\n") and json.loads(line)["type"] == "alarm"]
    return alarms, started_s


def stored_alarms(path: Path) -> list[dict[str, object]]:
    """Return all alarms of the store, whose integrity is checked."""
    database = sqlite3.connect(path)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    bodies = [json.loads(row[0]) for row in database.execute("SELECT body FROM events WHERE type = 'alarm'")]
    database.close()
    return bodies


def check_recordings(folder: Path) -> int:
    """Complete what was left open, and return the number of whole records."""
    recorder = Recorder(RecorderSettings(folder=folder))
    recorder.open()
    headers = list(folder.glob("*/*/*.hea"))
    for header in headers:
        info, closed = read_info(header)
        size = header.with_suffix(".dat").stat().st_size
        assert closed
        assert size > 0
        assert size % (2 * len(info.leads)) == 0
    return len(headers)


def damaged_state(folder: Path) -> list[str]:
    """Return the files of state that are not whole."""
    learned = PatientMemory(folder / "state.learned", every_s=30, fresh_s=1e6)
    found = folder.glob("state.learned/*.json")
    damaged = [path.name for path in found if learned.load(unquote(path.stem)) is None]
    state = folder / "state.json"
    if state.exists() and not isinstance(json.loads(state.read_text())["devices"], dict):
        damaged.append(state.name)
    return damaged


def main() -> int:
    """Run all rounds and print what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--longest-s", type=float, default=3.0, help="latest moment of the kill")
    arguments = parser.parse_args()
    pick = random.Random(1)
    announced: list[str] = []
    starts: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = folder / "ecgmon.toml"
        config.write_text(CONFIG.format(folder=folder))
        for number in range(arguments.rounds):
            starting = number % STARTING_EVERY == 0
            alarms, started_s = run_once(config, pick.uniform(0.0, arguments.longest_s), starting=starting)
            announced += alarms
            if started_s is not None:
                starts.append(started_s)
        stored = stored_alarms(folder / "events.db")
        damaged = damaged_state(folder)
        records = check_recordings(folder / "recordings")
    known = {json.dumps(body, sort_keys=True) for body in stored}
    missing = [line for line in announced if json.dumps(json.loads(line), sort_keys=True) not in known]
    p50, p99 = np.percentile(starts, [50, 99])
    sys.stdout.write(
        f"kills {arguments.rounds}, alarms announced {len(announced)}, stored {len(stored)}, "
        f"missing {len(missing)}\n"
        f"records that open {records}, files of state that do not {len(damaged)}\n"
        f"start to first event p50 {p50:.1f} s, p99 {p99:.1f} s; load {psutil.getloadavg()[0]:.1f}\n"
    )
    return 1 if missing or damaged else 0


if __name__ == "__main__":
    raise SystemExit(main())
