"""Ways to take parts of a beat away: stretches of time, and what is put in their place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

STRETCH = 10
"""Samples that come and go together: 28 ms."""


def stretches(width: int) -> NDArray[np.int64]:
    """Return the number of the stretch that each of ``width`` samples belongs to."""
    return np.arange(width) // STRETCH


def per_stretch(values: Float64) -> Float64:
    """Return the mean of a map over each stretch."""
    owner = stretches(values.size)
    return np.asarray(np.bincount(owner, weights=values) / np.bincount(owner))


def bridge(window: Float64, kept: NDArray[np.bool_]) -> Float64:
    """Return copies of a window with all but the kept samples bridged by straight lines.

    A line makes no edge that a heart would not make. Before the first and behind the last
    kept sample the line is level; with nothing kept it is level at the window's median.

    Parameters
    ----------
    window : array of shape (width,)
        The beat.
    kept : bool array of shape (n, width)
        What stays in each copy.
    """
    places = np.arange(window.size)
    flat = np.full(window.size, np.median(window))
    return np.array([np.interp(places, places[row], window[row]) if row.any() else flat for row in kept])


def top_share(importance: Float64, share: float) -> NDArray[np.bool_]:
    """Return which samples are among the most important, in whole stretches; ties fall by lot.

    Parameters
    ----------
    importance : array of shape (width,)
        A map over the window.
    share : float
        Share of the stretches that is chosen, 0 to 1.
    """
    values = per_stretch(importance)
    chosen = np.zeros(values.size, dtype=bool)
    lot = np.random.default_rng(0).permutation(values.size)
    chosen[np.lexsort((lot, -values))[: round(share * values.size)]] = True
    return np.asarray(chosen[stretches(importance.size)])


def peak(importance: Float64) -> int:
    """Return where a map is highest; of a plateau or of several peaks alike the middle one."""
    highest = np.flatnonzero(importance >= 0.999 * importance.max())
    return int(highest[highest.size // 2])
