"""The last hours of signal in compact form: what the traces, the review and the exports read."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.run.companions import row_name

KEPT_S = 7200.0
UNITS_PER_MV = 1000.0
"""One step is a microvolt; 16 bits reach 32 mV."""

BORDER = 36
"""Samples over which one beat's attribution gives way to the next one's."""

_FLIP = np.int16(-32768)
"""Stored values have this bit flipped, so that 0 means missing: memory never written costs nothing."""

_MISSING = 0

Values = NDArray[np.float32]


class SignalHistory:
    """Raw and clean signal of each lead and the attribution under the pipeline's absolute index.

    Memory is bounded: ``KEPT_S`` seconds take 1 byte a sample, and 4 for each lead. Read and
    written by the window's thread only.

    Parameters
    ----------
    leads : int
        Leads kept; the first is the one that is analysed.
    capacity : int
        Samples kept.
    """

    def __init__(self, leads: int = 1, capacity: int = int(KEPT_S * PIPELINE_HZ)) -> None:
        self._capacity = capacity
        self._traces = {
            row_name(kind, lead): np.zeros(capacity, dtype=np.int16)
            for lead in range(leads)
            for kind in ("raw", "clean")
        }
        self._attribution = np.zeros(capacity, dtype=np.uint8)
        self._start = 0
        self._end = 0

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of the traces kept, as in the ring."""
        return tuple(self._traces)

    @property
    def end(self) -> int:
        """Index just behind the newest sample."""
        return self._end

    @property
    def start(self) -> int:
        """Index of the oldest sample kept."""
        return max(self._start, self._end - self._capacity)

    def restart(self, index: int) -> None:
        """Go on at another index; nothing older can be read."""
        self._start = self._end = index

    def append(self, samples: Mapping[str, Values]) -> None:
        """Store the next samples of every trace, in millivolts, equally many of each."""
        count = len(samples["clean"])
        where = self._where(self._end, self._end + count)
        for name, values in samples.items():
            finite = np.isfinite(values)
            units = np.clip(np.where(finite, values, 0.0) * UNITS_PER_MV, -32767, 32767)
            stored = np.round(units).astype(np.int16) ^ _FLIP
            self._traces[name][where] = np.where(finite, stored, _MISSING)
        self._attribution[where] = 0
        self._end += count

    def skip_to(self, index: int) -> None:
        """Leave a hole up to an index."""
        first = max(self._end, index - self._capacity)
        where = self._where(first, index)
        for trace in self._traces.values():
            trace[where] = _MISSING
        self._attribution[where] = 0
        self._end = max(self._end, index)

    def explain(self, start: int, attribution: NDArray[np.floating]) -> None:
        """Lay a beat's attribution over the signal in place of an earlier beat's, with soft borders."""
        first = max(start, self.start)
        stop = min(start + len(attribution), self._end)
        if first >= stop:
            return
        where = self._where(first, stop)
        levels = np.clip(attribution[first - start : stop - start] * 255.0, 0, 255)
        ramp = np.minimum(np.arange(1, stop - first + 1) / BORDER, 1.0)
        share = np.minimum(ramp, ramp[::-1])
        mixed = share * levels + (1.0 - share) * self._attribution[where]
        self._attribution[where] = mixed.astype(np.uint8)

    def trace(self, name: str, start: int, stop: int) -> Values:
        """Return ``[start, stop)`` of one of `rows` in millivolts; what is not kept is NaN."""
        out = np.full(max(stop - start, 0), np.nan, dtype=np.float32)
        first, last = max(start, self.start), min(stop, self._end)
        if first < last:
            stored = self._traces[name][self._where(first, last)]
            values = (stored ^ _FLIP).astype(np.float32) / np.float32(UNITS_PER_MV)
            values[stored == _MISSING] = np.nan
            out[first - start : last - start] = values
        return out

    def attribution(self, start: int, stop: int) -> Values:
        """Return the attribution of ``[start, stop)``, 0 to 1; 0 where there is none."""
        out = np.zeros(max(stop - start, 0), dtype=np.float32)
        first, last = max(start, self.start), min(stop, self._end)
        if first < last:
            out[first - start : last - start] = self._attribution[self._where(first, last)] / np.float32(255)
        return out

    def _where(self, start: int, stop: int) -> slice | NDArray[np.int64]:
        at, count = start % self._capacity, stop - start
        if at + count <= self._capacity:
            return slice(at, at + count)
        return np.arange(start, stop) % self._capacity
