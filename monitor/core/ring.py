"""A ring of recent samples that one thread writes and many read without copying."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float32]


class OverrunError(LookupError):
    """The samples asked for were overwritten, or are being overwritten; read newer ones."""


class RingBuffer:
    """Recent samples of several rows under one absolute index.

    Every sample is stored twice, one capacity apart, so that any window up to the capacity
    is one contiguous slice. One thread writes; any number read. A reader that falls behind
    gets `OverrunError` and never torn data.

    Parameters
    ----------
    capacity : int
        Number of samples kept for each row.
    rows : mapping of str to float
        Names of the rows and the value of a sample that was never written.

    Notes
    -----
    The writer announces the end of what it is about to write before it touches memory, and
    publishes it afterwards. A reader checks against the announced end after it has used its
    view, so a view that was overwritten meanwhile is always noticed.
    """

    def __init__(self, capacity: int, rows: Mapping[str, float] | None = None) -> None:
        if capacity < 1:
            msg = f"capacity must be at least 1, not {capacity}"
            raise ValueError(msg)
        self._fill = dict(rows) if rows is not None else {"raw": np.nan, "clean": np.nan, "attribution": 0.0}
        self._capacity = capacity
        self._data: dict[str, Row] = {
            name: np.full(2 * capacity, fill, dtype=np.float32) for name, fill in self._fill.items()
        }
        self._ends = dict.fromkeys(self._fill, 0)
        self._announced = 0
        self._end = 0
        self._origin = 0

    @property
    def capacity(self) -> int:
        """Number of samples kept."""
        return self._capacity

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of the rows."""
        return tuple(self._fill)

    @property
    def end(self) -> int:
        """Absolute index just behind the newest sample of any row."""
        return self._end

    @property
    def start(self) -> int:
        """Absolute index of the oldest sample that can still be read."""
        return max(self._origin, self._announced - self._capacity)

    def row_end(self, row: str) -> int:
        """Absolute index just behind the newest sample written to ``row``."""
        return self._ends[row]

    def write(self, row: str, start: int, values: NDArray[np.floating] | Row) -> None:
        """Store samples of one row; slots between the old end and the new are empty elsewhere.

        Parameters
        ----------
        row : str
            Name of the row.
        start : int
            Absolute index of the first sample. Samples older than the ring are left out.
        values : array of shape (n,)
            The samples.
        """
        stop = start + len(values)
        if len(values) == 0:
            return
        self._announced = max(self._announced, stop)
        self._clear_to(stop)
        first = max(start, self.start)
        if first < stop:
            self._put(self._data[row], first, values[first - start :])
        self._ends[row] = max(self._ends[row], stop)
        self._end = max(self._end, stop)

    def raise_to(self, row: str, start: int, values: NDArray[np.floating] | Row) -> None:
        """Write the larger of what is stored and ``values``; for maps that overlap."""
        first = max(start, self.start)
        stop = min(start + len(values), self._end)
        if first >= stop:
            return
        at = first % self._capacity
        stored = self._data[row][at : at + stop - first]
        self._put(self._data[row], first, np.maximum(stored, values[first - start : stop - start]))
        self._ends[row] = max(self._ends[row], stop)

    def advance(self, end: int) -> None:
        """Move the end forward; the new slots are empty in every row."""
        self._announced = max(self._announced, end)
        self._clear_to(end)
        self._end = max(self._end, end)

    def restart(self, index: int) -> None:
        """Begin anew at an absolute index; nothing older can be read."""
        self._origin = self._announced = self._end = index
        self._ends = dict.fromkeys(self._fill, index)

    def renew(self, row: str, fill: float) -> None:
        """Forget what a row holds, as when another lead goes on in it; one that is not there is added.

        Parameters
        ----------
        row : str
            Name of the row.
        fill : float
            Value of a sample that was never written.
        """
        self._data[row] = np.full(2 * self._capacity, fill, dtype=np.float32)
        self._ends.setdefault(row, self._end)
        self._fill[row] = fill

    def view(self, row: str, start: int, stop: int) -> Row:
        """Return a read-only view of ``[start, stop)`` without copying.

        The writer goes on meanwhile: call `check` with the same ``start`` after using the
        view, or use `window` which does.

        Raises
        ------
        OverrunError
            If ``start`` has been overwritten.
        ValueError
            If the window lies beyond the newest sample or is reversed.
        """
        if not start <= stop <= self._end:
            msg = f"[{start}, {stop}) is not within the samples up to {self._end}"
            raise ValueError(msg)
        self.check(start)
        at = start % self._capacity
        view = self._data[row][at : at + stop - start]
        view.flags.writeable = False
        return view

    def check(self, start: int) -> None:
        """Raise `OverrunError` if the sample at ``start`` is no longer safe to read."""
        if start < self.start:
            msg = f"sample {start} is gone: the oldest kept is {self.start}"
            raise OverrunError(msg)

    @contextmanager
    def window(self, row: str, start: int, stop: int) -> Iterator[Row]:
        """Give a view for a with-block and check at its end that it was never overwritten."""
        yield self.view(row, start, stop)
        self.check(start)

    def copy(self, row: str, start: int, stop: int) -> Row:
        """Return a checked copy of ``[start, stop)``."""
        with self.window(row, start, stop) as view:
            return view.copy()

    def _clear_to(self, end: int) -> None:
        first = max(self._end, end - self._capacity)
        if first < end:
            for name, data in self._data.items():
                self._put(data, first, np.full(end - first, self._fill[name], dtype=np.float32))

    def _put(self, data: Row, start: int, values: NDArray[np.floating] | Row) -> None:
        at = start % self._capacity
        head = min(len(values), self._capacity - at)
        for offset in (0, self._capacity):
            data[at + offset : at + offset + head] = values[:head]
            data[offset : offset + len(values) - head] = values[head:]
