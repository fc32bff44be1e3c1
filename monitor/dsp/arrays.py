"""Medians and windows of short arrays, without the overhead that numpy has on them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ecgmon.monitor.dsp.operator import Samples


def median(values: Samples, axis: int = -1) -> Samples:
    """Return the median along an axis.

    Parameters
    ----------
    values : array
        Finite values, at least one along the axis.
    axis : int
        The axis that goes.
    """
    ordered = np.sort(values, axis=axis)
    if axis != -1:
        ordered = np.moveaxis(ordered, axis, -1)
    half = ordered.shape[-1] // 2
    upper: Samples = ordered[..., half]
    return upper if ordered.shape[-1] % 2 else 0.5 * (ordered[..., half - 1] + upper)


def middle_of(values: Iterable[float]) -> float:
    """Return the median of a few numbers that are in no array."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else 0.5 * (ordered[half - 1] + ordered[half])


def windows_of(signal: Samples, width: int, step: int) -> Samples:
    """Return the windows that begin at every ``step``-th sample, as a view.

    Parameters
    ----------
    signal : array of shape (m,)
        At least ``width`` samples.
    width, step : int
        Length of a window, and samples from one to the next.

    Returns
    -------
    array of shape (n, width)
        All windows that are whole.
    """
    if signal.size < width + step:
        return signal[None, :width]
    return sliding_window_view(signal, width)[::step]
