"""What tells atrial fibrillation from other rhythms: irregular beats, and no P wave before them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ecgmon.monitor.dsp.operator import Samples

NAMES = ("entropy of intervals", "correlation before R")
"""Features of a stretch of beats, in their order."""

ALIKE = 0.06
"""Intervals whose logarithms differ by less are alike, for the entropy."""

P_FROM, P_TO = 108, 36
"""Samples before the R wave, at 360 Hz, between which a P wave lies."""

P_STEP = 4
"""Samples of it averaged into one point."""

P_POINTS = (P_FROM - P_TO) // P_STEP

P_FLOOR_MV = 0.03
"""Root of the sum of squares of a stretch before R that is nothing but noise."""

CORRELATION_RANGE = (0.0, 1.0)
"""Correlation is cut off here: below it nothing recurs."""

UNKNOWN_CORRELATION = 0.25

_TREND, _ = np.linalg.qr(np.vander(np.linspace(-1.0, 1.0, P_POINTS), 3))
_AVERAGE = np.full(P_STEP, 1.0 / P_STEP)


def before_r(before_mv: Samples) -> Samples | None:
    """Return what lies where a P wave would be, without its trend and of unit size.

    The tail of a large T wave is as like itself from beat to beat as a P wave is; a
    parabola takes most of it away.

    Parameters
    ----------
    before_mv : array of shape (n,)
        Clean signal in millivolts that ends with the R wave.

    Returns
    -------
    array of shape (18,), or None
        None if the signal does not reach back far enough.
    """
    if before_mv.size <= P_FROM:
        return None
    points = before_mv[-P_FROM - 1 : -P_TO - 1].reshape(P_POINTS, P_STEP) @ _AVERAGE
    shape = points - _TREND @ (points @ _TREND)
    return np.asarray(shape / max(math.sqrt(float(shape @ shape)), P_FLOOR_MV))


def correlation(shapes: Sequence[Samples]) -> float:
    """Return the mean product of all pairs of shapes: 1 where all are alike, 0 where nothing recurs."""
    count = len(shapes)
    stacked = np.array(shapes)
    whole = stacked.sum(axis=0)
    own = float(np.einsum("ij,ij->", stacked, stacked))
    return (float(whole @ whole) - own) / (count * (count - 1))


def describe(pairs_s: Sequence[tuple[float, float]], like: float | None) -> list[float]:
    """Return the features of a stretch of beats.

    Parameters
    ----------
    pairs_s : sequence of (float, float)
        Intervals that follow one another, between beats that are not ventricular.
    like : float or None
        `correlation` of what lies before their R waves; None if too few are known.

    Returns
    -------
    list of 2 floats
        `NAMES`.
    """
    low, high = CORRELATION_RANGE
    return [entropy(pairs_s), UNKNOWN_CORRELATION if like is None else min(max(like, low), high)]


def entropy(pairs_s: Sequence[tuple[float, float]]) -> float:
    """Return how seldom two intervals that are alike are followed by two that are alike.

    It is the sample entropy (Richman and Moorman 2000,
    doi:10.1152/ajpheart.2000.278.6.H2039) of the intervals' logarithms with templates of
    one, over those intervals alone that another follows; half a pair is added above and
    one below, so that it is defined for few intervals.
    """
    logs = np.log(pairs_s)
    first, both = np.abs(logs[:, None] - logs).transpose(2, 0, 1) < ALIKE
    both &= first
    count = len(pairs_s)
    ones = (int(np.count_nonzero(first)) - count) / 2
    twos = (int(np.count_nonzero(both)) - count) / 2
    return -math.log((twos + 0.5) / (ones + 1.0))
