"""Measures the memory of the window while a stream of many hours runs through it.

Run from the project's folder: ``python -m benchmarks.window_memory --hours 8 --speed 20`` (offscreen
unless QT_QPA_PLATFORM says otherwise). Bundled records are played one after the other as a
single stream whose time never goes back, so that everything that a window keeps is filled.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

import psutil

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PyQt6 import QtCore

from benchmarks.window import spin
from ecgmon.monitor.core.events import SampleBlock
from ecgmon.monitor.dashboard.app import application
from ecgmon.monitor.dashboard.state.feed import Feed
from ecgmon.monitor.dashboard.state.remarks import RemarkBook
from ecgmon.monitor.dashboard.window import MainWindow
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.sim.library import BUNDLED
from ecgmon.sim.record import Record, read_record

RECORDS = ("200", "100", "232", "207")
BLOCK_S = 0.1
NOTE_EVERY_S = 300.0
"""Signal between two notes of the memory in use."""


class EndlessSource:
    """Records one after the other, as one device whose sample index only grows.

    Parameters
    ----------
    speed : float
        Seconds of signal in a second, as far as the machine can follow.
    """

    name = "endless"
    live = False

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._records: list[Record] = [read_record(BUNDLED / "mitdb" / name) for name in RECORDS]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is held."""

    async def __aiter__(self) -> AsyncIterator[SampleBlock]:
        position, began = 0, time.monotonic()
        step = round(BLOCK_S * max(1.0, self._speed / 10) * 360)
        while True:
            for record in self._records:
                for start in range(0, record.n_samples - step, step):
                    samples = record.samples_mv(start, start + step)
                    yield SampleBlock(samples, position, 360.0, self.name, ("one", "two"))
                    position += step
                    wait_s = began + position / (360.0 * self._speed) - time.monotonic()
                    await asyncio.sleep(max(0.0, wait_s))


def growth(notes: list[tuple[float, float]], warm_up_h: float) -> float:
    """Return by how many per cent memory grew from the end of the warm-up to the last note."""
    warm = [mib for hours, mib in notes if hours >= warm_up_h]
    return round(100 * (warm[-1] / warm[0] - 1), 2) if len(warm) > 1 else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=8.0, help="hours of signal")
    parser.add_argument("--speed", type=float, default=20.0, help="seconds of signal in a second")
    parser.add_argument("--warm-up-hours", type=float, default=3.0, help="until all that is kept is full")
    parser.add_argument("--limit-minutes", type=float, default=60.0, help="stop after so much wall clock")
    given = parser.parse_args()
    app = application()
    feed = Feed(MonitorSettings())
    feed.follow([EndlessSource(given.speed)], ["replay:endless"])
    process = psutil.Process()
    notes: list[tuple[float, float]] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        store = QtCore.QSettings(f"{folder}/memory.ini", QtCore.QSettings.Format.IniFormat)
        window = MainWindow(feed, store, RemarkBook(Path(folder)))
        window.show()
        while time.monotonic() - began < 60 * given.limit_minutes:
            spin(app, 1.0)
            hours = window.session.now_s / 3600 if window.session is not None else 0.0
            if hours * 3600 >= NOTE_EVERY_S * len(notes):
                notes.append((round(hours, 3), round(process.memory_info().rss / 2**20, 1)))
                print(f"{hours:6.2f} h   {notes[-1][1]:7.1f} MiB", flush=True)
                window.show_page(("live", "live", "trends", "review")[len(notes) % 4])
            if hours >= given.hours:
                break
        assert window.session is not None
        report = {
            "signal_hours": round(window.session.now_s / 3600, 2),
            "wall_minutes": round((time.monotonic() - began) / 60, 1),
            "speed_reached": round(window.session.now_s / (time.monotonic() - began), 1),
            "warm_up_hours": given.warm_up_hours,
            "rss_after_warm_up_mib": next((m for h, m in notes if h >= given.warm_up_hours), None),
            "rss_at_end_mib": notes[-1][1],
            "growth_percent": growth(notes, given.warm_up_hours),
            "beats_kept": len(window.session.beats),
            "rows_kept": len(window.session.timeline),
        }
        window.close()
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
