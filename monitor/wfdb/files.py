"""Reads the files of a record, and none that would hang or fill the memory."""

from __future__ import annotations

import stat
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.wfdb.header import DamagedError

MOST_BYTES = 2**32
"""Larger signal files are refused; a day of twelve leads at 1000 Hz has half of that."""


def read_bytes(path: Path, what: str, *, offset: int = 0, count: int = -1) -> NDArray[np.uint8]:
    """Read a regular file or a part of it.

    Parameters
    ----------
    path : Path
        The file.
    what : str
        What it is to the record, for the message.
    offset, count : int
        Where to begin, and how many bytes; all by default.

    Raises
    ------
    DamagedError
        It is missing, may not be read, is a pipe or folder, or is very large.
    """
    size = size_of(path, what)
    wanted = size - offset if count < 0 else min(count, size - offset)
    if wanted > MOST_BYTES:
        raise DamagedError(f"{what} {path.name} is larger than {MOST_BYTES >> 30} GiB; cut it into segments")
    try:
        return np.fromfile(path, np.uint8, max(0, wanted), offset=offset)
    except OSError as error:
        raise DamagedError(f"{what} {path.name} cannot be read ({error.strerror})") from error


def size_of(path: Path, what: str) -> int:
    """Return the size of a regular file in bytes.

    Raises
    ------
    DamagedError
        It is missing, may not be looked at, or is a pipe, device or folder.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        raise DamagedError(f"{what} {path.name} is missing") from None
    except (OSError, ValueError) as error:
        raise DamagedError(f"{what} {path.name} cannot be read ({error})") from error
    # opening a pipe would wait for its other end
    if not stat.S_ISREG(status.st_mode):
        raise DamagedError(f"{what} {path.name} is not a regular file")
    return status.st_size


def inside(folder: Path, file: str) -> Path:
    """Return the path of a file that a header names.

    Raises
    ------
    DamagedError
        It leads out of the record's folder.
    """
    parts = PurePosixPath(file).parts
    if file.startswith("/") or ".." in parts or "\0" in file or not parts:
        raise DamagedError(f"its header names a file outside its folder: {file[:60]!r}")
    return folder / file
