"""The command ``resume``: alarm signals that were paused or silenced."""

from __future__ import annotations

from ecgmon.monitor.cli.control import Alarms
from ecgmon.monitor.cli.options import command

app = command("resume")


@app.default
def resume(*, alarms: Alarms | None = None) -> int:
    """End a pause and all silences of a running monitor.

    Parameters
    ----------
    alarms : Alarms
        Whose.
    """
    return (alarms or Alarms()).order("resume")
