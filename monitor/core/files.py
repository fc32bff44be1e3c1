"""Reads small files safely, and writes files whole: a reader finds the old or the new, never half of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
            os.fchmod(stream.fileno(), mode)
        stream.write(data)
        if durable:
            stream.flush()
            os.fsync(stream.fileno())


def read_small_text(path: Path, most_bytes: int) -> str:
    """Return the text of a small file that a person wrote, without a byte order mark.

    Parameters
    ----------
    path : Path
        An ordinary file: what is a folder, a pipe or a device is refused, and nothing is waited for.
    most_bytes : int
        A file that is larger is refused before it is read.

    Raises
    ------
    ValueError
        It cannot be read; the message says why, as the end of a sentence without a full stop.
    """
    try:
        # opened without waiting: a pipe that nobody writes to would hang here for ever
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as stream:  # noqa: PTH123 - of a descriptor
            kind = os.fstat(descriptor)
            if not stat.S_ISREG(kind.st_mode):
                raise ValueError("it is not an ordinary file")
            if kind.st_size > most_bytes:
                raise ValueError(f"it holds {kind.st_size} bytes, and {most_bytes} are the most")
            data = stream.read(most_bytes)
    except OSError as error:
        raise ValueError("it is a folder" if path.is_dir() else error.strerror or str(error)) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
