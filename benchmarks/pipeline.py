"""Speed, memory and latency of the whole pipeline: ``python -m benchmarks.pipeline``, or ``make bench``.

All times are CPU time of one process, so that other load on the machine matters little.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.events import Beat, SampleBlock
from ecgmon.monitor.pipeline.pipeline import Pipeline
from ecgmon.sim.library import find_record
from ecgmon.sim.record import read_record

SECOND, LIVE = 1.0, 0.1
"""Lengths of a block in seconds: replay, and a device that sends ten times a second."""
POLL_S = 0.02


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("record", nargs="?", default="200", help="record to run over (200)")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--repeat", type=int, default=3, help="the best of so many runs counts (3)")
    arguments = parser.parse_args()
    record = read_record(find_record(arguments.record, arguments.data_dir))
    lead = record.samples_mv(0, record.n_samples, (0,))
    seconds, beats = min(
        (timed(lead, record.fs_hz, SECOND) for _ in range(arguments.repeat)), key=lambda run: run[0]
    )
    live_s, _ = min(
        (timed(lead, record.fs_hz, LIVE) for _ in range(arguments.repeat)), key=lambda run: run[0]
    )
    lines = [
        f"record {record.name}, {record.duration_s / 60:.1f} min, {len(beats)} beats; "
        f"Python {platform.python_version()}, {platform.machine()}",
        f"blocks of 1 s:    {record.duration_s / seconds:7.0f} x real time",
        f"blocks of 0.1 s:  {100 * live_s / record.duration_s:7.2f} % of a core",
        *latency(beats, record.fs_hz),
        *headless(arguments.record, arguments.data_dir),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def timed(lead: NDArray[np.float64], fs_hz: float, block_s: float) -> tuple[float, list[Beat]]:
    """Run the pipeline over a lead, shape (1, n_samples); return CPU seconds and beats."""
    pipeline = Pipeline(fs_hz=fs_hz)
    step = round(block_s * fs_hz)
    beats: list[Beat] = []
    begun = time.process_time()
    for start in range(0, lead.shape[1], step):
        events = pipeline.process(SampleBlock(lead[:, start : start + step], start, fs_hz))
        beats += [event for event in events if isinstance(event, Beat)]
    return time.process_time() - begun, beats


def latency(beats: list[Beat], fs_hz: float) -> list[str]:
    """Return lines on how long after the R wave it, and its class, were known."""
    known = {
        "R wave known": [(beat.r_known_at - beat.sample) / fs_hz for beat in beats],
        "class known": [(beat.known_at - beat.sample) / fs_hz for beat in beats],
    }
    return [
        f"{name + ':':<17} {p50:7.0f} ms after it (p99 {p99:.0f} ms)"
        for name, lags in known.items()
        for p50, p99 in [1e3 * np.percentile(lags, [50, 99])]
    ]


def headless(name: str, data_dir: Path | None) -> list[str]:
    """Return lines on a headless replay in a process of its own: peak memory and time."""
    command = [sys.executable, "-m", "ecgmon", "replay", name, "--speed", "max", "--headless", "--quiet"]
    command += ["--data-dir", str(data_dir)] if data_dir else []
    begun = time.monotonic()
    peak_kb = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak_kb = max(peak_kb, _high_water_kb(process.pid))
            time.sleep(POLL_S)
    if process.returncode:
        sys.exit(f"the replay failed with exit code {process.returncode}")
    spent = time.monotonic() - begun
    return [
        f"headless replay:  {peak_kb / 1024:7.0f} MB at most",
        f"                  {spent:7.1f} s by the clock, from start to end",
    ]


def _high_water_kb(pid: int) -> int:
    """Return the most memory a process has held so far; 0 if it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)


if __name__ == "__main__":
    main()
