"""Program that reads one record with wfdb and writes its arrays to standard output.

Run as ``python -m ecgmon.sim.wfdb_reader PATH``; `ecgmon.sim.record.read_record` starts it, so that wfdb and
pandas live in a process that ends at once. The last line on standard error tells what is wrong.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.errors import MissingExtraError, RecordError

_VOLTS_TO_MV = {"v": 1e3, "mv": 1.0, "uv": 1e-3, "µv": 1e-3, "nv": 1e-6}
_MISSING = {"212": -(2**11), "310": -(2**9), "311": -(2**9), "80": -(2**7), "24": -(2**23), "32": -(2**31)}
_MISSING_16_BIT = -(2**15)


def read(stem: str) -> dict[str, NDArray[Any]]:
    """Return the record's arrays by name.

    Raises
    ------
    RecordError
        A file is damaged or missing, does not match its checksums, or holds no signal in volts.
    """
    import wfdb  # noqa: PLC0415 - its absence is an answer, not an accident

    with _blaming("its header file (.hea) is damaged"):
        header = wfdb.rdheader(stem)
    with _blaming("its signal file is missing, truncated or does not fit its header"):
        record = wfdb.rdrecord(stem, physical=False)
        signal = np.asarray(record.d_signal)
    if header.sig_len and signal.shape[0] != header.sig_len:
        raise RecordError(f"{header.sig_len} samples announced, {signal.shape[0]} found")
    _verify_checksums(signal, record.checksum)
    arrays = _signals(record, signal)
    if Path(f"{stem}.atr").is_file():
        with _blaming("its reference annotations (.atr) are damaged"):
            arrays |= _reference(wfdb.rdann(stem, "atr"))
    return arrays


@contextmanager
def _blaming(what: str) -> Iterator[None]:
    """Name the file at fault; the parser can fail on damaged input anywhere, in any way."""
    try:
        yield
    except Exception as error:
        raise RecordError(what) from error


def _signals(record: Any, signal: NDArray[Any]) -> dict[str, NDArray[Any]]:
    scale = [_VOLTS_TO_MV.get(unit.lower()) for unit in record.units]
    rows = [row for row, factor in enumerate(scale) if factor is not None]
    if not rows or signal.shape[0] == 0:
        raise RecordError("it holds no signal in volts")
    factors = np.array([scale[row] for row in rows], dtype=np.float64)
    return {
        "fs_hz": np.array(record.fs, dtype=np.float64),
        "leads": np.array([str(record.sig_name[row] or f"lead {row}") for row in rows]),
        "digital": _compact(signal.T[rows]),
        "counts_per_mv": np.array([record.adc_gain[row] for row in rows]) / factors,
        "zero": np.array([record.baseline[row] for row in rows], dtype=np.float64),
        "missing": np.array([_MISSING.get(str(record.fmt[row]), _MISSING_16_BIT) for row in rows]),
    }


def _reference(annotation: Any) -> dict[str, NDArray[Any]]:
    notes = [(note or "").strip("\x00 ") for note in annotation.aux_note]
    return {
        "reference_samples": np.asarray(annotation.sample, dtype=np.int64),
        "reference_symbols": np.array(annotation.symbol, dtype=np.str_),
        "reference_notes": np.array(notes, dtype=np.str_),
    }


def _verify_checksums(signal: NDArray[Any], checksums: list[int | None] | None) -> None:
    """Compare with the header's sums, which are kept modulo 65536."""
    for column, expected in enumerate(checksums or []):
        if expected is not None and (int(signal[:, column].sum(dtype=np.int64)) - expected) % 2**16:
            raise RecordError(f"signal {column} does not match the checksum in its header")


def _compact(signal: NDArray[Any]) -> NDArray[Any]:
    fits = signal.min() >= -(2**15) and signal.max() < 2**15
    return np.ascontiguousarray(signal, dtype=np.int16 if fits else np.int32)


def main() -> int:
    """Read the record named on the command line; return the exit status."""
    try:
        arrays = read(sys.argv[1])
    except ImportError as error:
        sys.stderr.write(f"{error}\n")
        return MissingExtraError.exit_code
    except RecordError as error:
        sys.stderr.write(f"{error}\n")
        return RecordError.exit_code
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    sys.stdout.buffer.write(buffer.getbuffer())
    return 0


if __name__ == "__main__":
    sys.exit(main())
