"""The command ``acknowledge``: alarms of a running service."""

from __future__ import annotations

from ecgmon.monitor.cli.control import Socket, order
from ecgmon.monitor.cli.options import Name, command

app = command("acknowledge")


@app.default
def acknowledge(kind: str | None = None, /, *, device: Name = None, socket: Socket = None) -> int:
    """Acknowledge alarms of a running monitor.

    Parameters
    ----------
    kind : str, optional
        Such as asystole; all if left out.
    device : str, optional
        Of this device only.
    socket : Path, optional
        Where it answers.

    Raises
    ------
    SourceError
        No monitor answers.
    """
    order(socket, "acknowledge", device=device, kind=kind)
    return 0
