"""Plays a day of signal through the whole service in minutes: memory must be flat, files bounded.

    python benchmarks/day.py --hours 24

Records 100, 200, 207 and 232 follow each other for the time asked for, as fast as the machine can, through
pipeline, alarms, event store, recorder with strips, and state over restarts. The program's clocks run with
the signal, so that retention, flushing and rotation happen as often as in a real day.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Self

SIGNAL_S = [1_800_000_000.0]
"""The clock of this program; it is set before anything else asks for the time."""

ELAPSED_S = time.perf_counter
time.time = time.monotonic = lambda: SIGNAL_S[0]

from ecgmon.monitor.core.events import Event, SampleBlock  # noqa: E402 - behind the clock
from ecgmon.monitor.core.platform import memory_mb  # noqa: E402
from ecgmon.monitor.headless.attendant import attended  # noqa: E402
from ecgmon.monitor.outputs.build import build_outputs  # noqa: E402
from ecgmon.monitor.outputs.settings import DeliverySettings  # noqa: E402
from ecgmon.monitor.recorder.disk import MEGABYTE  # noqa: E402
from ecgmon.monitor.recorder.settings import RecorderSettings  # noqa: E402
from ecgmon.monitor.run.monitor import Monitor  # noqa: E402
from ecgmon.monitor.run.service_settings import ServiceSettings  # noqa: E402
from ecgmon.monitor.run.settings import MonitorSettings  # noqa: E402
from ecgmon.monitor.store.settings import StoreSettings  # noqa: E402
from ecgmon.sim.library import find_record  # noqa: E402
from ecgmon.sim.record import read_record  # noqa: E402

FS_HZ = 360.0
RECORDS = ("100", "200", "207", "232")
BLOCK = 360
HOUR_S = 3600.0
RECORDED_MB, STRIPS_MB, STORED_MB = 20.0, 10.0, 1.0


def size_of(folder: Path, pattern: str) -> int:
    """Return the bytes of the files that a pattern finds, some of which may vanish meanwhile."""
    total = 0
    for path in folder.glob(pattern):
        with contextlib.suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


class Day:
    """A source of records one after the other."""

    name = "day"
    live = True

    def __init__(self, hours: float, store: Path) -> None:
        self._records = [read_record(find_record(name, None)) for name in RECORDS]
        self._blocks = round(hours * HOUR_S * FS_HZ / BLOCK)
        self._store = store
        self.hours: list[dict[str, float]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return

    async def __aiter__(self) -> AsyncIterator[SampleBlock]:
        parts = itertools.cycle(
            (record, at) for record in self._records for at in range(0, record.n_samples - BLOCK, BLOCK)
        )
        for number, (record, at) in zip(range(self._blocks), parts, strict=False):
            SIGNAL_S[0] += BLOCK / FS_HZ
            yield SampleBlock(record.samples_mv(at, at + BLOCK, (0,)), number * BLOCK, FS_HZ, "day")
            if number % 5 == 0:
                await asyncio.sleep(0)  # the clock stands meanwhile: what is due is done
            if (number + 1) % round(HOUR_S * FS_HZ / BLOCK) == 0:
                self.hours.append(self._figures())

    def _figures(self) -> dict[str, float]:
        recorded = size_of(self._store, "recordings/*/signal/*")
        strips = size_of(self._store, "recordings/*/alarms/*")
        stored = size_of(self._store, "events.db*")
        return {
            "hour": len(self.hours) + 1,
            "rss_mb": memory_mb() or 0.0,
            "signal_mb": round(recorded / MEGABYTE, 1),
            "strips_mb": round(strips / MEGABYTE, 1),
            "events_mb": round(stored / MEGABYTE, 2),
        }


class Count:
    """Counts events."""

    def __init__(self) -> None:
        self.events = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def write(self, events: Sequence[Event]) -> None:
        """Count."""
        self.events += len(events)


async def live(hours: float, folder: Path) -> tuple[Day, Monitor, int]:
    """Run the service for so many hours of signal."""
    day, count = Day(hours, folder), Count()
    keep = DeliverySettings(
        store=StoreSettings(address=str(folder / "events.db"), keep_mb=STORED_MB),
        recorder=RecorderSettings(
            folder=folder / "recordings", keep_mb=RECORDED_MB, keep_strips_mb=STRIPS_MB, free_mb=0
        ),
    )
    service = ServiceSettings(socket=folder / "s.sock", state=folder / "state.json")
    monitor = Monitor(MonitorSettings(), [day], [*build_outputs(keep), count], shown=False)
    async with attended(monitor, service):
        await monitor.run()
    return day, monitor, count.events


def main() -> int:
    """Print a line of JSON for each hour, and the verdict."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=float, default=24.0)
    hours = parser.parse_args().hours
    begin = ELAPSED_S()
    with tempfile.TemporaryDirectory() as name:
        day, monitor, events = asyncio.run(live(hours, Path(name)))
    took_s = ELAPSED_S() - begin
    for row in day.hours:
        sys.stdout.write(json.dumps(row) + "\n")
    rss = [row["rss_mb"] for row in day.hours]
    verdict = {
        "hours": hours,
        "times_real_time": round(hours * HOUR_S / took_s),
        "events": events,
        "alarms": dict(monitor.summary.alarms),
        "rss_growth_mb": round(rss[-1] - rss[min(1, len(rss) - 1)], 1),
        "signal_mb_most": max(row["signal_mb"] for row in day.hours),
        "strips_mb_most": max(row["strips_mb"] for row in day.hours),
        "events_mb_most": max(row["events_mb"] for row in day.hours),
    }
    sys.stdout.write(json.dumps(verdict) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
