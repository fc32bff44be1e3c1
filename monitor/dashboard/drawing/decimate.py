"""From a stretch of samples to the polyline that shows it, never more points than pixels need."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def polyline(
    values: NDArray[np.floating], left: float, px_per_sample: float
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return the points that draw a trace with its peaks kept.

    Where several samples share a column only the smallest and the largest are kept, in
    the order in which they came, so no R wave is lost however far one zooms out.

    Parameters
    ----------
    values : array of shape (n,)
        The trace; a value that is not finite breaks the line.
    left : float
        Column of the first sample.
    px_per_sample : float
        Columns that one sample takes.

    Returns
    -------
    x, y : arrays of shape (m,)
        Columns and values, m <= n.
    """
    trace: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    size = bucket_size(px_per_sample)
    if size == 1 or trace.size < 2 * size:
        return left + np.arange(trace.size) * px_per_sample, trace
    whole = trace.size // size * size
    rows = trace[:whole].reshape(-1, size)
    missing = ~np.isfinite(rows)
    low = np.argmin(np.where(missing, np.inf, rows), axis=1)
    high = np.argmax(np.where(missing, -np.inf, rows), axis=1)
    picks = np.stack([np.minimum(low, high), np.maximum(low, high)], axis=1)
    picks = (picks + np.arange(rows.shape[0])[:, None] * size).ravel()
    index = np.concatenate([picks, np.arange(whole, trace.size)])
    return left + index * px_per_sample, trace[index]


def bucket_size(px_per_sample: float) -> int:
    """Return how many samples share two points; 1 where nothing is gained by it."""
    size = int(1.0 / px_per_sample) if px_per_sample > 0 else 1
    return size if size >= 3 else 1


def column_maxima(
    values: NDArray[np.floating], left: float, px_per_sample: float, columns: int
) -> NDArray[np.float64]:
    """Return the largest value of each of ``columns`` pixel columns, the first at ``floor(left)``.

    Columns between samples repeat the sample before them; missing values count as 0.
    """
    if values.size == 0 or columns <= 0:
        return np.zeros(max(columns, 0))
    clean = np.nan_to_num(np.asarray(values, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    edges = (np.floor(left) + np.arange(columns + 1) - left) / px_per_sample
    first = np.clip(edges.astype(int), 0, clean.size - 1)
    maxima = np.maximum.reduceat(clean, first)[:columns]
    return np.asarray(maxima, dtype=np.float64)
