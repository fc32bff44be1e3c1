"""Cleans the leads that are not analysed, for whoever wants to look at them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.events import SampleBlock
from ecgmon.monitor.core.ring import RingBuffer
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.pipeline.lead import Lead, LeadSettings

MOST_LEADS = 12
"""Leads of one device that can be shown."""


def row_name(kind: str, lead: int) -> str:
    """Return the name of a ring's row.

    Parameters
    ----------
    kind : {"raw", "clean"}
        Signal.
    lead : int
        Its place among the leads of a block; 0 is the one that is analysed.
    """
    return kind if lead == 0 else f"{kind}{lead}"


class Companions:
    """Resamples and filters all leads but the first, and writes them to a ring.

    It keeps to the same indices as the pipeline of the first lead, and finds nothing.

    Parameters
    ----------
    count : int
        Leads of the device, the analysed one included.
    ring : RingBuffer
        Has a raw and a clean row for each of them, see `row_name`.
    settings : LeadSettings
        Settings of the front chain, the same for all leads.
    fs_hz : float
        Sampling rate of the source in Hz.
    """

    def __init__(self, count: int, ring: RingBuffer, settings: LeadSettings, fs_hz: float) -> None:
        self._ring = ring
        self._leads = {number: Lead(fs_hz, settings) for number in range(1, count)}
        self._next: int | None = None

    def process(self, block: SampleBlock) -> None:
        """Take the next block, after the pipeline took it.

        Parameters
        ----------
        block : SampleBlock
            A lead that it lacks counts as missing.
        """
        count = block.samples_mv.shape[1]
        if count == 0:
            return
        if self._next is None or block.rewound:
            self._next = self._reset(block.start)
        elif block.start > self._next:
            self._next = self._lose(block.start - self._next, block.start)
        skip = self._next - block.start
        if skip >= count:
            return
        self._next = block.end
        for number, lead in self._leads.items():
            signal = lead.process(_row(block.samples_mv, number)[skip:])
            signal.write(self._ring, row_name("raw", number), row_name("clean", number))

    def _reset(self, start: int) -> int:
        """Begin with the sample of source index ``start``; return it."""
        for lead in self._leads.values():
            lead.reset(start)
        return start

    def _lose(self, count: int, start: int) -> int:
        """Go on behind the loss of some samples with that of source index ``start``; return it."""
        for lead in self._leads.values():
            if not lead.spans(count):
                return self._reset(start)
            lead.lose(count)
        return start


def _row(samples_mv: NDArray[np.float64], number: int) -> Samples:
    if number < samples_mv.shape[0]:
        return np.asarray(samples_mv[number], dtype=np.float64)
    return np.full(samples_mv.shape[1], np.nan)
