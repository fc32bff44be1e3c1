"""Reads the ECG of an EDF or EDF+ file by the edfio package."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import numpy as np

from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.core.extras import missing_extra
from ecgmon.monitor.wfdb.files import MOST_BYTES, read_bytes, size_of
from ecgmon.monitor.wfdb.header import DamagedError, SignalHeader
from ecgmon.monitor.wfdb.reader import choose_leads
from ecgmon.monitor.wfdb.record import Record, Stretch

_HEAD_BYTES = 256
"""Length of the header's common part, and of the part of each signal."""

_KIND = slice(192, 236)
"""Where the header says whether the file is EDF+, and whether it has gaps."""

_LABEL = re.compile(r"^(ECG|EKG)\s+", re.IGNORECASE)
_NO_SUCH_COUNT = -(2**31)
"""EDF knows no missing samples; this is no value of its 16 bits."""


def read_edf(path: Path) -> Record:
    """Read an EDF or EDF+ file.

    The leads are chosen as those of a WFDB record: signals in volts that share the rate of
    the fastest ECG. The file has no reference annotations.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    RecordError
        It is damaged, has no signal in volts, or is an EDF+ file with gaps.
    MissingExtraError
        The ``edf`` extra is not installed.
    """
    try:
        _check_header(path)
        edfio = load_edfio("Reading EDF files")
        try:
            edf = edfio.read_edf(path)
        except Exception as error:  # the parser can fail on damaged input anywhere, in any way
            raise DamagedError(f"its header is damaged ({type(error).__name__}: {error})") from error
        return _record(path, edf)
    except DamagedError as error:
        raise RecordError(f"EDF file {path} cannot be read: {error}.", "Name another record.") from error


def load_edfio(what: str) -> Any:
    """Return the edfio package.

    Parameters
    ----------
    what : str
        What needs it, as the beginning of a sentence.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        return importlib.import_module("edfio")
    except ImportError as error:
        raise missing_extra(what, "edfio", "edf") from error


def _check_header(path: Path) -> None:
    """Refuse what is no EDF file, has gaps, or is shorter than its header says."""
    size = size_of(path, "the file")
    if size > MOST_BYTES:
        raise DamagedError(f"it is larger than {MOST_BYTES >> 30} GiB")
    head = read_bytes(path, "the file", count=_HEAD_BYTES).tobytes()
    if len(head) < _HEAD_BYTES or not head.startswith(b"0       "):
        raise DamagedError("it does not begin as an EDF file does")
    if head[_KIND].startswith(b"EDF+D"):
        raise DamagedError("it is an EDF+ file with gaps (EDF+D); save its parts as EDF+C, with EDFbrowser")
    try:
        n_records, n_signals = int(head[236:244]), max(0, int(head[252:256]))
        lengths = read_bytes(path, "the file", offset=_HEAD_BYTES + 216 * n_signals, count=8 * n_signals)
        in_record = sum(int(lengths[8 * n : 8 * n + 8].tobytes()) for n in range(n_signals))
    except ValueError as error:
        raise DamagedError("its header is damaged") from error
    if in_record <= 0:
        raise DamagedError("its header is damaged")
    needed = _HEAD_BYTES * (1 + n_signals) + 2 * in_record * max(0, n_records)
    if size < needed:
        raise DamagedError(f"it is truncated: {needed} bytes announced, {size} found")


def _record(path: Path, edf: Any) -> Record:
    signals = list(edf.signals)
    rates = [float(signal.sampling_frequency) for signal in signals]
    heads = [
        SignalHeader(
            path.name, 16, round(rate * 1e6), unit=signal.physical_dimension.strip(), name=signal.label
        )
        for signal, rate in zip(signals, rates, strict=True)
    ]
    choice = choose_leads(heads)
    chosen = [signals[number] for number in choice.leads]
    factors = np.array([heads[number].mv_per_unit for number in choice.leads], dtype=np.float64)
    low, high = (
        np.array([getattr(s, f"physical_{end}") for s in chosen]) * factors for end in ("min", "max")
    )
    least, most = (np.array([getattr(s, f"digital_{end}") for s in chosen], float) for end in ("min", "max"))
    if np.any(high == low) or np.any(most == least):
        raise DamagedError("the range of a signal is empty")
    counts_per_mv = (most - least) / (high - low)
    digital = np.stack([np.asarray(signal.digital, dtype=np.int16) for signal in chosen])
    if digital.shape[1] == 0:
        raise DamagedError("it holds no samples")
    missing = np.full(len(chosen), _NO_SUCH_COUNT, dtype=np.int64)
    stretch = Stretch(0, digital, counts_per_mv, least - low * counts_per_mv, missing)
    return Record(
        name=path.stem,
        fs_hz=rates[choice.leads[0]],
        leads=tuple(_LABEL.sub("", signal.label) or f"lead {n}" for n, signal in enumerate(chosen)),
        n_samples=stretch.end,
        stretches=(stretch,),
        left_out=tuple(head.name for number, head in enumerate(heads) if number not in choice.leads),
    )
