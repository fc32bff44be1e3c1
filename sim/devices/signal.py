"""The signal a virtual device measures: one lead of a record, at the device's rate."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.extras import missing_extra
from ecgmon.sim.library import find_record
from ecgmon.sim.record import read_record

_MAX_DENOMINATOR = 4000


def record_signal(
    name: str,
    fs_hz: float,
    *,
    channel: int = 0,
    data_dir: Path | None = None,
    duration_s: float | None = None,
) -> NDArray[np.float64]:
    """Return one lead of a record, resampled.

    Parameters
    ----------
    name : str
        Record, such as ``200``.
    fs_hz : float
        Rate wanted, in Hz.
    channel : int
        Number of the lead, from 0.
    data_dir : Path, optional
        Folder of the record or of databases.
    duration_s : float, optional
        Only so many seconds from the beginning.

    Returns
    -------
    array of shape (n,)
        Millivolts; a missing sample holds the last value.

    Raises
    ------
    RecordError
        The record is unknown or damaged.
    MissingExtraError
        SciPy is not installed, and the record has another rate.
    """
    record = read_record(find_record(name, data_dir))
    end = record.n_samples if duration_s is None else min(record.n_samples, round(duration_s * record.fs_hz))
    return resampled(record.samples_mv(0, end, (channel,))[0], record.fs_hz, fs_hz)


def resampled(samples_mv: NDArray[np.float64], from_hz: float, to_hz: float) -> NDArray[np.float64]:
    """Return a signal at another rate, sample 0 staying at the same instant.

    Raises
    ------
    MissingExtraError
        SciPy is not installed, and the rates differ.
    """
    known = np.maximum.accumulate(np.where(np.isfinite(samples_mv), np.arange(samples_mv.size), 0))
    whole = np.nan_to_num(samples_mv[known])
    ratio = Fraction(to_hz / from_hz).limit_denominator(_MAX_DENOMINATOR)
    if ratio == 1:
        return whole
    try:
        from scipy.signal import resample_poly  # noqa: PLC0415 - its absence is an answer, not an accident
    except ImportError as error:
        raise missing_extra("Playing a record at another rate", "scipy", "sim") from error
    edge = float(whole[0]) if whole.size else 0.0
    shifted = resample_poly(whole - edge, ratio.numerator, ratio.denominator, padtype="constant")
    return np.asarray(shifted + edge, dtype=np.float64)
