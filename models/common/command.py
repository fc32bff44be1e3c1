"""What the command lines of the trainings share: errors in one line, and Ctrl-C that loses nothing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ecgmon.monitor.core.errors import EcgmonError

INTERRUPTED = 130

Action = Callable[[argparse.Namespace], None]


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def training_parser(
    name: str,
    description: str | None,
    commands: Mapping[str, tuple[Action, str]],
    defaults: tuple[int, int],
    shipped: Path,
) -> argparse.ArgumentParser:
    """Return the command line of a training whose file is exported to the zoo.

    Parameters
    ----------
    name : str
        Of the package under ``models``.
    description : str or None
        What the help begins with.
    commands : mapping of str to (callable, str)
        What each command does, and its line in the help; ``export`` among them.
    defaults : tuple of int
        Batches of a training, and its seed.
    shipped : Path
        The file that ``export`` writes.
    """
    parser = argparse.ArgumentParser(prog=f"python -m models.{name}", description=description)
    words = parser.add_subparsers(required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--data-dir", type=Path, help="folder of databases; ECGMON_DATA by default")
    shared.add_argument("--out", type=Path, default=Path("out") / name, help="folder of the run")
    shared.add_argument("--steps", type=int, default=defaults[0], help="batches")
    shared.add_argument("--seed", type=int, default=defaults[1])
    for word, (action, text) in commands.items():
        command = words.add_parser(word, parents=[shared], help=text)
        command.set_defaults(action=action)
        if word == "export":
            command.add_argument("--zoo", type=Path, default=shipped)
    return parser


def run_command(
    parser: argparse.ArgumentParser,
    arguments: Sequence[str] | None,
    after_stop: str,
    prepare: Action = lambda _: None,
) -> int:
    """Run the command that was asked for and return its exit code.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Each of its commands sets ``action``, which takes the options.
    arguments : sequence of str, optional
        Those of the program if None.
    after_stop : str
        What to tell whoever pressed Ctrl-C.
    prepare : callable, optional
        Called with the options first.
    """
    options = parser.parse_args(arguments)
    prepare(options)
    try:
        options.action(options)
    except EcgmonError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"Stopped. {after_stop}", file=sys.stderr)
        return INTERRUPTED
    return 0
