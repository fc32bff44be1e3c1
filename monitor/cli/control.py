"""Speaks to a running service by its socket, for the commands that look after it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from ecgmon.monitor.cli.options import Name

SERVICE_SOCKET = Path("/run/ecgmon/ecgmon.sock")
"""Where the service of systemd answers."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Service:
    """A running service.

    Parameters
    ----------
    socket : Path, optional
        Where it answers.
    """

    socket: Annotated[Path | None, Parameter(metavar="PATH")] = None

    def ask(self, do: str, **details: object) -> dict[str, Any]:
        """Ask for something, and return the answer.

        Parameters
        ----------
        do : str
            What to do.
        **details
            Of what, and for how long.

        Raises
        ------
        SourceError
            None answers, or it refuses.
        """
        from ecgmon.monitor.headless.control import ask

        return ask(self.socket or _usual(), {"do": do, **details})


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Alarms(Service):
    """The alarms of a running service, of all devices or of one.

    Parameters
    ----------
    device : str, optional
        Of this device only.
    """

    device: Name = None

    def order(self, do: str, **details: object) -> int:
        """Do something with them, and return the exit code.

        Raises
        ------
        SourceError
            No service answers, or it refuses.
        """
        self.ask(do, device=self.device, **details)
        return 0


def _usual() -> Path:
    from ecgmon.monitor.run.service_settings import default_socket

    own = default_socket()
    return SERVICE_SOCKET if not own.exists() and SERVICE_SOCKET.parent.exists() else own
