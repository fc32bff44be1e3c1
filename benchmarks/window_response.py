"""Measures how long an input waits while the window is busy, and how it comes back from the background.

Run from the project's folder: ``python -m benchmarks.window_response`` (offscreen unless
QT_QPA_PLATFORM says otherwise). An input waits as long as the window's event loop does not turn.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PyQt6 import QtCore, QtWidgets

from benchmarks.window import Watch, open_window, setting, spin, wait_for_streams
from ecgmon.monitor.dashboard.state.connecting import serial_ports
from ecgmon.monitor.dashboard.widgets import connect_dialog
from ecgmon.monitor.dashboard.widgets.connect_dialog import ConnectDialog
from ecgmon.monitor.dashboard.window import MainWindow

BEAT_MS = 5
SLOW_PORT_LIST_S = 2.0
BROKEN = ("serial:/dev/no-such-port?device=native", "mqtt://127.0.0.1:1/ecg/+/raw")
"""Sources that can only try again and again."""

Report = dict[str, float]


def waits(app: QtWidgets.QApplication, seconds: float, act: Callable[[], object] | None = None) -> Report:
    """Return how long an input would have waited while the loop ran, in milliseconds.

    Parameters
    ----------
    app : QApplication
        Its loop runs.
    seconds : float
        How long.
    act : callable, optional
        Called once, when the loop has begun.
    """
    turns: list[float] = [time.monotonic()]
    timer = QtCore.QTimer()
    timer.timeout.connect(lambda: turns.append(time.monotonic()))
    timer.start(BEAT_MS)
    if act is not None:
        QtCore.QTimer.singleShot(50, act)
    spin(app, seconds)
    timer.stop()
    delays = 1000 * np.diff(turns) - BEAT_MS
    return {
        "p50_ms": round(float(np.median(delays)), 1),
        "p99_ms": round(float(np.percentile(delays, 99)), 1),
        "longest_ms": round(float(delays.max()), 1),
    }


def running(folder: Path, *addresses: str) -> tuple[QtWidgets.QApplication, MainWindow]:
    """Return a window that has seen a few seconds of record 200."""
    app, window = open_window(["replay:200?speed=10", *addresses], folder)
    wait_for_streams(app, window, 1)
    spin(app, 3.0)
    controls = getattr(window.feed._sources[0], "controls", None)
    assert controls is not None
    controls.speed = 1.0
    return app, window


def explaining(folder: Path, seconds: float) -> Report:
    """Measure while Shapley values are computed."""
    app, window = running(folder)
    assert window.session is not None
    shown = window.session.beats.tail(6)[0]
    window.show_page("review")
    window.review.open_at(shown.time_s)
    spin(app, 0.5)
    found = waits(app, seconds, window.review.reason.ask)
    window.close()
    return found


def reconnecting(folder: Path, seconds: float) -> Report:
    """Measure while two sources try to connect in vain."""
    app, window = running(folder, *BROKEN)
    window.show_page("live")
    found = waits(app, seconds)
    window.close()
    return found


def listing_ports(folder: Path, seconds: float) -> Report:
    """Measure while the list of serial ports is read, slowly and over and over."""
    app, window = running(folder)
    read = serial_ports

    def slowly() -> list[tuple[str, str]]:
        time.sleep(SLOW_PORT_LIST_S)
        return read()

    connect_dialog.serial_ports = slowly  # type: ignore[attr-defined]
    dialog = ConnectDialog(None, {"tab": "1"}, window)
    dialog.show()
    found = waits(app, seconds)
    dialog.reject()
    connect_dialog.serial_ports = read  # type: ignore[attr-defined]
    window.close()
    return found


def changing_source(folder: Path, seconds: float) -> Report:
    """Measure while one source gives way to another."""
    app, window = running(folder)
    found = waits(app, seconds, lambda: window.connect_to(["replay:100"]))
    window.close()
    return found


def turning_pages(folder: Path, seconds: float) -> Report:
    """Measure while somebody goes from page to page."""
    app, window = running(folder)
    pages = iter(["review", "trends", "live"] * 100)
    timer = QtCore.QTimer()
    timer.timeout.connect(lambda: window.show_page(next(pages)))
    timer.start(250)
    found = waits(app, seconds)
    timer.stop()
    window.close()
    return found


def away(folder: Path, signal_s: float, speed: float) -> Report:
    """Hide the window while so much signal passes, and measure how it comes back."""
    app, window = open_window([f"replay:200?speed={speed:g}"], folder)
    wait_for_streams(app, window, 1)
    watch = Watch(window.live.trace)
    spin(app, 2.0)
    window.hide()
    seen = len(watch.paints)
    assert window.session is not None
    left = window.session.history.end
    while window.session.history.end < left + 360 * signal_s:
        spin(app, 0.5)
    hidden = len(watch.paints) - seen
    began, end = time.monotonic(), window.session.history.end
    window.show()
    until = began + 5.0
    while watch.paints[-1][1] < end and time.monotonic() < until:
        app.processEvents()
    when, head = watch.paints[-1]
    result = {
        "signal_while_hidden_s": round((window.session.history.end - left) / 360, 1),
        "frames_painted_while_hidden": hidden,
        "shows_now_after_ms": round(1000 * (when - began), 1),
        "behind_now_ms": round(1000 * (window.session.history.end - head) / 360 / speed, 1),
    }
    window.close()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0, help="length of each measurement")
    parser.add_argument("--away-seconds", type=float, default=300.0, help="signal that passes while hidden")
    parser.add_argument("--away-speed", type=float, default=20.0, help="seconds of it in a second; 1 is real")
    given = parser.parse_args()
    report: dict[str, object] = setting()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for scene in (explaining, reconnecting, listing_ports, changing_source, turning_pages):
            report[scene.__name__] = scene(folder, given.seconds)
        report["away"] = away(folder, given.away_seconds, given.away_speed)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
