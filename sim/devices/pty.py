"""A virtual device on a pseudo-terminal: to a program it is a serial port like any other."""

from __future__ import annotations

import contextlib
import os
import select
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from ecgmon.monitor.core.platform import open_terminal, terminal_is_open
from ecgmon.sim.devices.device import VirtualDevice

_TICK_S = 0.01


class PtyDevice:
    """Let a virtual device live on a pty until it has sent everything or is closed.

    It gets power when somebody first opens its port.

    Parameters
    ----------
    device : VirtualDevice
        The device.
    link : Path, optional
        Name under which the port is found; in a temporary folder by default. It
        disappears while the device is unplugged.
    speed : float
        Times the speed of life.

    Raises
    ------
    PlatformError
        This system has no pseudo-terminals; raised when it is plugged in.
    """

    def __init__(self, device: VirtualDevice, link: Path | None = None, speed: float = 1.0) -> None:
        self.device = device
        self._folder = None if link is not None else tempfile.TemporaryDirectory(prefix="ecgmon-")
        self.path = link if link is not None else Path(self._folder.name if self._folder else ".") / "ttyECG0"
        self._speed = speed
        self._master: int | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._live, name="virtual device", daemon=True)

    def __enter__(self) -> Self:
        """Plug the device in."""
        self._plug()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Pull it out for good."""
        self._stop.set()
        self._thread.join(5.0)
        self._unplug()
        if self._folder is not None:
            self._folder.cleanup()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until everything has been sent; return False if it has not."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _plug(self) -> None:
        self._master, name = open_terminal("a virtual device on a pseudo-terminal")
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(name)

    def _unplug(self) -> None:
        if self._master is not None:
            self.path.unlink(missing_ok=True)
            os.close(self._master)
            self._master = None

    def _live(self) -> None:
        while not self._listened():
            if self._stop.wait(_TICK_S):
                return
        began = time.monotonic() + 20 * _TICK_S
        while not self._stop.wait(_TICK_S) and not self.device.finished:
            now_s = (time.monotonic() - began) * self._speed
            if now_s < 0:
                continue
            self._obey()
            data = self.device.advance(now_s)
            gone = self.device.unplugged()
            if gone and self._master is not None:
                self._unplug()
            elif not gone and self._master is None:
                self._plug()
            self._send(data)
        self._drain()

    def _listened(self) -> bool:
        """Say whether a program has the port open."""
        return self._master is not None and terminal_is_open(self._master)

    def _obey(self) -> None:
        if self._master is not None and self._listened():
            with contextlib.suppress(BlockingIOError, OSError):
                self.device.receive(os.read(self._master, 256))

    def _send(self, data: bytes) -> None:
        """Write while somebody listens; a port that nobody reads loses what is written."""
        while data and self._master is not None and self._listened() and not self._stop.is_set():
            try:
                data = data[os.write(self._master, data) :]
            except BlockingIOError:
                select.select([], [self._master], [], _TICK_S)
            except OSError:
                return

    def _drain(self) -> None:
        """Keep the port for a moment, so that the last bytes are read."""
        self._stop.wait(0.5)
