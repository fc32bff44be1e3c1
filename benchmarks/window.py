"""Measures the window: frames a second, processor share, frame time, and sample-to-pixel latency.

Run from the project's folder: ``python -m benchmarks.window`` (offscreen unless QT_QPA_PLATFORM
says otherwise). Records are replayed at their own pace through the whole pipeline.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import itertools

from PyQt6 import QtCore, QtGui, QtWidgets

from ecgmon.monitor.core.ring import RingBuffer
from ecgmon.monitor.dashboard.app import application
from ecgmon.monitor.dashboard.state.feed import Feed
from ecgmon.monitor.dashboard.state.remarks import RemarkBook
from ecgmon.monitor.dashboard.widgets.trace_view import TraceView
from ecgmon.monitor.dashboard.window import MainWindow
from ecgmon.monitor.run.settings import MonitorSettings

WARM_UP_S = 4.0
RECORDS = ("100", "200", "207", "232")


@dataclass
class Watch:
    """Notes every paint of one trace and every tick of the window.

    Parameters
    ----------
    view : TraceView
        The trace watched.
    """

    view: TraceView
    paints: list[tuple[float, int]] = field(default_factory=list)
    ticks: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        paint = self.view.paintEvent

        def timed(event: QtGui.QPaintEvent | None) -> None:
            paint(event)
            self.paints.append((time.monotonic(), self.view.head))

        self.view.paintEvent = timed  # type: ignore[method-assign]


class Arrivals(threading.Thread):
    """Notes when samples became readable in a ring."""

    def __init__(self, ring: RingBuffer) -> None:
        super().__init__(daemon=True)
        self.ring = ring
        self.seen: list[tuple[float, int]] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        """Look every two milliseconds."""
        last = 0
        while not self.stopped.wait(0.002):
            end = min(self.ring.row_end("clean"), self.ring.row_end("raw"))
            if end != last:
                self.seen.append((time.monotonic(), end))
                last = end


def open_window(addresses: list[str], folder: Path) -> tuple[QtWidgets.QApplication, MainWindow]:
    """Return a running window on sources."""
    app = application()
    feed = Feed(MonitorSettings())
    feed.start(addresses)
    store = QtCore.QSettings(str(folder / "bench.ini"), QtCore.QSettings.Format.IniFormat)
    window = MainWindow(feed, store, RemarkBook(folder))
    window.show()
    return app, window


def spin(app: QtWidgets.QApplication, seconds: float) -> None:
    """Run Qt's loop for a while."""
    app.processEvents()
    loop = QtCore.QEventLoop()  # quitting the application itself would close its windows
    QtCore.QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


def wait_for_streams(app: QtWidgets.QApplication, window: MainWindow, count: int) -> None:
    """Run Qt's loop until so many devices stream."""
    until = time.monotonic() + 60
    while len(window.feed.sessions) < count and time.monotonic() < until:
        spin(app, 0.2)


def measure(
    app: QtWidgets.QApplication, window: MainWindow, view: TraceView, seconds: float
) -> dict[str, float]:
    """Return frames a second, shares and times of a window that is being watched."""
    watch = Watch(view)
    tick = window.tick

    def timed() -> None:
        began = time.perf_counter()
        tick()
        watch.ticks.append(time.perf_counter() - began)

    window._timer.timeout.disconnect()
    window._timer.timeout.connect(timed)
    assert window.session is not None
    assert view._session is not None
    arrivals = Arrivals(view._session.stream.ring)
    spin(app, WARM_UP_S)
    watch.paints.clear()
    watch.ticks.clear()
    arrivals.start()
    wall, gui, process = time.monotonic(), time.thread_time(), time.process_time()
    spin(app, seconds)
    wall, gui, process = time.monotonic() - wall, time.thread_time() - gui, time.process_time() - process
    arrivals.stopped.set()
    arrivals.join()
    between = np.diff([when for when, _ in watch.paints]) * 1000
    latencies = sample_latencies(arrivals.seen, watch.paints)
    return {
        "frames_per_s": round(len(watch.paints) / wall, 1),
        "gui_thread_share_of_core_percent": round(100 * gui / wall, 1),
        "process_share_of_core_percent": round(100 * process / wall, 1),
        "tick_p50_ms": round(1000 * float(np.percentile(watch.ticks, 50)), 2),
        "tick_p99_ms": round(1000 * float(np.percentile(watch.ticks, 99)), 2),
        "between_frames_p50_ms": round(float(np.percentile(between, 50)), 1),
        "between_frames_p99_ms": round(float(np.percentile(between, 99)), 1),
        "sample_to_pixel_p50_ms": round(float(np.percentile(latencies, 50)), 1),
        "sample_to_pixel_p99_ms": round(float(np.percentile(latencies, 99)), 1),
    }


def sample_latencies(arrivals: list[tuple[float, int]], paints: list[tuple[float, int]]) -> np.ndarray:
    """Return, for each sample, the milliseconds from its arrival to the paint that showed it."""
    heads = np.array([head for _, head in paints])
    times = np.array([when for when, _ in paints])
    waits: list[float] = []
    for (_, before), (when, end) in itertools.pairwise(arrivals):
        samples = np.arange(before, end)
        shown = np.searchsorted(heads, samples, side="right")
        kept = shown[shown < len(times)]
        waits.extend(1000 * (times[kept] - when))
    return np.array(waits) if waits else np.array([np.nan])


def live(seconds: float, folder: Path, mode: str) -> dict[str, float]:
    """Measure the live page: two leads of ten seconds, shaded and lettered."""
    app, window = open_window(["replay:200"], folder)
    wait_for_streams(app, window, 1)
    window.show_page("live")
    window.live.trace.set_options(mode=mode, seconds=10.0, traces="clean", leads=(0, 1))
    spin(app, 6.0)
    result = measure(app, window, window.live.trace, seconds)
    window.close()
    return result


def tiles(seconds: float, folder: Path, count: int = 16) -> dict[str, float]:
    """Measure sixteen patients."""
    names = [f"replay:{RECORDS[n % 4]}?device=bed{n + 1}&start_s={20 * n}" for n in range(count)]
    app, window = open_window(names, folder)
    wait_for_streams(app, window, count)
    window.show_page("patients")
    spin(app, 3.0)
    result = measure(app, window, window.patients.tiles[0].trace, seconds)
    window.close()
    return result


def setting() -> dict[str, object]:
    """Return what a reader must know of the machine: kind, cores, load of the last minute, Qt's platform."""
    return {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load": round(psutil.getloadavg()[0], 1),
        "qt": f"{QtCore.qVersion()} {os.environ['QT_QPA_PLATFORM']}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each measurement")
    parser.add_argument("--only", choices=("sweep", "scroll", "tiles"), help="one measurement")
    given = parser.parse_args()
    report: dict[str, object] = setting()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.only in (None, "sweep"):
            report["sweep"] = live(given.seconds, folder, "sweep")
        if given.only in (None, "scroll"):
            report["scroll"] = live(given.seconds, folder, "scroll")
        if given.only in (None, "tiles"):
            report["tiles"] = tiles(given.seconds, folder)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
