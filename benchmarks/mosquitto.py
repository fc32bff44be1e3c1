"""A mosquitto of a benchmark's own."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

STARTS_S = 1.0


def free_port() -> int:
    """Return a port of the loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def mosquitto(folder: Path, *lines: str) -> Iterator[int]:
    """Run a broker and give its port.

    Parameters
    ----------
    folder : Path
        Gets its configuration.
    *lines : str
        What stands in it beside the port.
    """
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if found is None:
        sys.exit("mosquitto is not installed")
    port = free_port()
    config = folder / "mosquitto.conf"
    config.write_text("\n".join((f"listener {port} 127.0.0.1", "allow_anonymous true", *lines, "")))
    server = subprocess.Popen([found, "-c", config], stderr=subprocess.DEVNULL)
    try:
        time.sleep(STARTS_S)
        yield port
    finally:
        server.kill()
        server.wait()
