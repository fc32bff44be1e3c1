"""Program that reads the signals of one record with the wfdb package and writes them to standard output.

Run as ``python -P -m ecgmon.monitor.wfdb.foreign_reader PATH``; `ecgmon.monitor.wfdb.foreign` starts it.
The last line on standard error tells what is wrong.
"""

from __future__ import annotations

import io
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.errors import MissingExtraError, RecordError


def read(stem: str) -> dict[str, NDArray[Any]]:
    """Return the record's signals as stored, all samples of each frame, before any skew.

    Raises
    ------
    ImportError
        The wfdb package is not installed.
    RecordError
        It cannot read the record.
    """
    import wfdb  # noqa: PLC0415 - its absence is an answer, not an accident

    try:
        record = wfdb.rdrecord(stem, physical=False, smooth_frames=False, ignore_skew=True)
    except Exception as error:  # the parser can fail on damaged input anywhere, in any way
        raise RecordError(
            "its signal file is missing, truncated, does not fit its header, or is of a format that "
            f"the wfdb package does not read either ({type(error).__name__}: {error})"
        ) from error
    return {f"signal_{number}": _compact(signal) for number, signal in enumerate(record.e_d_signal)}


def _compact(signal: NDArray[Any]) -> NDArray[Any]:
    fits = signal.size == 0 or (signal.min() >= -(2**15) and signal.max() < 2**15)
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
