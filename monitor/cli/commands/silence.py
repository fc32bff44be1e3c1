"""The command ``silence``: what sounds now, for a time."""

from __future__ import annotations

from ecgmon.monitor.cli.control import Alarms
from ecgmon.monitor.cli.options import Duration, command

app = command("silence")


@app.default
def silence(*, seconds: Duration = 120.0, alarms: Alarms | None = None) -> int:
    """Silence the present alarms of a running monitor for a time.

    Parameters
    ----------
    seconds : float
        For how long.
    alarms : Alarms
        Whose.
    """
    return (alarms or Alarms()).order("silence", seconds=seconds)
