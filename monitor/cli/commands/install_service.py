"""The command ``install-service``: makes the monitor a service of systemd."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from ecgmon.monitor.cli.options import OPTIONS, File, Flag, command, not_with

_EXAMPLES = """\
examples:
  sudo ecgmon install-service --config configs/raspberry-pi.toml
  ecgmon install-service --print
"""

_UNLESS_PRINTED = Group(validator=not_with("--print"))

app = command("install-service", _EXAMPLES)


@app.default
def install_service(
    *,
    config: Annotated[File, Parameter(group=(OPTIONS, _UNLESS_PRINTED))] = None,
    root: Annotated[Path, Parameter(metavar="DIR", group=(OPTIONS, _UNLESS_PRINTED))] = Path("/"),
    print: Annotated[Flag, Parameter(group=(OPTIONS, _UNLESS_PRINTED))] = False,  # noqa: A002 - its name
) -> int:
    """Write the unit of systemd and say what to do next.

    Parameters
    ----------
    config : Path, optional
        Settings to begin with.
    root : Path
        Root of the system.
    print : bool
        Print the unit and change nothing.

    Raises
    ------
    EcgmonError
        The settings are refused or the files cannot be written.
    """
    from ecgmon.monitor.headless.unit import install, unit_text
    from ecgmon.monitor.run.settings import load_settings

    if print:
        sys.stdout.write(unit_text())
        return 0
    if config is not None:
        load_settings(config)
    done = install(root, config)
    kept = "" if done.new_config else " (was there, stays as it is)"
    sys.stdout.write(
        f"unit      {done.unit}\nsettings  {done.config}{kept}\n\n"
        "next:\n"
        f"  edit {done.config}\n"
        f"  ecgmon doctor --config {done.config}\n"
        "  sudo systemctl daemon-reload\n"
        "  sudo systemctl enable --now ecgmon\n"
        "  sudo ecgmon status\n"
    )
    return 0
