"""The command ``resume``: alarm signals that were paused or silenced."""

from __future__ import annotations

from ecgmon.monitor.cli.control import Socket, order
from ecgmon.monitor.cli.options import Name, command

app = command("resume")


@app.default
def resume(*, device: Name = None, socket: Socket = None) -> int:
    """End a pause and all silences of a running monitor.

    Parameters
    ----------
    device : str, optional
        Of this device only.
    socket : Path, optional
        Where it answers.

    Raises
    ------
    SourceError
        No monitor answers.
    """
    order(socket, "resume", device=device)
    return 0
