"""Bytes out of a file: a capture of what a device sent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import BinaryIO

from ecgmon.firmware_bridge.errors import PortMissingError
from ecgmon.firmware_bridge.links.base import Chunk


class FileLink:
    """Read a capture from beginning to end, as fast as it is wanted.

    Parameters
    ----------
    path : Path
        The file.
    chunk_bytes : int
        Bytes read at once.
    """

    dropped_bytes = 0

    def __init__(self, path: Path, chunk_bytes: int = 4096) -> None:
        self.name = str(path)
        self._path = path
        self._chunk_bytes = chunk_bytes
        self._file: BinaryIO | None = None

    async def open(self) -> None:
        """Open the file."""
        try:
            self._file = await asyncio.to_thread(self._path.open, "rb")
        except OSError as error:
            raise PortMissingError(f"The capture {self.name} cannot be read: {error.strerror}.") from error

    async def read(self) -> Chunk | None:
        """Return the next bytes; None at the end."""
        assert self._file is not None
        data = await asyncio.to_thread(self._file.read, self._chunk_bytes)
        return Chunk(data, None) if data else None

    async def write(self, data: bytes) -> None:
        """Do nothing: a capture listens to nobody."""

    async def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
