"""Marks P, QRS and T of one beat in its clean window, simply."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from monitor.events import PIPELINE_HZ

Float64 = NDArray[np.float64]
Span = tuple[int, int]

QRS_SHARE = 0.1
"""A QRS lasts while the slope is at least this share of its steepest."""

LONGEST_HALF_S = 0.12
P_SEARCH_S = 0.26
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

    The QRS is where the slope around the R wave is steep. P and T are the largest bumps over
    the line between the ends of the stretch where they can be. This is good enough to draw
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
    p = _bump(smooth, max(0, first), qrs[0] - 1, least)
    t = _bump(
        smooth,
        qrs[1] + _samples(T_SEARCH_S[0]),
        min(window_mv.size - 1, qrs[1] + _samples(T_SEARCH_S[1])),
        least,
    )
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


def _bump(smooth: Float64, first: int, last: int, least: float) -> Span | None:
    if last - first < _samples(0.04):
        return None
    part = smooth[first : last + 1]
    over = part - np.linspace(part[0], part[-1], part.size)
    size = np.abs(over)
    top = int(size.argmax())
    if size[top] < least:
        return None
    part_of = np.flatnonzero((over * np.sign(over[top])) < WAVE_SHARE * size[top])
    start = part_of[part_of < top]
    stop = part_of[part_of > top]
    return first + int(start[-1]), first + int(stop[0])
