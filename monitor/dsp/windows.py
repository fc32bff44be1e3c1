"""Overlapping windows of a signal, without numpy's overhead where there is but one."""

from __future__ import annotations

from numpy.lib.stride_tricks import sliding_window_view

from ecgmon.monitor.dsp.operator import Samples


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
