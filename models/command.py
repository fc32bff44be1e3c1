"""What the command lines of the trainings share: errors in one line, and Ctrl-C that loses nothing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from monitor.errors import EcgmonError

INTERRUPTED = 130


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def run_command(
    parser: argparse.ArgumentParser,
    arguments: Sequence[str] | None,
    after_stop: str,
    prepare: Callable[[argparse.Namespace], None] = lambda _: None,
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
