"""Kills a monitor under load at random moments; looks for announced alarms that are not in the store.

    python benchmarks/kill_minus_nine.py --rounds 200

Every round starts the whole program on record 207 at ten times the speed of life, with event store and
recorder, kills it with SIGKILL at a random moment, and then opens store and recordings. All rounds share
one store and one folder, as after power cuts.
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

import numpy as np

from monitor.recorder.recorder import Recorder
from monitor.recorder.settings import RecorderSettings
from monitor.recorder.wfdb import read_info

CONFIG = """
sources = ["replay:207?speed=10&start_s=20"]
[outputs.store]
address = "{folder}/events.db"
[outputs.recorder]
folder = "{folder}/recordings"
flush_s = 1.0
segment_s = 20.0
[service]
socket = "{folder}/ecgmon.sock"
state = "{folder}/state.json"
"""


def run_once(config: Path, moment_s: float) -> tuple[list[str], float]:
    """Run until the first event and then for ``moment_s``; return announced alarms and the start time."""
    begin = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", "run", "--config", str(config), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None
    lines = [process.stdout.readline()]
    started_s = time.monotonic() - begin
    timer = threading.Timer(moment_s, process.kill)
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
        for _ in range(arguments.rounds):
            alarms, started_s = run_once(config, pick.uniform(0.0, arguments.longest_s))
            announced += alarms
            starts.append(started_s)
        stored = stored_alarms(folder / "events.db")
        records = check_recordings(folder / "recordings")
    known = {json.dumps(body, sort_keys=True) for body in stored}
    missing = [line for line in announced if json.dumps(json.loads(line), sort_keys=True) not in known]
    p50, p99 = np.percentile(starts, [50, 99])
    sys.stdout.write(
        f"kills {arguments.rounds}, alarms announced {len(announced)}, stored {len(stored)}, "
        f"missing {len(missing)}\n"
        f"records that open {records}; start to first event p50 {p50:.1f} s, p99 {p99:.1f} s\n"
    )
    return 1 if missing else 0


if __name__ == "__main__":
    raise SystemExit(main())
