"""Marks P, QRS and T of one beat in its clean window, simply."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from ecgmon.monitor.core.events import PIPELINE_HZ

Float64 = NDArray[np.float64]
Span = tuple[int, int]

QRS_SHARE = 0.1
"""A QRS lasts while the slope is at least this share of its steepest."""

LONGEST_HALF_S = 0.12
P_SEARCH_S = 0.26
LONGEST_P_S = 0.14
REFRACTORY_S = 0.30
T_SEARCH_S = (0.03, 0.40)
WAVE_SHARE = 0.35
"""A P or T wave lasts while it is at least this share of its height."""

LEAST_HEIGHT_MV = 0.03
LEAST_SHARE_OF_QRS = 0.03


@dataclass(frozen=True, slots=True)
class Waves:
    """Where the waves lie, as first and last sample in the window; None where none is seen."""

    p: Span | None
    qrs: Span
    t: Span | None


def delineate(window_mv: Float64, r: int, rr_s: float | None = None) -> Waves:
    """Find P, QRS and T.

    The QRS is where the slope around the R wave is steep. P is the largest bump over the line
    between the ends of the stretch ahead of it, T the largest departure behind it from the level
    at which it began. This is good enough to draw
    and to tell QRS from the rest; it is no measurement of intervals.

    Parameters
    ----------
    window_mv : array of shape (n,)
        Clean window at 360 Hz in millivolts.
    r : int
        Index of the R wave.
    rr_s : float, optional
        Seconds since the beat before: there is no P wave in that one's QRS or ST segment.
    """
    qrs = _qrs(window_mv, r)
    height = float(np.ptp(window_mv[qrs[0] : qrs[1] + 1]))
    least = max(LEAST_HEIGHT_MV, LEAST_SHARE_OF_QRS * height)
    smooth = uniform_filter1d(window_mv, _samples(0.025))
    first = qrs[0] - _samples(P_SEARCH_S)
    if rr_s is not None:
        first = max(first, r - _samples(rr_s - REFRACTORY_S))
    first = max(0, first)
    ahead = smooth[first : qrs[0]]
    line = np.linspace(ahead[0], ahead[-1], ahead.size) if ahead.size else ahead
    begin, end = (qrs[1] + _samples(bound) for bound in T_SEARCH_S)
    behind = smooth[begin : end + 1]
    p = _bump(ahead, line, first, least)
    if p is not None and p[1] - p[0] > _samples(LONGEST_P_S):
        p = None
    t = _bump(behind, np.full(behind.size, smooth[qrs[0]]), begin, least)
    return Waves(p, qrs, t)


def _samples(seconds: float) -> int:
    return round(seconds * PIPELINE_HZ)


def _qrs(window_mv: Float64, r: int) -> Span:
    half = _samples(LONGEST_HALF_S)
    low, high = max(0, r - half), min(window_mv.size - 1, r + half)
    slope = np.abs(np.gradient(uniform_filter1d(window_mv, 5)))
    envelope = maximum_filter1d(slope, _samples(0.025))
    near = slice(max(0, r - _samples(0.06)), r + _samples(0.06))
    quiet = np.flatnonzero(envelope < QRS_SHARE * envelope[near].max())
    before, after = quiet[(quiet < r) & (quiet >= low)], quiet[(quiet > r) & (quiet <= high)]
    return int(before[-1]) if before.size else low, int(after[0]) if after.size else high


def _bump(part: Float64, level: Float64, first: int, least: float) -> Span | None:
    """Return where the largest departure from a level lies; ``first`` is the part's first sample."""
    if part.size < _samples(0.04):
        return None
    over = part - level
    size = np.abs(over)
    top = int(size.argmax())
    if size[top] < least:
        return None
    low = np.flatnonzero(over * np.sign(over[top]) < WAVE_SHARE * size[top])
    before, after = low[low < top], low[low > top]
    start = int(before[-1]) if before.size else 0
    stop = int(after[0]) if after.size else part.size - 1
    return first + start, first + stop
