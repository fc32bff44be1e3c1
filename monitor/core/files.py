"""Reads small files safely, and writes files whole: a reader finds the old or the new, never half of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecgmon.monitor.core.platform import set_mode


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path to write to; what was written there takes the place of ``path`` if nothing failed.

    The path given lies in the same folder, which is made if need be, and ends in the same suffix.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".part-{path.name}")
    try:
        yield part
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    part.replace(path)


def replace_file(path: Path, data: bytes, durable: bool = False, mode: int | None = None) -> None:
    """Write a file in the place of one that may be there.

    Parameters
    ----------
    path : Path
        The file.
    data : bytes
        What it shall hold.
    durable : bool
        Wait until the disk has it, so that it outlives a power cut.
    mode : int, optional
        Permissions; those of any new file by default.

    Raises
    ------
    OSError
        It cannot be written; what was there stays.
    """
    with replacing(path) as part, part.open("wb") as stream:
        if mode is not None:
            set_mode(stream.fileno(), mode)
        stream.write(data)
        if durable:
            stream.flush()
            os.fsync(stream.fileno())


def read_small_text(path: Path, most_bytes: int) -> str:
    """Return the text of a small file that a person wrote, without a byte order mark.

    Parameters
    ----------
    path : Path
        An ordinary file, or the null device. Folders, pipes and other devices are refused, and nothing
        is waited for.
    most_bytes : int
        A larger file is refused.

    Raises
    ------
    ValueError
        It cannot be read; the message says why, as the end of a sentence without a full stop.
    """
    try:
        # opened without waiting: a pipe that nobody writes to would hang here for ever
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            data = _all_of(descriptor, most_bytes)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 text (byte {error.start}); save it as UTF-8") from error


def _all_of(descriptor: int, most_bytes: int) -> bytes:
    """Return what an open file holds, or raise ValueError if it is none to be read whole."""
    kind = os.fstat(descriptor)
    if stat.S_ISDIR(kind.st_mode):
        raise ValueError("it is a folder")
    if not stat.S_ISREG(kind.st_mode) and not os.path.samestat(kind, os.stat(os.devnull)):  # noqa: PTH116
        raise ValueError("it is not an ordinary file; write what it gives into one first")
    with os.fdopen(descriptor, "rb", closefd=False) as stream:
        data = stream.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise ValueError(f"it holds more than {most_bytes} bytes")
    return data
