"""The command ``pause``: all alarm signals, for a time."""

from __future__ import annotations

from ecgmon.monitor.cli.control import Socket, order
from ecgmon.monitor.cli.options import Duration, Name, command

app = command("pause")


@app.default
def pause(*, seconds: Duration = 120.0, device: Name = None, socket: Socket = None) -> int:
    """Pause the alarm signals of a running monitor; new ones of high priority break through.

    Parameters
    ----------
    seconds : float
        For how long.
    device : str, optional
        Of this device only.
    socket : Path, optional
        Where it answers.

    Raises
    ------
    SourceError
        No monitor answers.
    """
    order(socket, "pause", device=device, seconds=seconds)
    return 0
