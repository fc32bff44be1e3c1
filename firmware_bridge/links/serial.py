"""Serial ports behind an async interface: one reader thread, a bounded queue."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import serial

from ecgmon.firmware_bridge.errors import LinkLostError, PortBusyError, PortDeniedError, PortMissingError
from ecgmon.firmware_bridge.links.base import Chunk
from ecgmon.monitor.core.errors import SourceError
from ecgmon.monitor.core.platform import group_of

_POLL_S = 0.2
_MAX_QUEUED_BYTES = 1 << 22
_NETWORK_BYTES = 1 << 16


class SerialLink:
    """A serial port, or anything pyserial opens by URL.

    Parameters
    ----------
    url : str
        Such as ``/dev/ttyUSB0``, ``socket://host:port``, ``rfc2217://host:port`` or
        ``loop://``.
    baud : int
        Speed in bits a second.
    gather_s : float
        How long to wait for more bytes behind the first, in seconds.
    clock : callable
        Returns seconds and never jumps; stamps the chunks.
    """

    def __init__(
        self,
        url: str,
        baud: int = 115200,
        *,
        gather_s: float = 0.04,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = url
        self.dropped_bytes = 0
        self._baud = baud
        self._gather_s = gather_s
        self._clock = clock
        self._port: Any = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._queue: deque[Chunk] = deque()
        self._queued = 0
        self._error: Exception | None = None
        self._arrived = asyncio.Event()

    async def open(self) -> None:
        """Open the port for ourselves alone and start to read.

        Raises
        ------
        PortMissingError, PortBusyError, PortDeniedError, SourceError
            It cannot be opened.
        """
        self._port = await asyncio.to_thread(_open_port, self.name, self._baud)
        self._stop.clear()
        self._queue.clear()
        self._queued, self._error = 0, None
        self._arrived.clear()
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(
            target=self._read_on, args=(loop,), name=f"read {self.name}", daemon=True
        )
        self._thread.start()

    async def read(self) -> Chunk | None:
        """Wait for bytes.

        Raises
        ------
        LinkLostError
            The port is gone.
        """
        while not self._queue:
            if self._error is not None:
                raise LinkLostError(f"The port {self.name} is gone ({self._error}).")
            self._arrived.clear()
            await self._arrived.wait()
        chunk = self._queue.popleft()
        self._queued -= len(chunk.data)
        return chunk

    async def write(self, data: bytes) -> None:
        """Send bytes.

        Raises
        ------
        LinkLostError
            The port is gone.
        """
        if self._port is None:
            raise LinkLostError(f"The port {self.name} is not open.")
        try:
            await asyncio.to_thread(self._port.write, data)
        except (OSError, TypeError) as error:
            raise LinkLostError(f"The port {self.name} is gone ({error}).") from error

    async def set_speed(self, baud: int) -> None:
        """Go on at another speed, in bits a second; what came at the old one is thrown away.

        The port stays open, so that a board that starts anew when its port is opened does not.

        Raises
        ------
        LinkLostError
            The port is not open.
        SourceError
            It does not run at this speed.
        """
        if self._port is None:
            raise LinkLostError(f"The port {self.name} is not open.")
        self._baud = baud
        try:
            await asyncio.to_thread(setattr, self._port, "baudrate", baud)
            await asyncio.to_thread(self._port.reset_input_buffer)
        except Exception as error:  # pyserial passes on what the system raises, termios.error too
            raise SourceError(f"{self.name} does not run at {baud} baud ({error}).") from error
        self._queue.clear()
        self._queued = 0

    async def close(self) -> None:
        """Stop reading and close the port."""
        self._stop.set()
        port, thread = self._port, self._thread
        self._port = self._thread = None
        if port is None:
            return
        with contextlib.suppress(AttributeError, OSError):
            port.cancel_read()
        if thread is not None:
            await asyncio.to_thread(thread.join, 2 * _POLL_S + self._gather_s)
        with contextlib.suppress(OSError):
            await asyncio.to_thread(port.close)

    def _read_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Read until told to stop or the port is gone; runs in the thread."""
        port = self._port
        try:
            while not self._stop.is_set():
                data = port.read(1)
                if not data:
                    continue
                chunk = Chunk(bytes(data + self._more(port)), self._clock())
                loop.call_soon_threadsafe(self._put, chunk)
        except Exception as error:  # pyserial raises TypeError and others when a port vanishes
            if not self._stop.is_set():
                self._error = error
                with contextlib.suppress(RuntimeError):  # the loop has closed
                    loop.call_soon_threadsafe(self._arrived.set)

    def _more(self, port: Any) -> bytes:
        """Return what comes just behind a first byte."""
        if "://" not in self.name:
            self._stop.wait(self._gather_s)
            waiting = port.in_waiting
            return bytes(port.read(waiting)) if waiting else b""
        port.timeout = self._gather_s  # network ports cannot say how much is waiting
        more = bytes(port.read(_NETWORK_BYTES))
        port.timeout = _POLL_S
        return more

    def _put(self, chunk: Chunk) -> None:
        """Queue a chunk, the oldest going when there is no room."""
        self._queue.append(chunk)
        self._queued += len(chunk.data)
        while self._queued > _MAX_QUEUED_BYTES:
            oldest = self._queue.popleft()
            self._queued -= len(oldest.data)
            self.dropped_bytes += len(oldest.data)
        self._arrived.set()


def _open_port(url: str, baud: int) -> Any:
    """Open a port and turn failures into errors that help."""
    options: dict[str, Any] = {"baudrate": baud, "timeout": _POLL_S, "write_timeout": 2.0}
    if "://" not in url:
        options["exclusive"] = True
    try:
        return serial.serial_for_url(url, **options)
    except serial.SerialException as error:
        raise _explained(url, error) from error
    except (OSError, ValueError) as error:
        raise SourceError(f"{url} cannot be opened: {error}.") from error


def _explained(url: str, error: serial.SerialException) -> SourceError:
    code = error.errno
    if code == errno.ENOENT or (code is None and "://" not in url and not os.path.exists(url)):  # noqa: PTH110
        return PortMissingError(
            f"There is no port {url}.", "Is the device plugged in? 'ecgmon devices' lists the ports."
        )
    if code in (errno.EACCES, errno.EPERM):
        return PortDeniedError(f"You may not open {url}.", _group_hint(url))
    if code in (errno.EBUSY, errno.EAGAIN):
        return PortBusyError(
            f"{url} is in use by another program.", "Close it (a serial monitor, perhaps) and try again."
        )
    return SourceError(f"{url} cannot be opened: {error}.")


def _group_hint(path: str) -> str:
    """Name the group that may open a port."""
    group = group_of(path) or "dialout"
    return f"Join the group {group!r} (sudo usermod -aG {group} $USER), then log in again."
