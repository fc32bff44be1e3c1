"""Heart rate, beats by class, signal quality and intervals over hours, bounded in memory."""

from __future__ import annotations

import math
from array import array

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.ecg_codes import AAMI_CLASSES
from ecgmon.monitor.core.events import Beat, Event, HeartRate, Quality

BIN_S = 10.0
KEPT_BINS = 7 * 24 * 360
"""A week of ten-second bins."""

KEPT_INTERVALS = 10_000
"""About two hours, as long as the signal."""


class Trends:
    """Means and counts for each ten seconds, and the newest RR intervals."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._rate_sum = array("d")
        self._rate_count = array("l")
        self._quality_sum = array("d")
        self._quality_count = array("l")
        self._counts = {name: array("l") for name in AAMI_CLASSES}
        self._rr_time = array("d")
        self._rr = array("d")
        self.version = 0
        """Goes up with every change."""

    def observe(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, HeartRate) and event.bpm is not None:
            at = self._bin(event.time_s)
            self._rate_sum[at] += event.bpm
            self._rate_count[at] += 1
        elif isinstance(event, Quality):
            at = self._bin(event.time_s)
            self._quality_sum[at] += event.index
            self._quality_count[at] += 1
        elif isinstance(event, Beat):
            self._counts[event.aami][self._bin(event.time_s)] += 1
            if event.rr_s is not None:
                self._rr_time.append(event.time_s)
                self._rr.append(event.rr_s)
                if len(self._rr) > KEPT_INTERVALS:
                    del self._rr[: KEPT_INTERVALS // 10], self._rr_time[: KEPT_INTERVALS // 10]
        else:
            return
        self.version += 1

    def revise(self, old: Beat, new: Beat) -> None:
        """Count a beat as what it was revised to."""
        at = self._bin(new.time_s)
        self._counts[old.aami][at] = max(self._counts[old.aami][at] - 1, 0)
        self._counts[new.aami][at] += 1
        self.version += 1

    def forget_from(self, time_s: float) -> None:
        """Drop what happened at a time and later, after a replay was wound back."""
        if self._first is not None:
            at = max(math.floor(time_s / BIN_S) - self._first, 0)
            for row in self._rows():
                del row[at:]
            if at == 0:
                self._first = None
        while self._rr_time and self._rr_time[-1] >= time_s:
            self._rr_time.pop()
            self._rr.pop()
        self.version += 1

    def times_s(self) -> NDArray[np.float64]:
        """Return the middle of each bin, in seconds of stream time."""
        first = (self._first or 0) + 0.5
        return np.arange(len(self._rate_sum), dtype=np.float64) * BIN_S + first * BIN_S

    def rate_bpm(self) -> NDArray[np.float64]:
        """Return the mean heart rate of each bin, NaN where unknown."""
        return _mean(self._rate_sum, self._rate_count)

    def quality(self) -> NDArray[np.float64]:
        """Return the mean signal quality of each bin, 0 to 1, NaN where unknown."""
        return _mean(self._quality_sum, self._quality_count)

    def per_minute(self, name: str) -> NDArray[np.float64]:
        """Return the beats a minute of one AAMI class in each bin; the newest is not whole yet: NaN."""
        rates = np.array(self._counts[name], dtype=np.float64) * (60.0 / BIN_S)
        rates[-1:] = np.nan
        return rates

    def intervals(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return time and length, in seconds, of the newest RR intervals."""
        return np.array(self._rr_time), np.array(self._rr)

    def poincare(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return pairs of consecutive RR intervals; none across a gap."""
        times, rr = self.intervals()
        if rr.size < 2:
            return np.zeros(0), np.zeros(0)
        joined = np.abs(np.diff(times) - rr[1:]) < 0.02
        return rr[:-1][joined], rr[1:][joined]

    def words_at(self, time_s: float) -> str:
        """Return what the bin at a time holds, in words; empty outside."""
        if self._first is None:
            return ""
        at = math.floor(time_s / BIN_S) - self._first
        if not 0 <= at < len(self._rate_sum):
            return ""
        parts = []
        if self._rate_count[at]:
            parts.append(f"{self._rate_sum[at] / self._rate_count[at]:.0f}/min")
        parts += [f"{name} {row[at]}" for name, row in self._counts.items() if row[at]]
        if self._quality_count[at]:
            parts.append(f"quality {self._quality_sum[at] / self._quality_count[at]:.0%}")
        return "  ·  ".join(parts)

    def _rows(self) -> list[array[float] | array[int]]:
        return [
            self._rate_sum,
            self._rate_count,
            self._quality_sum,
            self._quality_count,
            *self._counts.values(),
        ]

    def _bin(self, time_s: float) -> int:
        number = math.floor(time_s / BIN_S)
        if self._first is None:
            self._first = number
        at = number - self._first
        if at < 0:
            return 0
        missing = at + 1 - len(self._rate_sum)
        if missing > KEPT_BINS:  # nothing that is kept would be left
            for row in self._rows():
                del row[:]
            self._first, at, missing = number, 0, 1
        if missing > 0:
            for row in self._rows():
                row.extend([0] * missing)
        surplus = len(self._rate_sum) - KEPT_BINS
        if surplus > 0:
            drop = surplus + KEPT_BINS // 10
            for row in self._rows():
                del row[:drop]
            self._first += drop
            at -= drop
        return at


def _mean(total: array[float], count: array[int]) -> NDArray[np.float64]:
    sums, counts = np.array(total, dtype=np.float64), np.array(count, dtype=np.float64)
    means: NDArray[np.float64] = np.divide(sums, counts, out=np.full(sums.size, np.nan), where=counts > 0)
    return means
