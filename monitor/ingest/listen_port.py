"""Listens at a port, or reads a capture, and finds the speed at which something is understood."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from ecgmon.firmware_bridge.decoders import make_decoder, port_speed
from ecgmon.firmware_bridge.errors import LinkLostError
from ecgmon.firmware_bridge.links import Chunk, FileLink, Link, SerialLink
from ecgmon.monitor.core.errors import SettingsError, SourceError
from ecgmon.monitor.ingest.address import Address
from ecgmon.monitor.ingest.listen_trials import UNDERSTOOD, best_share
from ecgmon.monitor.ingest.live_settings import SerialSettings

SPEEDS = (115_200, 57_600, 9600, 230_400, 921_600, 38_400, 19_200, 460_800)
"""Speeds in baud that are tried, those first that most boards have."""

_GLANCE_S = 1.5
_BOOT_S = 2.5
"""How long a board is silent whose port has just been opened."""
_TICK_S = 0.25
_LEAST_BYTES = 64
_MOST_BYTES = 1 << 20

Tell = Callable[[str], None]
"""Takes one line on how far it has come."""


@runtime_checkable
class HasSpeed(Protocol):
    """A link whose speed can be changed while it is open."""

    async def set_speed(self, baud: int) -> None:
        """Go on at another speed in bits a second."""
        ...


@dataclass(slots=True)
class Heard:
    """What came over a link.

    Parameters
    ----------
    name : str
        Port or file.
    baud : int or None
        Speed of the port in bits a second; None where there is none.
    live : bool
        It was heard, and not read from a file.
    seconds : float
        How long was listened.
    chunks : list of Chunk
        What came.
    ended : str
        Why it ended early; empty if it did not.
    """

    name: str
    baud: int | None = None
    live: bool = True
    seconds: float = 0.0
    chunks: list[Chunk] = field(default_factory=list)
    ended: str = ""

    @property
    def n_bytes(self) -> int:
        """Bytes that came."""
        return sum(len(chunk.data) for chunk in self.chunks)


@dataclass(frozen=True, slots=True)
class PortWanted:
    """What is said of a port.

    Parameters
    ----------
    path : str
        Port or capture.
    device : str
        The only device that comes into question; empty if it is not said.
    baud : int or None
        Speed, if it is said.
    options : mapping of str to str
        Options of the decoder.
    """

    path: str
    device: str = ""
    baud: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, address: Address) -> PortWanted:
        """Return what an address says.

        Raises
        ------
        UsageError, UnknownDeviceError, SettingsError
            An option is refused, or the device does not exist.
        """
        own = {key: value for key, value in address.options.items() if key in SerialSettings.model_fields}
        rest = {key: value for key, value in address.options.items() if key not in own}
        said = Address(address.text, address.scheme, address.path, options=own).apply(SerialSettings())
        return cls(address.path, own.get("device", ""), said.baud, rest)

    @property
    def speeds(self) -> tuple[int, ...]:
        """Speeds to try: the one that is said, else that of the device first."""
        if self.baud is not None:
            return (self.baud,)
        if not self.device:
            return SPEEDS
        try:
            first = port_speed(self.device, self.options)
        except SettingsError:  # one of its options is still to be found out
            return SPEEDS
        return (first, *(baud for baud in SPEEDS if baud != first))


async def hear(wanted: PortWanted, seconds: float, tell: Tell, stop: asyncio.Event) -> Heard:
    """Listen at a port, or read the first mebibyte of a capture.

    Parameters
    ----------
    wanted : PortWanted
        Where, and what is known of it.
    seconds : float
        How long to listen, once the speed is found.
    tell : callable
        Is told how far it has come.
    stop : asyncio.Event
        Ends it early.

    Raises
    ------
    SourceError
        The port cannot be opened.
    """
    path = Path(wanted.path)
    if await asyncio.to_thread(path.is_file):
        return await _read_file(path)
    first = wanted.speeds[0]
    return await hear_link(SerialLink(wanted.path, first), wanted, seconds, tell, stop)


async def _read_file(path: Path) -> Heard:
    link = FileLink(path)
    heard = Heard(link.name, live=False)
    await link.open()
    try:
        while heard.n_bytes < _MOST_BYTES and (chunk := await link.read()) is not None:
            heard.chunks.append(chunk)
    finally:
        await link.close()
    return heard


async def hear_link(link: Link, wanted: PortWanted, seconds: float, tell: Tell, stop: asyncio.Event) -> Heard:
    """Listen at a link; without a speed that is said, try those that boards have.

    Parameters
    ----------
    link : Link
        Opened and closed here.
    wanted, seconds, tell, stop
        As of `hear`.

    Raises
    ------
    SourceError
        It cannot be opened.
    """
    await link.open()
    command, farewell = _commands(wanted)
    try:
        glance = await _find_speed(link, wanted, command, tell, stop)
        heard = glance if stop.is_set() else await _listen(link, glance.baud, seconds, command, tell, stop)
        if farewell and not heard.ended:
            await link.write(farewell)
    finally:
        await link.close()
    return heard


def _commands(wanted: PortWanted) -> tuple[bytes, bytes]:
    """Return what starts and stops the device that the user names; nothing is sent to a stranger."""
    if not wanted.device:
        return b"", b""
    try:
        decoder = make_decoder(wanted.device, wanted.options)
    except SettingsError:  # one of its options is still to be found out
        return b"", b""
    return decoder.start_command, decoder.stop_command


async def _find_speed(
    link: Link, wanted: PortWanted, command: bytes, tell: Tell, stop: asyncio.Event
) -> Heard:
    """Return what came at the speed at which most is understood, the port set to it."""
    speeds = wanted.speeds
    if not isinstance(link, HasSpeed) or not _has_speed(link.name):
        return Heard(link.name)
    if len(speeds) == 1:
        return Heard(link.name, speeds[0])
    heard: list[Heard] = []
    for baud in speeds:
        if stop.is_set():
            break
        with contextlib.suppress(SourceError):  # not every port has every speed
            await link.set_speed(baud)
            heard.append(await _listen(link, baud, _GLANCE_S, command, tell, stop))
            if not any(one.n_bytes for one in heard):
                heard.append(await _listen(link, baud, _BOOT_S, command, tell, stop))
                if not heard[-1].n_bytes:
                    break  # who is silent is so at any speed
            if heard[-1].n_bytes >= _LEAST_BYTES and _share(heard[-1], wanted) >= UNDERSTOOD:
                return heard[-1]
    best = max(heard, key=lambda one: _share(one, wanted), default=Heard(link.name, speeds[0]))
    await link.set_speed(best.baud or speeds[0])
    return best


def _share(heard: Heard, wanted: PortWanted) -> float:
    return best_share(heard.chunks, wanted.device, wanted.options)


def _has_speed(path: str) -> bool:
    """Say whether the speed of a port means something: not on a pseudo-terminal or a socket."""
    if "://" in path:
        return path.startswith("rfc2217://")
    with contextlib.suppress(OSError):
        return not str(Path(path).resolve()).startswith("/dev/pts/")
    return True


async def _listen(
    link: Link, baud: int | None, seconds: float, command: bytes, tell: Tell, stop: asyncio.Event
) -> Heard:
    heard = Heard(link.name, baud)
    if command:
        await link.write(command)
    began_s = time.monotonic()
    at = f" at {baud} baud" if baud else ""
    try:
        async for chunk in _until(link, began_s + seconds, stop):
            if chunk is not None and heard.n_bytes < _MOST_BYTES:
                heard.chunks.append(chunk)
            heard.seconds = time.monotonic() - began_s
            tell(f"listening{at}: {heard.seconds:.0f} of {seconds:.0f} s, {heard.n_bytes} bytes")
    except LinkLostError as error:
        heard.ended = str(error)
    return heard


async def _until(link: Link, end_s: float, stop: asyncio.Event) -> AsyncIterator[Chunk | None]:
    """Yield what comes, and None four times a second while nothing does."""
    while time.monotonic() < end_s and not stop.is_set():
        try:
            async with asyncio.timeout(min(_TICK_S, max(0.01, end_s - time.monotonic()))):
                chunk = await link.read()
        except TimeoutError:
            yield None
            continue
        if chunk is None:
            return
        yield chunk
