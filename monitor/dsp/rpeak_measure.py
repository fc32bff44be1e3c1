"""Measure a beat on the band-passed signal: how high the QRS is, and where exactly its peak lies."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.stateful import Stateful

QRS_HALF_SAMPLES = 29
"""Half of the window in which a QRS is as high as its signal spans (80 ms)."""

PEAK_HALF_SAMPLES = 36
"""Half of the window whose mean the peak of a QRS is measured from (100 ms)."""

FILTER_LAG_SAMPLES = 2.5
"""By how much the band-pass delays the peak of a QRS."""

SEARCH_SAMPLES = 18
NEARNESS = 0.2
_REACH = np.arange(-SEARCH_SAMPLES, SEARCH_SAMPLES + 1)
_FARTHER = NEARNESS * (_REACH / SEARCH_SAMPLES) ** 2

LEAST_SHARE = 0.04
MEMORY_BEATS = 16

ODDS_SHARES = (0.25, 1.5)
ODDS_POWER = 2.0
"""The odds of a beat go with the square of its share of the usual height, between these shares:
electrode motion makes waves that look like a QRS, but most are lower than the QRS beside them."""

MEMORY_S = 60.0


def window_middle(place: float) -> int:
    """Return the sample of the band-passed signal at which a QRS at ``place`` has its middle."""
    return round(place + FILTER_LAG_SAMPLES)


def find_peak(window: NDArray[np.float64], place: float) -> float:
    """Move a beat's place onto the peak of its main deflection.

    Parameters
    ----------
    window : array of shape (2 * PEAK_HALF_SAMPLES + 1,)
        Band-passed ECG around `window_middle`.
    place : float
        Where the network puts the R wave.

    Returns
    -------
    float
        The largest deflection from the window's mean within 50 ms, nearer ones preferred, between
        samples by the parabola through its top; ``place`` itself if the signal only rises or falls.
    """
    near = window[PEAK_HALF_SAMPLES - SEARCH_SAMPLES : PEAK_HALF_SAMPLES + SEARCH_SAMPLES + 1]
    height = np.abs(near - np.add.reduce(window) / window.size)
    best = int((height / (np.maximum.reduce(height) + 1e-9) - _FARTHER).argmax())
    if best in {0, 2 * SEARCH_SAMPLES}:
        return place
    before, top, after = height[best - 1 : best + 2].tolist()
    bend = before - 2.0 * top + after
    shift = min(max(0.5 * (before - after) / bend, -0.5), 0.5) if bend < 0.0 else 0.0
    return window_middle(place) + best - SEARCH_SAMPLES - FILTER_LAG_SAMPLES + shift


@dataclass(slots=True)
class HeightState:
    """The largest height of late, those of the last beats, in mV, and the place of the last QRS."""

    largest_mv: float = 0.0
    heights: deque[float] = field(default_factory=lambda: deque(maxlen=MEMORY_BEATS))
    last: float = 0.0


class HeightGate(Stateful[HeightState]):
    """Tells heartbeats from the little waves of a silent line.

    A beat counts while the largest QRS of the last minute reaches ``least_mv`` and it is
    itself not lost beside the beats before it. After a heart has stopped, noise of a few
    microvolts is therefore no beat, however alike it looks once amplified.

    Parameters
    ----------
    least_mv : float
        Peak-to-peak height, behind the band-pass, that one QRS of late must have.
    """

    def __init__(self, least_mv: float) -> None:
        self._least_mv = least_mv
        super().__init__()

    def fresh(self, start: int) -> HeightState:  # noqa: ARG002 - places count from the last reset
        """Return the state before the first beat."""
        return HeightState()

    @property
    def is_low(self) -> bool:
        """Whether no wave of late was high enough for a beat."""
        return self.state.largest_mv < self._least_mv

    def odds(self, height_mv: float) -> float:
        """Return how much likelier a QRS of this height is to be a beat than one as high as usual."""
        if not self.state.heights:
            return 1.0
        least, most = ODDS_SHARES
        return float(min(max(height_mv / self._usual(), least), most) ** ODDS_POWER)

    def _usual(self) -> float:
        """Return the median height of the beats of late, in mV."""
        heights = self.state.heights
        return sorted(heights)[len(heights) // 2] if heights else 0.0

    def passes(self, height_mv: float, place: float) -> bool:
        """Tell if a QRS of this height, at sample ``place``, is a beat, and remember it."""
        state = self.state
        fading = math.exp(min(state.last - place, 0.0) / (MEMORY_S * PIPELINE_HZ))
        state.last = place
        state.largest_mv = max(height_mv, state.largest_mv * fading)
        if self.is_low or height_mv < LEAST_SHARE * self._usual():
            return False
        state.heights.append(height_mv)
        return True
