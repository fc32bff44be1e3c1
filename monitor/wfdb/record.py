"""A record in memory: compact integers that become millivolts a slice at a time."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.wfdb.annotations import Reference


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Samples without a gap, all of one calibration.

    Parameters
    ----------
    start : int
        Index of the first sample in the record.
    digital : integer array of shape (n_leads, n_samples)
        Values of the analogue-to-digital converter.
    counts_per_mv, zero : array of shape (n_leads,)
        Gain, and the value that means 0 mV.
    missing : integer array of shape (n_leads,)
        The value that means a missing sample.
    """

    start: int
    digital: NDArray[np.integer]
    counts_per_mv: NDArray[np.float64]
    zero: NDArray[np.float64]
    missing: NDArray[np.int64]

    @property
    def end(self) -> int:
        """Index just behind the last sample."""
        return self.start + int(self.digital.shape[1])

    def samples_mv(self, start: int, stop: int, rows: list[int]) -> NDArray[np.float64]:
        """Return samples of some leads in millivolts, NaN where missing; indices are the record's."""
        digital = self.digital[rows, start - self.start : stop - self.start]
        samples = (digital - self.zero[rows, None]) / self.counts_per_mv[rows, None]
        samples[digital == self.missing[rows, None]] = np.nan
        return samples


@dataclass(frozen=True, eq=False)
class Record:
    """Signals and reference annotations of one record.

    Parameters
    ----------
    name : str
        Record name, such as ``200``.
    fs_hz : float
        Sampling rate of the leads in Hz.
    leads : tuple of str
        Names of the leads.
    n_samples : int
        Number of samples in each lead, gaps counted.
    stretches : tuple of Stretch
        The samples there are, in their order; what lies between two of them is missing.
    reference : Reference or None
        Reference annotations, if the record has any.
    left_out : tuple of str
        Names of the signals that are no leads: not in volts, or of another rate.
    """

    name: str
    fs_hz: float
    leads: tuple[str, ...]
    n_samples: int
    stretches: tuple[Stretch, ...]
    reference: Reference | None = None
    left_out: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.fs_hz

    @cached_property
    def _ends(self) -> list[int]:
        return [stretch.end for stretch in self.stretches]

    def samples_mv(
        self, start: int = 0, stop: int | None = None, order: tuple[int, ...] | None = None
    ) -> NDArray[np.float64]:
        """Return samples ``start`` to ``stop`` in millivolts.

        Parameters
        ----------
        start, stop : int
            Sample indices, as in a slice; the whole record by default.
        order : tuple of int, optional
            Rows in the order wanted; all leads as recorded by default.

        Returns
        -------
        array of shape (n_leads, n_samples)
            Millivolts; NaN where the sample is missing.
        """
        rows = list(order) if order is not None else list(range(len(self.leads)))
        start, stop, _ = slice(start, stop).indices(self.n_samples)
        at = bisect_right(self._ends, start)
        if at < len(self.stretches) and self.stretches[at].start <= start and stop <= self._ends[at]:
            return self.stretches[at].samples_mv(start, stop, rows)
        samples = np.full((len(rows), max(0, stop - start)), np.nan)
        while at < len(self.stretches) and self.stretches[at].start < stop:
            stretch = self.stretches[at]
            low, high = max(start, stretch.start), min(stop, stretch.end)
            samples[:, low - start : high - start] = stretch.samples_mv(low, high, rows)
            at += 1
        return samples
