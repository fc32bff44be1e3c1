"""What every scorer does with a record: takes its reference, a lead, and what the live chain makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.core.events import Event, SampleBlock
from ecgmon.sim.record import Record, Reference


class Chain(Protocol):
    """Anything that takes blocks of samples and tells events: a pipeline, or a stream with alarms."""

    def process(self, block: SampleBlock) -> Sequence[Event]:
        """Take the next block."""
        ...

    def finish(self) -> Sequence[Event]:
        """Tell what was held back for samples that will not come."""
        ...


def reference_of(record: Record) -> Reference:
    """Return what the annotators wrote about a record.

    Raises
    ------
    RecordError
        Nobody annotated it.
    """
    if record.reference is None:
        raise not_annotated(record.name)
    return record.reference


def not_annotated(name: str) -> RecordError:
    """Return the error for a record without a reference."""
    return RecordError(
        f"Record {name} has no reference annotations (.atr) to score against.",
        "Name records that are annotated.",
    )


def one_lead(record: Record, channel: int) -> NDArray[np.float64]:
    """Return one lead of a record in millivolts, shape (n_samples,).

    Raises
    ------
    RecordError
        The record has no such lead.
    """
    if not 0 <= channel < len(record.leads):
        names = ", ".join(f"{number} ({lead})" for number, lead in enumerate(record.leads))
        raise RecordError(f"Record {record.name} has no channel {channel}.", f"It has {names}.")
    samples: NDArray[np.float64] = record.samples_mv(0, record.n_samples, (channel,))[0]
    return samples


def live_events(
    chain: Chain, samples_mv: NDArray[np.float64], fs_hz: float, block_samples: int
) -> list[Event]:
    """Run a signal through the live chain, block by block, and return all events.

    Parameters
    ----------
    chain : Chain
        What takes the blocks.
    samples_mv : array of shape (n_samples,)
        One lead in millivolts.
    fs_hz : float
        Sampling rate in Hz.
    block_samples : int
        Samples of each block.
    """
    events: list[Event] = []
    for start in range(0, samples_mv.size, block_samples):
        block = SampleBlock(samples_mv[None, start : start + block_samples], start, fs_hz)
        events += chain.process(block)
    return [*events, *chain.finish()]
