"""Writes files whole: who reads one finds the old or the new, never half of it."""

from __future__ import annotations

import os
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
