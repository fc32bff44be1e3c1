"""What not every system has, behind one function a capability, each with a clear error.

Window, replays, files, serial ports and MQTT need nothing of this but `run_async` and
`on_signals`, which work everywhere. The checks read ``sys.platform`` in the form that type
checkers understand, so that ``mypy --platform win32`` and ``darwin`` see what is left out.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ecgmon.monitor.core.errors import EcgmonError

if TYPE_CHECKING:
    import asyncio
    import socket

    Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

T = TypeVar("T")

# ruff: noqa: PLC0415 - what a system may lack, or what takes long, is imported where it is used


class PlatformError(EcgmonError):
    """What is asked for is not on this system."""

    exit_code = 11


def needs(systems: str, what: str, hint: str = "") -> PlatformError:
    """Return the error that says which systems have a thing.

    Parameters
    ----------
    systems : str
        Such as ``Linux`` or ``Linux or macOS``.
    what : str
        What was asked for.
    hint : str, optional
        What to do instead.
    """
    return PlatformError(f"This needs {systems}: {what}. This system is {_system_name()}.", hint)


def _system_name() -> str:
    return {"win32": "Windows", "darwin": "macOS", "linux": "Linux"}.get(sys.platform, sys.platform)


def require_linux(what: str, hint: str = "") -> None:
    """Pass on Linux only.

    Raises
    ------
    PlatformError
        This is another system.
    """
    if not sys.platform.startswith("linux"):
        raise needs("Linux", what, hint)


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, in an event loop that MQTT can use.

    The usual loop of Windows cannot watch sockets as the MQTT library wants them watched.
    """
    import asyncio

    if sys.platform == "win32":
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            return runner.run(work)
    else:
        return asyncio.run(work)


@contextlib.contextmanager
def on_signals(acts: Mapping[str, Callable[[], object]]) -> Iterator[None]:
    """Call functions in the running event loop when signals come, while the body runs.

    Parameters
    ----------
    acts : mapping of str to callable
        By name of the signal, such as ``SIGTERM``; one that this system has not never comes.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    undo = contextlib.ExitStack()
    with undo:
        for name, act in acts.items():
            number = getattr(signal, name, None)
            if number is None:
                continue
            try:
                loop.add_signal_handler(number, act)
                undo.callback(loop.remove_signal_handler, number)
            except NotImplementedError:  # the loops of Windows
                before = signal.signal(number, lambda *_, act=act: loop.call_soon_threadsafe(act))
                undo.callback(signal.signal, number, before)
        yield


def available_cores() -> int:
    """Return how many processor cores this process may use, at least 1."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def memory_mb() -> float | None:
    """Return the resident memory of this process in megabytes; None where it cannot be known."""
    if sys.platform == "linux":
        try:
            pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
        except (OSError, IndexError, ValueError):
            return None
        return round(pages * float(os.sysconf("SC_PAGE_SIZE")) / 1e6, 1)
    else:
        return None


def set_mode(descriptor: int, mode: int) -> None:
    """Set the permissions of an open file; Windows has others, which its folder gives."""
    if sys.platform != "win32":
        os.fchmod(descriptor, mode)


def user_name() -> str:
    """Return the name of who runs this process; ``unknown`` where the system has none for him."""
    import getpass

    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return "unknown"


def has_group(name: str) -> bool:
    """Say whether the system has a group of that name."""
    if sys.platform != "win32":
        import grp

        with contextlib.suppress(KeyError):
            return bool(grp.getgrnam(name))
    return False


def group_of(path: str) -> str | None:
    """Return the name of the group that a file belongs to; None where that cannot be known."""
    if sys.platform != "win32":
        import grp

        with contextlib.suppress(OSError, KeyError):
            return grp.getgrgid(Path(path).stat().st_gid).gr_name
    return None


def local_socket(what: str, *, datagrams: bool = False) -> socket.socket:
    """Return a new socket within this machine (Unix domain).

    Parameters
    ----------
    what : str
        Who asks, for the error.
    datagrams : bool
        For single messages in place of a stream.

    Raises
    ------
    PlatformError
        This system has none.
    """
    if sys.platform != "win32":
        import socket

        kind = socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM
        return socket.socket(socket.AF_UNIX, kind)
    else:
        raise needs("Linux or macOS", what)


async def serve_locally(serve: Serve, path: Path, *, limit: int, what: str) -> asyncio.Server:
    """Answer on a socket within this machine (Unix domain).

    Parameters
    ----------
    serve : callable
        Gets reader and writer of each caller.
    path : Path
        Where.
    limit : int
        Longest line in bytes.
    what : str
        Who asks, for the error.

    Raises
    ------
    PlatformError
        This system has no such sockets.
    OSError
        It cannot be made.
    """
    if sys.platform != "win32":
        import asyncio

        return await asyncio.start_unix_server(serve, path, limit=limit)
    else:
        raise needs("Linux or macOS", what)


def open_terminal(what: str) -> tuple[int, str]:
    """Open a pseudo-terminal in raw mode that does not block.

    Parameters
    ----------
    what : str
        Who asks, for the error.

    Returns
    -------
    master : int
        File descriptor of our end.
    name : str
        Path under which a program opens the other end.

    Raises
    ------
    PlatformError
        This system has none.
    """
    if sys.platform != "win32":
        import pty
        import tty

        master, slave = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        name = os.ttyname(slave)
        os.close(slave)
        return master, name
    else:
        raise needs("Linux or macOS", what)


def terminal_is_open(master: int) -> bool:
    """Say whether a program has the other end of a pseudo-terminal open."""
    if sys.platform != "win32":
        import select

        poller = select.poll()
        poller.register(master, select.POLLIN)
        return not any(event & select.POLLHUP for _, event in poller.poll(0))
    else:
        return False
