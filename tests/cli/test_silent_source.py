"""Two seconds after the last sample of a live device no figure of it is shown as if it were present."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from ecgmon.monitor.cli.commands.status import _lines
from ecgmon.monitor.cli.terminal import TerminalView
from ecgmon.monitor.core.events import SampleBlock
from ecgmon.monitor.dashboard.state.numbers import UNKNOWN
from ecgmon.monitor.dashboard.state.session import StreamSession
from ecgmon.monitor.headless.report import Reporter
from ecgmon.monitor.run.hearing import Hearing
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.sim.synthetic import Episode, synthesise

FS = 360.0


class Bed:
    """A device that gave forty seconds of signal, and a wall clock that can be moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, live: bool) -> None:
        self.now_s = 100.0
        clock = SimpleNamespace(monotonic=lambda: self.now_s)
        monkeypatch.setattr("ecgmon.monitor.run.hearing.time", clock)
        self.live = live
        self.monitor = Monitor(MonitorSettings(), [])
        self.ecg_mv = np.atleast_2d(synthesise([Episode(seconds=45)]).samples_mv)
        self.send(0, 40)
        self.stream = self.monitor.streams["bed"]
        self.session = StreamSession(self.stream)
        self.terminal = TerminalView(self.stream)
        self.reporter = Reporter(self.monitor)

    def send(self, first_s: int, last_s: int) -> None:
        first, last = round(first_s * FS), round(last_s * FS)
        block = SampleBlock(self.ecg_mv[:, first:last], first, FS, "bed", ("II",))
        self.monitor.take(block, live=self.live)

    def window(self) -> list[str]:
        self.session.poll()
        numbers = self.session.numbers
        figures = (numbers.rate(), numbers.rhythm_figure(), numbers.ventricular_per_min(), numbers.signal())
        return [figure.value for figure in (*figures, numbers.link())]

    def line(self) -> str:
        console = Console(width=120, file=io.StringIO())
        console.print(self.terminal.render(120))
        return console.file.getvalue().splitlines()[0]  # type: ignore[attr-defined]

    def status(self) -> str:
        return "\n".join(_lines(self.reporter.report()))


def test_a_silent_live_device_has_dashes_everywhere_until_samples_come(monkeypatch):
    bed = Bed(monkeypatch, live=True)
    bed.now_s += 1.9
    assert UNKNOWN not in bed.window()
    assert "heart rate" in bed.status()
    bed.now_s += 0.2
    assert bed.window() == [UNKNOWN] * 4 + ["silent"]
    assert {figure.value for figure in bed.session.numbers.variability()} == {UNKNOWN}
    assert bed.session.numbers.rate().age_s == pytest.approx(2.1)
    assert "--/min" in bed.line()
    assert "no samples for 2 s" in bed.line()
    assert "heart rate" not in bed.status()
    assert "NO SAMPLES for 2 s" in bed.status()
    assert "bed no rate" in bed.reporter.line()
    bed.send(40, 45)
    assert UNKNOWN not in bed.window()
    assert "--/min" not in bed.line()
    assert "heart rate" in bed.status()


def test_a_replay_that_is_held_is_not_stale(monkeypatch):
    bed = Bed(monkeypatch, live=False)
    bed.now_s += 3600
    assert UNKNOWN not in bed.window()
    assert "no samples" not in bed.line()
    assert Hearing().silent_s() is None
