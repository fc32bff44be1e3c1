"""Where a command begins and every failure ends: one line and an exit code."""

from __future__ import annotations

import argparse
import importlib
import sys
import traceback
from collections.abc import Sequence

from ecgmon.monitor.cli.parser import build_parser
from ecgmon.monitor.core.errors import INTERNAL_FAULT_EXIT_CODE, EcgmonError
from ecgmon.monitor.outputs.console import discard_stream

INTERRUPTED_EXIT_CODE = 130
BROKEN_PIPE_EXIT_CODE = 141
"""As a shell reports SIGPIPE: whoever read our output has seen enough."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; those of the process by default.

    Returns
    -------
    int
        Exit status: 0 if all went well, else as in `ecgmon.monitor.core.errors`.
    """
    arguments = build_parser().parse_args(argv)
    arguments.command_line = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(arguments)
    except BrokenPipeError:
        discard_stream(sys.stdout)
        return BROKEN_PIPE_EXIT_CODE
    except EcgmonError as error:
        if isinstance(error.__cause__, BrokenPipeError):
            return BROKEN_PIPE_EXIT_CODE
        sys.stderr.write(f"ecgmon: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED_EXIT_CODE
    except Exception as error:  # the last line of defence
        if arguments.debug:
            traceback.print_exc()
        else:
            sys.stderr.write(
                f"ecgmon: internal fault: {type(error).__name__}: {error}. "
                "This is a bug; run again with --debug and report what it prints.\n"
            )
        return INTERNAL_FAULT_EXIT_CODE


def _run(arguments: argparse.Namespace) -> int:
    """Run the command chosen, until all it had to say is out."""
    module, _, function = arguments.command.partition(":")
    code = int(getattr(importlib.import_module(module), function)(arguments))
    sys.stdout.flush()
    return code
