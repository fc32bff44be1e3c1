"""Beats in their order: the interval before each and the class, neither over a gap that may hide a beat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.dsp.holes import Hole
from ecgmon.monitor.dsp.rpeak import RPeak
from ecgmon.monitor.dsp.segment import BeatWindow
from ecgmon.monitor.inference.classification import BeatClassifier, Classification
from ecgmon.monitor.pipeline.time_base import TimeBase
from ecgmon.monitor.rhythm.intervals import IntervalMeter, TimedPeak


@dataclass(slots=True)
class SequenceState:
    """Pipeline indices of R waves that are not named yet, and before which no interval is known."""

    breaks: list[int] = field(default_factory=list)


class BeatSequence(Stateful[SequenceState]):
    """Measures the intervals between beats, and has the beats named in their order.

    Parameters
    ----------
    classifier : BeatClassifier
        Names the beats; its own state is not part of this one's.
    time : TimeBase
        Maps indices.
    """

    def __init__(self, classifier: BeatClassifier, time: TimeBase) -> None:
        self._classifier = classifier
        self._time = time
        self._intervals = IntervalMeter()
        super().__init__(intervals=self._intervals)

    def fresh(self, start: int) -> SequenceState:  # noqa: ARG002 - beats say where they are
        """Return the state before the first beat."""
        return SequenceState()

    def timed(self, peaks: Sequence[RPeak], holes: Sequence[Hole]) -> list[TimedPeak]:
        """Return the next R waves with the interval before each.

        Parameters
        ----------
        peaks : sequence of RPeak
            R waves that became known.
        holes : sequence of Hole
            Holes in the signal that became known by the same samples.
        """
        if not (peaks or holes):
            return []
        for hole in holes:
            start, end = self._time.pipeline(hole.start), self._time.pipeline(hole.end)
            self._intervals.lose(start, end, bridged=hole.bridged)
        timed = [TimedPeak(peak.sample, peak.known_at, self._intervals.beat(peak.sample)) for peak in peaks]
        self.state.breaks += [round(peak.sample) for peak in timed if peak.rr_s is None]
        return timed

    def name(self, windows: Sequence[BeatWindow]) -> list[Classification]:
        """Name the next beats, each with its window, in their order."""
        named: list[Classification] = []
        for group in self._unbroken(windows):
            named += self._classifier.name(group)
        return named

    def _unbroken(self, windows: Sequence[BeatWindow]) -> Iterator[Sequence[BeatWindow]]:
        """Yield the windows in groups; the classifier spans no interval between them."""
        begun, breaks = 0, self.state.breaks
        for at, window in enumerate(windows):
            if breaks and breaks[0] == window.r:
                if begun < at:
                    yield windows[begun:at]
                self._classifier.break_off()
                begun = at
                breaks.pop(0)
        if begun < len(windows):
            yield windows[begun:]
