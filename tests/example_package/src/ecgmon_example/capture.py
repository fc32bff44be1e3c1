"""A source: ``capture:FILE?device=belt&name=bed7`` plays what a device once sent, as fast as possible."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import Field

from ecgmon.firmware_bridge.decoders import make_decoder
from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.errors import SourceError
from ecgmon.monitor.core.events import SampleBlock
from ecgmon.monitor.ingest.address import Address
from ecgmon.monitor.ingest.settings import SourceSettings


class CaptureSettings(Settings):
    """What an address may say behind the question mark.

    Parameters
    ----------
    device : str
        Kind of device that sent the bytes.
    name : str
        Name the events carry.
    chunk_bytes : int
        Bytes read at once.
    """

    device: str = "belt"
    name: str = Field(default="capture", pattern=r"^[\w.:-]+$")
    chunk_bytes: int = Field(default=4096, ge=1)


class CaptureSource:
    """Plays one file to its end; lost frames, told by their counter, become a gap."""

    live = False

    def __init__(self, path: Path, settings: CaptureSettings) -> None:
        self.name = settings.name
        self._path = path
        self._settings = settings
        self._decoder = make_decoder(settings.device, {})

    async def __aenter__(self) -> Self:
        """Look whether there is something to play."""
        if not self._path.is_file():
            raise SourceError(f"There is no capture {self._path}.", "Name a file that exists.")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held that needs closing."""

    async def __aiter__(self) -> AsyncIterator[SampleBlock]:
        """Yield a block for each packet."""
        start, expected = 0, None
        form = self._decoder.format
        with self._path.open("rb") as file:
            while data := file.read(self._settings.chunk_bytes):
                for packet in self._decoder.feed(data):
                    if packet.seq is not None and form.seq_modulus is not None:
                        if expected is not None:
                            start += (packet.seq - expected) % form.seq_modulus * packet.n_samples
                        expected = (packet.seq + 1) % form.seq_modulus
                    yield SampleBlock(packet.samples_mv, start, form.fs_hz or 1.0, self.name, form.leads)
                    start += packet.n_samples
                await asyncio.sleep(0)


def open_capture(address: Address, _: SourceSettings) -> CaptureSource:
    """Return the source of a ``capture:`` address."""
    return CaptureSource(Path(address.path), address.apply(CaptureSettings()))
