"""The words of the commands that keep a monitor running and look into what it kept."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
    Add = Callable[[Commands, str, str, str, str], argparse.ArgumentParser]

_EVENTS_EXAMPLES = """\
examples:
  ecgmon events --since 2h                          what happened in the last two hours
  ecgmon events --since 2026-05-01 --kind alarm     alarms of that day and later
  ecgmon events --kind asystole --format csv --output asystole.csv
  ecgmon events --config configs/raspberry-pi.toml --last 20

Names of patients are left out unless --names asks for them.
"""

_INSTALL_EXAMPLES = """\
examples:
  sudo ecgmon install-service --config configs/raspberry-pi.toml
  ecgmon install-service --print
"""


def add_service_commands(commands: Commands, add: Add) -> None:
    """Add ``events`` and its like to the command line.

    Parameters
    ----------
    commands
        Where commands are added.
    add : callable
        Adds one command of a name, its function, a line of help and examples.
    """
    line = "look into stored events"
    _add_events(add(commands, "events", "ecgmon.monitor.cli.events:events", line, _EVENTS_EXAMPLES))
    line = "show how a running service is doing"
    status = add(commands, "status", "ecgmon.monitor.cli.service:status", line, "")
    status.add_argument("--json", action="store_true", help="as JSON")
    line = "acknowledge alarms of a running service"
    acknowledge = add(commands, "acknowledge", "ecgmon.monitor.cli.service:acknowledge", line, "")
    acknowledge.add_argument("kind", nargs="?", metavar="KIND", help="such as asystole; all if left out")
    silence = add(commands, "silence", "ecgmon.monitor.cli.service:silence", "silence what sounds now", "")
    line = "pause alarm signals; new ones of high priority break through"
    pause = add(commands, "pause", "ecgmon.monitor.cli.service:pause", line, "")
    resume = add(commands, "resume", "ecgmon.monitor.cli.service:resume", "end a pause and all silences", "")
    for parser in (silence, pause):
        parser.add_argument("--seconds", type=float, default=120.0, metavar="S", help="for how long (120)")
    for parser in (status, acknowledge, silence, pause, resume):
        parser.add_argument("--socket", metavar="PATH", help="where it answers")
    for parser in (acknowledge, silence, pause, resume):
        parser.add_argument("--device", metavar="NAME", help="of this device only")
    _add_care(commands, add)


def _add_care(commands: Commands, add: Add) -> None:
    line = "check what the monitor needs, and say how to mend it"
    doctor = add(commands, "doctor", "ecgmon.monitor.cli.service:doctor", line, "")
    doctor.add_argument("--config", type=Path, metavar="FILE", help="settings file to check")
    line = "install the monitor as a service of systemd"
    install = add(
        commands, "install-service", "ecgmon.monitor.cli.service:install_service", line, _INSTALL_EXAMPLES
    )
    install.add_argument("--config", type=Path, metavar="FILE", help="settings to begin with")
    install.add_argument("--root", type=Path, default=Path("/"), metavar="DIR", help="root of the system (/)")
    install.add_argument("--print", action="store_true", help="print the unit and change nothing")


def _add_events(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--store", metavar="FILE", help="event store (as the settings name it)")
    where.add_argument("--config", type=Path, metavar="FILE", help="settings that name the event store")
    parser.add_argument("--since", metavar="TIME", help="such as 2026-05-01T08:30, or 30m, 2h, 7d ago")
    parser.add_argument("--until", metavar="TIME", help="likewise")
    parser.add_argument(
        "--kind",
        action="append",
        default=[],
        metavar="KIND",
        help="alarm, rhythm, gap, source, minute, settings, or a kind such as asystole; may be given again",
    )
    parser.add_argument("--device", metavar="NAME", help="of this device only")
    parser.add_argument("--last", type=int, metavar="N", help="the newest N")
    parser.add_argument("--format", choices=("table", "csv", "json", "parquet"), default="table")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there and not to the terminal")
    parser.add_argument("--names", action="store_true", help="with the names of patients")
