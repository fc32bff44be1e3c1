"""The command ``acknowledge``: somebody has seen the alarms of a running service."""

from __future__ import annotations

from ecgmon.monitor.cli.control import Alarms
from ecgmon.monitor.cli.options import command

app = command("acknowledge")


@app.default
def acknowledge(kind: str | None = None, /, *, alarms: Alarms | None = None) -> int:
    """Acknowledge alarms of a running monitor.

    Parameters
    ----------
    kind : str, optional
        Such as asystole; all if left out.
    alarms : Alarms
        Whose.
    """
    return (alarms or Alarms()).order("acknowledge", kind=kind)
