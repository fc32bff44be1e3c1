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
    _add_events(add(commands, "events", "monitor.cli.events:events", line, _EVENTS_EXAMPLES))


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
