"""Makes a block of whatever a stream is fed with, so that a plain array goes on where the last one ended."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index

import numpy as np
from numpy.typing import ArrayLike

from ecgmon.monitor.core.errors import SignalError
from ecgmon.monitor.core.events import SampleBlock


def as_block(
    values: SampleBlock | ArrayLike,
    *,
    fs_hz: float,
    following: int,
    start: int | None = None,
    gain: ArrayLike | None = None,
    zero: ArrayLike = 0.0,
    leads: Sequence[str] | None = None,
    device: str = "ecg",
) -> SampleBlock:
    """Return a block as it is, and an array as a block.

    Parameters
    ----------
    values : SampleBlock, or array of shape (n,), (n, n_leads) or (n_leads, n)
        What a stream is fed with.
    fs_hz : float
        The stream's rate in Hz.
    following : int
        Index at which an array begins that does not say ``start``.
    start, gain, zero, leads, device
        Of an array, as in `SampleBlock.of`.

    Raises
    ------
    SignalError
        The block has another rate or says itself what is given beside it, or it cannot be
        told what the values mean.
    """
    if not isinstance(values, SampleBlock):
        begin = following if start is None else _index(start)
        return SampleBlock.of(
            values, fs_hz=fs_hz, start=begin, gain=gain, zero=zero, leads=leads, device=device
        )
    if start is not None or gain is not None or np.any(zero):
        raise SignalError(
            "A SampleBlock says itself where it starts, and is in millivolts.",
            "Leave start=, gain= and zero= out, or give SampleBlock.of(...) the same words.",
        )
    if values.fs_hz != fs_hz:
        raise SignalError(
            f"The block is sampled at {values.fs_hz:g} Hz, the stream at {fs_hz:g} Hz.",
            "Make one stream for each rate, or resample the block first.",
        )
    return values


def _index(start: int) -> int:
    """Return where an array begins; a time in seconds is not an index."""
    try:
        return index(start)
    except TypeError as error:
        raise SignalError(
            f"start={start!r} is no whole number.",
            "Give the index of the first sample: round(seconds * fs_hz).",
        ) from error
