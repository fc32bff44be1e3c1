"""Draws a signal with Unicode braille: two dots a column and four a row of text."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FIRST = 0x2800
_DOT_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.int64)
"""Bit of each dot of a braille character, by row and column (Unicode chapter 21.1)."""


def draw_trace(values: NDArray[np.floating], width: int, height: int, low: float, high: float) -> list[str]:
    """Draw a signal so that no peak is lost.

    Parameters
    ----------
    values : array of shape (n,)
        Signal; what is not finite is left blank.
    width, height : int
        Size of the picture in characters.
    low, high : float
        Values at its bottom and top; what lies beyond is cut off.

    Returns
    -------
    list of str
        ``height`` lines of ``width`` characters.
    """
    columns, rows = 2 * width, 4 * height
    dots = np.zeros((rows, columns), dtype=bool)
    bottom, top = _extents(values, columns)
    drawn = np.isfinite(top)
    # each column reaches to the one before, so that the line has no holes
    before_bottom, before_top = np.roll(bottom, 1), np.roll(top, 1)
    joined = drawn & np.roll(drawn, 1)
    joined[:1] = False
    top = np.where(joined, np.maximum(top, np.minimum(before_bottom, before_top)), top)
    bottom = np.where(joined, np.minimum(bottom, before_top), bottom)
    scale = (rows - 1) / max(high - low, 1e-9)
    first = _row(top, high, scale, rows)
    last = _row(bottom, high, scale, rows)
    index = np.arange(rows)[:, None]
    dots = drawn & (index >= first) & (index <= last)
    cells = dots.reshape(height, 4, width, 2)
    codes = _FIRST + np.einsum("hrwc,rc->hw", cells, _DOT_BITS)
    return ["".join(map(chr, line)) for line in codes]


def _extents(values: NDArray[np.floating], columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the least and greatest value in each column; NaN where there is none."""
    least, greatest = np.full(columns, np.nan), np.full(columns, np.nan)
    finite = np.flatnonzero(np.isfinite(values))
    if len(finite):
        column = finite * columns // max(len(values), 1)
        starts = np.flatnonzero(np.diff(column, prepend=-1))
        found = values[finite].astype(np.float64)
        least[column[starts]] = np.minimum.reduceat(found, starts)
        greatest[column[starts]] = np.maximum.reduceat(found, starts)
    return least, greatest


def _row(value: NDArray[np.float64], high: float, scale: float, rows: int) -> NDArray[np.int64]:
    row: NDArray[np.int64] = np.clip(np.rint((high - np.nan_to_num(value)) * scale), 0, rows - 1).astype(
        np.int64
    )
    return row
