"""Runs the program as if it were on another system: ``other_system.py SYSTEM CODE``.

What that system has not is taken away: modules, functions, sockets, signals. Packages of others are
imported before, as they choose their own code for the system they are on.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import select
import signal
import socket
import sys
from functools import partial
from importlib.abc import MetaPathFinder
from pathlib import Path

FOREIGN = (
    "aiomqtt", "matplotlib", "multiprocessing.context", "numpy", "onnxruntime", "paho.mqtt.client",
    "platformdirs", "psutil", "pydantic", "PyQt6.QtWidgets", "pyqtgraph", "pywt", "rich.console",
    "scipy.signal", "serial.tools.list_ports", "sqlalchemy", "stamina", "wfdb",
)  # fmt: skip
MISSING = {
    "win32": ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"),
    "darwin": ("ossaudiodev", "spwd"),
}
LINUX_ONLY = ((os, ("sched_getaffinity", "sched_setaffinity")), (socket, ("SOCK_CLOEXEC",)))
POSIX_ONLY = (
    (asyncio, ("start_unix_server", "open_unix_connection")),
    (os, ("fchmod", "fork", "getuid", "getloadavg", "mkfifo", "openpty", "sysconf", "ttyname")),
    (select, ("poll",)),
    (signal, ("SIGHUP", "SIGKILL", "SIGALRM", "SIGPIPE")),
    (socket, ("AF_UNIX",)),
)


class Missing(MetaPathFinder):
    """Finds that some modules are not there."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def find_spec(self, name, path=None, target=None):
        if name in self._names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def become(system: str) -> None:
    for name in FOREIGN:
        importlib.import_module(name)
    for name in MISSING[system]:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, Missing(MISSING[system]))
    pair_family = socket.AF_UNIX
    gone = LINUX_ONLY if system == "darwin" else (*LINUX_ONLY, *POSIX_ONLY)
    for module, names in gone:
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    if system == "win32":
        socket.socketpair = partial(socket.socketpair, pair_family)  # its own way to a pair is another
        asyncio.SelectorEventLoop.add_signal_handler = _not_here
    sys.platform = system


def _not_here(*_: object) -> None:
    raise NotImplementedError


if __name__ == "__main__":
    become(sys.argv[1])
    sys.path[:] = [folder for folder in sys.path if folder != str(Path(__file__).parent)]
    exec(sys.argv[2], {"__name__": "__main__"})
