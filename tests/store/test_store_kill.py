"""A kill at any moment loses no alarm that was announced."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

PROGRAM = """
import sys
from ecgmon.monitor.core.events import Alarm
from ecgmon.monitor.outputs.store import StoreOutput
from ecgmon.monitor.store.settings import StoreSettings

with StoreOutput(StoreSettings(address=sys.argv[1])) as store:
    number = int(sys.argv[2])
    while True:
        store.write([Alarm(sample=number, time_s=0.0, known_at=number, kind="asystole",
                           priority="high", state="active", message="x")])
        print(number, flush=True)
        number += 1
"""


def test_no_announced_alarm_is_missing_after_a_kill(tmp_path: Path):
    path = tmp_path / "events.db"
    announced: list[int] = []
    pick = random.Random(7)
    for round_number in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(path), str(round_number * 100_000)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        announced.append(int(process.stdout.readline()))
        time.sleep(pick.uniform(0.0, 0.3))
        process.send_signal(signal.SIGKILL)
        announced += [int(line) for line in process.stdout.read().split("\n")[:-1]]
        process.stdout.close()
        process.wait()
    database = sqlite3.connect(path)
    stored = {row[0] for row in database.execute("SELECT sample FROM events")}
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
    assert set(announced) <= stored
    assert len(announced) > 40
