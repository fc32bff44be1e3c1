"""Source that reads a device on a serial port, and keeps at it when the port goes away."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from ecgmon.firmware_bridge.decoders import device_kind, make_decoder, port_speed
from ecgmon.firmware_bridge.errors import LinkLostError, NoFramesError
from ecgmon.firmware_bridge.links import Chunk, FileLink, Link, SerialLink
from ecgmon.firmware_bridge.packet import Decoder
from ecgmon.monitor.core.errors import SettingsError, SourceError
from ecgmon.monitor.core.events import SampleBlock, SourceStatus
from ecgmon.monitor.core.options import near
from ecgmon.monitor.ingest.address import Address
from ecgmon.monitor.ingest.live import LiveDevice
from ecgmon.monitor.ingest.live_settings import SerialSettings
from ecgmon.monitor.ingest.settings import SourceSettings

SILENT_AFTER_S = 2.0
_FIRST_RETRY_S = 0.1
_STRANGE_BYTES = 1000
_STRANGE_S = 5.0
"""So many bytes over so long without one frame mean the wrong speed or device."""

Item = SampleBlock | SourceStatus


class SerialSource:
    """Read one device on a link of bytes.

    The first opening must succeed. A port that goes away later is opened again as soon
    as it is back; what was lost becomes a gap.

    Parameters
    ----------
    link : Link
        Where bytes come from.
    settings : SerialSettings
        Kind of device and the rest.
    clock : callable
        Returns seconds and never jumps; the same that stamps the link's chunks.

    Raises
    ------
    UnknownDeviceError
        If no decoder has the name.
    SettingsError
        If the decoder refuses an option.
    """

    def __init__(
        self, link: Link, settings: SerialSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = settings
        self.name = settings.name or link.name.rstrip("/").rpartition("/")[2]
        self.live = not isinstance(link, FileLink)
        self._link = link
        self._clock = clock
        self._decoder: Decoder = make_decoder(settings.device, settings.options)
        self._device = LiveDevice(self.name, settings.clock)
        self._reconnections = 0
        self._opened_s = 0.0
        self._report_due_s = 0.0
        self._received = 0
        self._waiting_said = False

    async def __aenter__(self) -> Self:
        """Open the port.

        Raises
        ------
        SourceError
            It cannot be opened; the kind of error says why.
        """
        await self._link.open()
        await self._opened()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Tell the device to stop and close the port."""
        if self._decoder.stop_command:
            with contextlib.suppress(SourceError):
                await self._link.write(self._decoder.stop_command)
        await self._link.close()

    async def __aiter__(self) -> AsyncIterator[Item]:
        """Yield blocks, and reports between them.

        Raises
        ------
        NoFramesError
            Bytes arrive, but never a frame.
        """
        while True:
            try:
                async for item in self._stream():
                    yield item
            except LinkLostError as error:
                detail = f"{error} Trying to open it again."
                yield self._device.status("reconnecting", detail, self._figures())
                await self._reopen()
            else:
                yield self._device.status("ended", f"{self._link.name} has ended", self._figures())
                return

    async def _stream(self) -> AsyncIterator[Item]:
        """Yield from a link that is open, until it ends."""
        again = self._reconnections > 0
        while True:
            try:
                async with asyncio.timeout(SILENT_AFTER_S):
                    chunk = await self._link.read()
            except TimeoutError:
                for item in await self._nothing_came():
                    yield item
                continue
            if chunk is None:
                return
            blocks = self._decoded(chunk)
            for block in blocks:
                yield block
            for news in self._device.news():
                yield news
            if blocks and again:
                again = False
                yield self._device.status("streaming", "the device is back", self._figures())
            elif self._clock() >= self._report_due_s and (blocks or not self._device.streaming):
                yield self._report()
            await asyncio.sleep(0)

    def _decoded(self, chunk: Chunk) -> list[SampleBlock]:
        self._received += len(chunk.data)
        packets = self._decoder.feed(chunk.data)
        if not self._decoder.counters.frames:
            self._check_speed()
        return self._device.blocks([(packets, chunk.time_s)], self._decoder.format)

    def _check_speed(self) -> None:
        """Refuse to go on with bytes that never make a frame."""
        watched_s = self._clock() - self._opened_s
        if self._received > _STRANGE_BYTES and watched_s > _STRANGE_S:
            device, baud = self.settings.device, _baud(self.settings)
            raise NoFramesError(
                f"{self._link.name} sends bytes ({self._received} so far) but no {device} frame.",
                f"Is {baud} its speed (baud=…), and {device} the right device (device=…)?",
            )

    async def _nothing_came(self) -> list[Item]:
        """Ask a silent device to start again; say once that it is silent."""
        await self._start()
        if self._device.streaming or self._waiting_said:
            return []
        self._waiting_said = True
        detail = f"{self._link.name} is open, but nothing comes. Is the device switched on?"
        return [self._device.status("silent", detail, self._figures())]

    def _report(self) -> SourceStatus:
        self._report_due_s = self._clock() + self.settings.report_s
        if self._device.streaming:
            return self._device.status("streaming", "", self._figures())
        detail = (
            "frames arrive; waiting for the hello that tells rate and gain (or set fs_hz and uv_per_count)"
        )
        if not self._decoder.counters.frames:
            detail = "bytes arrive; looking for the first frame"
        return self._device.status("connecting", detail, self._figures())

    async def _reopen(self) -> None:
        """Open the port as soon as it is back."""
        wait_s = _FIRST_RETRY_S
        while True:
            await self._link.close()
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, self.settings.retry_s)
            try:
                await self._link.open()
                await self._opened()
            except SourceError:
                continue
            self._reconnections += 1
            self._device.reconnected()
            return

    async def _opened(self) -> None:
        """Begin afresh on a link that has just been opened."""
        self._decoder.reset()
        self._opened_s = self._clock()
        self._report_due_s = self._opened_s + min(self.settings.report_s, SILENT_AFTER_S)
        await self._start()

    async def _start(self) -> None:
        if self._decoder.start_command:
            await self._link.write(self._decoder.start_command)

    def _figures(self) -> dict[str, float]:
        counters = self._decoder.counters
        return {
            "resyncs": float(counters.resyncs),
            "bad_frames": float(counters.bad_frames),
            "skipped_bytes": float(counters.skipped_bytes),
            "dropped_bytes": float(self._link.dropped_bytes),
            "reconnections": float(self._reconnections),
        }


def _baud(settings: SerialSettings) -> int:
    return settings.baud or port_speed(settings.device, settings.options)


def open_serial(address: Address, settings: SourceSettings) -> SerialSource:
    """Return the source of a ``serial:`` address.

    What the address's options do not say to the source goes to the decoder. A path that
    is a plain file is read as a capture.

    Raises
    ------
    UsageError, SettingsError
        An option of the address is refused.
    UnknownDeviceError
        No decoder has the name given.
    """
    own = {key: value for key, value in address.options.items() if key in SerialSettings.model_fields}
    rest = {key: value for key, value in address.options.items() if key not in own}
    chosen = Address(address.text, address.scheme, address.path, options=own).apply(settings.serial)
    chosen = chosen.model_copy(update={"options": {**chosen.options, **rest}})
    known = {*SerialSettings.model_fields, *device_kind(chosen.device).settings.model_fields}
    for key in rest:
        if key not in known:
            raise SettingsError(f"Device {chosen.device}: unknown option {key}. {near(known, key)}")
    path = Path(address.path)
    if path.is_file():
        return SerialSource(FileLink(path), chosen)
    return SerialSource(SerialLink(address.path, _baud(chosen), gather_s=chosen.gather_s), chosen)
