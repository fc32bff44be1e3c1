"""Speaks to a running service by its socket, for the commands that look after it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

Socket = Annotated[Path | None, Parameter(metavar="PATH")]

SERVICE_SOCKET = Path("/run/ecgmon/ecgmon.sock")
"""Where the service of systemd answers."""


def order(socket: Path | None, do: str, **details: object) -> dict[str, Any]:
    """Ask a running monitor for something, and return its answer.

    Parameters
    ----------
    socket : Path or None
        Where it answers; None for the usual places.
    do : str
        What to do.
    **details
        Of what.

    Raises
    ------
    SourceError
        None answers, or it refuses.
    """
    from ecgmon.monitor.headless.control import ask

    return ask(socket or _usual(), {"do": do, **details})


def _usual() -> Path:
    from ecgmon.monitor.run.service_settings import default_socket

    own = default_socket()
    return SERVICE_SOCKET if not own.exists() and SERVICE_SOCKET.parent.exists() else own
