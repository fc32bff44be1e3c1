"""The command ``silence``: what sounds now, for a time."""

from __future__ import annotations

from ecgmon.monitor.cli.control import Socket, order
from ecgmon.monitor.cli.options import Duration, Name, command

app = command("silence")


@app.default
def silence(*, seconds: Duration = 120.0, device: Name = None, socket: Socket = None) -> int:
    """Silence the present alarms of a running monitor for a time.

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
    order(socket, "silence", device=device, seconds=seconds)
    return 0
