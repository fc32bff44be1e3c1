"""The command ``pause``: all alarm signals, for a time."""

from __future__ import annotations

from ecgmon.monitor.cli.control import Alarms
from ecgmon.monitor.cli.options import Duration, command

app = command("pause")


@app.default
def pause(*, seconds: Duration = 120.0, alarms: Alarms | None = None) -> int:
    """Pause the alarm signals of a running monitor; new ones of high priority break through.

    Parameters
    ----------
    seconds : float
        For how long.
    alarms : Alarms
        Whose.
    """
    return (alarms or Alarms()).order("pause", seconds=seconds)
