"""Heart rate from R waves: follows a step within seconds and says when it does not know."""

from __future__ import annotations

from collections import deque

from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.dsp.operator import State


class HeartRateSettings(Settings):
    """How RR intervals become a heart rate."""

    span_s: float = Field(
        default=5.0, gt=0, le=30, description="Intervals that end within this time are averaged."
    )
    min_intervals: int = Field(default=3, ge=1, le=20, description="At least so many intervals, however old.")
    stale_s: float = Field(
        default=4.5, gt=0.5, le=10, description="Without a beat for so long the rate is unknown."
    )


class HeartRateMeter:
    """Mean rate over the newest RR intervals.

    The intervals that ended within the last ``span_s`` are averaged, and never fewer than
    ``min_intervals`` once so many are known: a fast heart gives a steady figure and a slow
    one is still followed within three beats.

    Parameters
    ----------
    settings : HeartRateSettings
        Averaging and time-out.
    """

    def __init__(self, settings: HeartRateSettings | None = None) -> None:
        self.settings = settings or HeartRateSettings()
        self._beats: deque[float] = deque(maxlen=64)

    def beat(self, time_s: float) -> float | None:
        """Take an R wave and return beats a minute, or None while too few are known.

        Parameters
        ----------
        time_s : float
            Time of the R wave in seconds, later than the last.
        """
        beats = self._beats
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
        return self._beats[-1] + self.settings.stale_s if self._beats else None

    def reset(self) -> None:
        """Forget all beats: after a gap, a time-out or bad signal."""
        self._beats.clear()

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {"beats": list(self._beats)}

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self._beats = deque(state["beats"], maxlen=64)
