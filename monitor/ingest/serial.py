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
from ecgmon.firmware_bridge.packet import Decoder, trouble_of
from ecgmon.monitor.core.errors import SettingsError, SourceError
from ecgmon.monitor.core.events import SampleBlock, SourceStatus
from ecgmon.monitor.core.options import near
from ecgmon.monitor.ingest.address import Address
from ecgmon.monitor.ingest.legibility import MOSTLY, Legibility, complaint
from ecgmon.monitor.ingest.live import LiveDevice
from ecgmon.monitor.ingest.live_settings import SerialSettings
from ecgmon.monitor.ingest.settings import SourceSettings

SILENT_AFTER_S = 2.0
_FIRST_RETRY_S = 0.1
_TICK_S = 0.5
_LEAST_BYTES = 200
"""Fewest bytes in some seconds of which it can be said how many were refused."""

_NO_HELLO = "Rate and gain are told by a hello that has not come; or set fs_hz and uv_per_count."

Item = SampleBlock | SourceStatus


class SerialSource:
    """Read one device on a link of bytes.

    The first opening must succeed. A port that goes away later is opened again as soon
    as it is back; what was lost becomes a gap. Bytes that are not understood are said, as
    link state ``unreadable``, and do not end the source: the device is taken as soon as it
    speaks properly.

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
        self._report_due_s = 0.0
        self._received = 0
        self._latest = b""
        self._legibility = Legibility(_LEAST_BYTES)
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
            A capture holds nothing that can be read.
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
                yield self._device.status("ended", self._end(), self._figures())
                return

    async def _stream(self) -> AsyncIterator[Item]:
        """Yield from a link that is open, until it ends."""
        again = self._reconnections > 0
        quiet_s = 0.0
        while True:
            try:
                async with asyncio.timeout(_TICK_S):
                    chunk = await self._link.read()
            except TimeoutError:
                quiet_s += _TICK_S
                if quiet_s >= SILENT_AFTER_S:
                    quiet_s = 0.0
                    for item in await self._nothing_came():
                        yield item
                for item in self._verdict():
                    yield item
                continue
            if chunk is None:
                return
            quiet_s = 0.0
            blocks = self._decoded(chunk)
            for block in blocks:
                yield block
            for news in self._device.news():
                yield news
            verdict = self._verdict()
            for item in verdict:
                yield item
            if blocks and again:
                again = False
                yield self._device.status("streaming", "the device is back", self._figures())
            elif not verdict and self._clock() >= self._report_due_s and self._has_news(blocks):
                yield self._report()
            await asyncio.sleep(0)

    def _decoded(self, chunk: Chunk) -> list[SampleBlock]:
        self._received += len(chunk.data)
        refused = self._decoder.counters.skipped_bytes
        packets = self._decoder.feed(chunk.data)
        refused = self._decoder.counters.skipped_bytes - refused
        if not packets or refused:
            self._latest = chunk.data
        if self.live:
            now_s = self._clock()
            self._legibility.take(now_s, arrived=len(chunk.data), refused=refused, samples=bool(packets))
        return self._device.blocks([(packets, chunk.time_s)], self._decoder.format)

    def _has_news(self, blocks: list[SampleBlock]) -> bool:
        """Tell whether a report is worth it: not while it is not yet known what comes."""
        return bool(blocks) or self._legibility.unreadable or not self._device.streaming

    def _verdict(self) -> list[Item]:
        """Say it when what comes can no longer be read, and when it can be again."""
        if not self._legibility.judge(self._clock()):
            return []
        if self._legibility.unreadable:
            return [self._report()]
        return [self._device.status("streaming", "what comes can be read again", self._figures())]

    def _complaint(self) -> str:
        """Say in one line what comes, that it is not understood, and what to do."""
        counters, device, link = self._decoder.counters, self.settings.device, self._link.name
        if not counters.frames:
            what = f"{link} sends bytes ({self._received} so far) but no {device} frame"
        elif not self._device.streaming:
            what = f"{device} frames come from {link}, but no samples"
            if not counters.skipped_bytes:
                return f"{what}. {_NO_HELLO}"
        else:
            what = f"of {self._received} bytes from {link}, {counters.skipped_bytes} are not understood"
        hint = f"Is {_baud(self.settings)} its speed (baud=…), and {device} the right device (device=…)?"
        if not self.live:
            hint = f"Is {device} the device that sent it (device=…)?"
        return complaint(what, trouble_of(self._decoder), self._latest, hint)

    def _end(self) -> str:
        """Return what to say at the end of the link.

        Raises
        ------
        NoFramesError
            It is that of a capture of which not one sample came.
        """
        detail = f"{self._link.name} has ended"
        if self.live:
            return detail
        if not self._received:
            raise NoFramesError(f"The capture {self._link.name} is empty.")
        if not self._device.streaming:
            raise NoFramesError(self._complaint())
        refused = self._decoder.counters.skipped_bytes
        return f"{detail}: {self._complaint()}" if refused >= MOSTLY * self._received else detail

    async def _nothing_came(self) -> list[Item]:
        """Ask a silent device to start again; say once that it is silent."""
        await self._start()
        if self._received or self._waiting_said:
            return []
        self._waiting_said = True
        detail = f"{self._link.name} is open, but nothing comes. Is the device switched on?"
        return [self._device.status("silent", detail, self._figures())]

    def _report(self) -> SourceStatus:
        self._report_due_s = self._clock() + self.settings.report_s
        if self._legibility.unreadable:
            return self._device.status("unreadable", self._complaint(), self._figures())
        if self._device.streaming:
            return self._device.status("streaming", "", self._figures())
        detail = "frames arrive, but no samples yet"
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
        self._legibility.restart()
        self._report_due_s = self._clock() + min(self.settings.report_s, SILENT_AFTER_S)
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
