"""The command ``doctor``: what the monitor needs, what of it is there, and how to mend the rest."""

from __future__ import annotations

import sys

from ecgmon.monitor.cli.options import File, command

MARKS = {"good": "ok     ", "warning": "warning", "fault": "FAULT  "}
FAULT_FOUND = 1

app = command("doctor")


@app.default
def doctor(*, config: File = None) -> int:
    """Print what is there, what is not, and how to mend it; 1 if something is at fault.

    Parameters
    ----------
    config : Path, optional
        Settings file to check.
    """
    from ecgmon.monitor.headless.doctor import examine
    from ecgmon.monitor.run.settings import load_settings

    faults = 0
    for finding in examine(load_settings(config)):
        sys.stdout.write(f"{MARKS[finding.verdict]}  {finding.about}: {finding.text}\n")
        if finding.cure and finding.verdict != "good":
            sys.stdout.write(f"         {finding.cure}\n")
        faults += finding.verdict == "fault"
    sys.stdout.write(f"\n{faults or 'no'} fault{'' if faults == 1 else 's'} found\n")
    return FAULT_FOUND if faults else 0
