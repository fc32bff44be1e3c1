"""Heart rate from R waves: follows a step within seconds and says when it does not know."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.rhythm.gaps import LONG_GAP_S, Unseen


class HeartRateSettings(Settings):
    """How RR intervals become a heart rate."""

    span_s: float = Field(
        default=5.0, gt=0, le=30, description="Intervals that end within this time are averaged."
    )
    min_intervals: int = Field(default=3, ge=1, le=20, description="At least so many intervals, however old.")
    stale_s: float = Field(
        default=4.5, gt=0.5, le=10, description="Without a beat for so long the rate is unknown."
    )


@dataclass(slots=True)
class HeartRateState:
    """Times of the last beats in seconds, without the gaps between them, and the gaps behind the last."""

    beats: deque[float] = field(default_factory=lambda: deque(maxlen=64))
    unseen: Unseen = field(default_factory=Unseen)


class HeartRateMeter(Stateful[HeartRateState]):
    """Mean rate over the newest RR intervals.

    The intervals that ended within the last ``span_s`` are averaged, and never fewer than
    ``min_intervals`` once so many are known: a fast heart gives a steady figure and a slow
    one is still followed within three beats. An interval with a gap in it is left out, and
    a gap is no time without a beat.

    Parameters
    ----------
    settings : HeartRateSettings
        Averaging and time-out.
    """

    def __init__(self, settings: HeartRateSettings | None = None) -> None:
        self.settings = settings or HeartRateSettings()
        super().__init__()

    def fresh(self, start: int) -> HeartRateState:  # noqa: ARG002 - beats say when they are
        """Return the state before the first beat, behind a long gap, a time-out or bad signal."""
        return HeartRateState()

    def lose(self, start_s: float, end_s: float) -> bool:
        """Take a gap in the signal, from one time in seconds to another; tell if it is a long one."""
        if not self.state.beats:
            return False
        first_s, last_s = self.state.unseen.add(start_s, end_s)
        return last_s - first_s >= LONG_GAP_S

    def beat(self, time_s: float, *, follows: bool = True) -> float | None:
        """Take an R wave and return beats a minute, or None while too few are known.

        Parameters
        ----------
        time_s : float
            Time of the R wave in seconds, later than the last.
        follows : bool
            The interval before it is known.
        """
        beats = self.state.beats
        if beats and not follows:
            shift = time_s - beats[-1]
            beats = self.state.beats = deque((at + shift for at in beats), maxlen=beats.maxlen)
        else:
            beats.append(time_s)
        wanted = self.settings.min_intervals + 1
        if len(beats) < wanted:
            return None
        while len(beats) > wanted and beats[1] < time_s - self.settings.span_s:
            beats.popleft()
        return 60.0 * (len(beats) - 1) / (beats[-1] - beats[0])

    @property
    def stale_at_s(self) -> float | None:
        """Time in seconds at which the rate becomes unknown if no beat follows."""
        beats = self.state.beats
        return beats[-1] + self.settings.stale_s + self.state.unseen.since(beats[-1]) if beats else None
