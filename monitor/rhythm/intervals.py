"""The interval before each R wave, and whether a gap may hide a beat in it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.rhythm.gaps import LONG_GAP_S

HIDES_S = 0.05
"""A gap shorter than this hides no QRS."""

ALIKE = 0.25
"""An interval is like another if it is off it by no larger share."""

PUNCTUAL = 0.15
"""A beat comes off its time by no larger share of the usual interval."""

SHORT = 0.5
"""A gap longer than this share of the usual interval may hide a beat, whatever the interval is like."""


KEPT = 100
"""Gaps remembered behind an R wave. In so many a beat may always have been missed."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap, by its pipeline indices, and whether the signal was drawn through it."""

    start: float
    end: float
    bridged: bool


@dataclass(frozen=True, slots=True)
class TimedPeak:
    """An R wave with the interval before it.

    Parameters
    ----------
    sample : float
        Pipeline index of the R wave.
    known_at : int
        Pipeline index of the sample that had to arrive to know it.
    rr_s : float or None
        Seconds since the R wave before; None if that is not known.
    """

    sample: float
    known_at: int
    rr_s: float | None


@dataclass(slots=True)
class IntervalState:
    """Where the last R wave is, what the last known interval is, and which gaps lie behind that R wave.

    Parameters
    ----------
    last_r : float or None
        Pipeline index of the last R wave.
    usual : float or None
        Pipeline samples of the last interval that is known.
    gaps : deque of Gap
        Those that no R wave lies behind yet.
    """

    last_r: float | None = None
    usual: float | None = None
    gaps: deque[Gap] = field(default_factory=lambda: deque(maxlen=KEPT))


class IntervalMeter(Stateful[IntervalState]):
    """Measures the intervals between R waves, and leaves out those with a beat that may have been missed.

    Where a gap lies between two R waves their interval is known if it is like the last one that
    is known and the gap is short. Otherwise it is not, unless all gaps in it are bridged, and one
    of the beats that they would have to hide was due where there is no gap.
    """

    def fresh(self, start: int) -> IntervalState:  # noqa: ARG002 - R waves say where they are
        """Return the state before the first R wave."""
        return IntervalState()

    def lose(self, start: float, end: float, *, bridged: bool) -> None:
        """Take a gap from one pipeline index to another."""
        if bridged and end - start < HIDES_S * PIPELINE_HZ:
            return
        self.state.gaps.append(Gap(start, end, bridged))

    def beat(self, at: float) -> float | None:
        """Take the next R wave, at a pipeline index; return the seconds before it, None if unknown."""
        state = self.state
        interval = None if state.last_r is None else at - state.last_r
        if state.gaps:
            inside = [gap for gap in state.gaps if gap.start <= at]
            state.gaps = deque((gap for gap in state.gaps if gap.start > at), maxlen=KEPT)
            if any(gap.end - gap.start >= LONG_GAP_S * PIPELINE_HZ for gap in inside):
                state.usual = None
            if interval is not None and self._may_hide(at - interval, interval, inside):
                interval = None
        state.last_r = at
        if interval is None:
            return None
        state.usual = interval
        return interval / PIPELINE_HZ

    def _may_hide(self, start: float, interval: float, gaps: list[Gap]) -> bool:
        """Tell whether gaps may hide a beat within an interval that begins at ``start``."""
        usual = self.state.usual
        broken = any(not gap.bridged for gap in gaps)
        if not gaps or usual is None:
            return broken
        longest = max(gap.end - gap.start for gap in gaps)
        if abs(interval - usual) <= ALIKE * usual and longest < SHORT * usual:
            return False
        due = round(interval / usual)
        step = interval / due if due else 0.0
        return broken or (
            due > 1 and all(_near(start + i * step, gaps, PUNCTUAL * usual) for i in range(1, due))
        )


def _near(at: float, gaps: list[Gap], reach: float) -> bool:
    """Tell whether a beat that is due at a place may lie in one of the gaps."""
    return any(gap.start - reach <= at <= gap.end + reach for gap in gaps)
