"""Measures a start, restarts after a kill, and what the headless service costs.

    python benchmarks/service_start.py --rounds 10 --seconds 60

A virtual device on a port is at work all the time, as after a power cut. Each round starts the whole service
(event store, recorder, state over restarts) and waits for its first event and its first beat; then it is
killed. The last round runs on, and its memory and share of a core are read.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

CONFIG = """
sources = ["serial:{folder}/device?device=native"]
[outputs]
console = "quiet"
[outputs.store]
address = "{folder}/events.db"
[outputs.recorder]
folder = "{folder}/recordings"
[service]
socket = "{folder}/ecgmon.sock"
state = "{folder}/state.json"
memory_every_s = 1.0
"""


def start(config: Path) -> tuple[subprocess.Popen[str], dict[str, float]]:
    """Start the service; return it and the seconds to its first event and beat, and processor time."""
    begin = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "ecgmon", "run", "--config", str(config), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None
    figures: dict[str, float] = {}
    for line in process.stdout:
        if not figures:
            figures["first_event_s"] = time.monotonic() - begin
            times = psutil.Process(process.pid).cpu_times()
            figures["processor_s"] = times.user + times.system
        if json.loads(line)["type"] == "beat":
            figures["first_beat_s"] = time.monotonic() - begin
            break
    return process, figures


def cost(process: subprocess.Popen[str], seconds: float) -> dict[str, float]:
    """Return memory and share of a core over a time, its output being read."""
    watched = psutil.Process(process.pid)
    begin, before = time.monotonic(), watched.cpu_times()
    assert process.stdout is not None
    while time.monotonic() - begin < seconds:
        process.stdout.readline()
    after = watched.cpu_times()
    used = after.user + after.system - before.user - before.system
    return {
        "rss_mb": round(watched.memory_info().rss / 1e6, 1),
        "core_percent": round(100 * used / (time.monotonic() - begin), 2),
    }


def main() -> int:
    """Print what was measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    rows: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = folder / "ecgmon.toml"
        config.write_text(CONFIG.format(folder=folder))
        command = [sys.executable, "-m", "ecgmon", "simulate", "--device", "native", "--record", "200"]
        device = subprocess.Popen(
            [*command, "--repeat", "--link", str(folder / "device")], stdout=subprocess.DEVNULL
        )
        try:
            while not (folder / "device").exists():
                time.sleep(0.1)
            for number in range(arguments.rounds):
                process, figures = start(config)
                rows.append(figures)
                time.sleep(2.0)
                if number < arguments.rounds - 1:
                    process.kill()
                    process.wait()
            costs = cost(process, arguments.seconds)
            process.terminate()
            process.wait()
        finally:
            device.kill()
            device.wait()
    for key in rows[0]:
        values = [row[key] for row in rows]
        sys.stdout.write(f"{key:14} median {np.median(values):.2f}, longest {max(values):.2f}\n")
    sys.stdout.write(f"{json.dumps(costs)}; load {psutil.getloadavg()[0]:.1f}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
