"""Bytes from memory, for tests: whoever holds it plays the device."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from ecgmon.firmware_bridge.errors import LinkLostError
from ecgmon.firmware_bridge.links.base import Chunk


class MemoryLink:
    """A link without hardware.

    Parameters
    ----------
    name : str
        What to call it in messages.
    clock : callable
        Returns seconds; stamps the chunks.

    Attributes
    ----------
    written : bytearray
        What the host sent.
    """

    dropped_bytes = 0

    def __init__(self, name: str = "memory", clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.written = bytearray()
        self._clock = clock
        self._queue: asyncio.Queue[Chunk | LinkLostError | None] = asyncio.Queue()
        self._plugged = True

    def feed(self, data: bytes, time_s: float | None = None) -> None:
        """Let bytes arrive, now or at a time given."""
        self._queue.put_nowait(Chunk(data, self._clock() if time_s is None else time_s))

    def end(self) -> None:
        """Let the link end."""
        self._queue.put_nowait(None)

    def unplug(self) -> None:
        """Let the link be lost until it is plugged in again."""
        self._plugged = False
        self._queue.put_nowait(LinkLostError(f"{self.name} is gone."))

    def plug(self) -> None:
        """Let the link be opened again."""
        self._plugged = True

    async def open(self) -> None:
        """Open if plugged in."""
        if not self._plugged:
            raise LinkLostError(f"{self.name} is not plugged in.")

    async def read(self) -> Chunk | None:
        """Return what was fed."""
        item = await self._queue.get()
        if isinstance(item, LinkLostError):
            raise item
        return item

    async def write(self, data: bytes) -> None:
        """Keep what was sent."""
        self.written += data

    async def close(self) -> None:
        """Do nothing."""
