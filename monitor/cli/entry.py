"""Where a command begins and every failure ends: one line and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path

from ecgmon.monitor.core.errors import INTERNAL_FAULT_EXIT_CODE, EcgmonError, OutputError
from ecgmon.monitor.core.startup import start_quickly

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
    if argv is None:
        start_quickly()
        _prepare_output()
    words = tuple(sys.argv[1:] if argv is None else argv)
    return outcome(words, words, debug=False)


def _prepare_output() -> None:
    """Let no closed stream and no odd letter of a name end a command."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - as long as we run
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def outcome(words: tuple[str, ...], command_line: tuple[str, ...], *, debug: bool) -> int:
    """Run a command and return its exit code, whatever happens.

    Parameters
    ----------
    words : tuple of str
        The command and its arguments.
    command_line : tuple of str
        All words of the process, for a command that starts itself again.
    debug : bool
        Show the traceback of an internal fault.
    """
    try:
        return _run(words, command_line)
    except BrokenPipeError:
        return _unread()
    except EcgmonError as error:
        if isinstance(error.__cause__, BrokenPipeError):
            return BROKEN_PIPE_EXIT_CODE
        sys.stderr.write(f"ecgmon: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED_EXIT_CODE
    except SystemExit as end:  # so the help ends where nobody reads on
        return BROKEN_PIPE_EXIT_CODE if end.code else 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            return _fault(error, debug=debug)
        sys.stderr.write("ecgmon: The output cannot be written: no space is left. Make room and try again.\n")
        _unread()
        return OutputError.exit_code
    except Exception as error:  # the last line of defence
        return _fault(error, debug=debug)


def _fault(error: Exception, *, debug: bool) -> int:
    """Tell of an internal fault."""
    if debug:
        import traceback

        traceback.print_exception(error)
    else:
        sys.stderr.write(
            f"ecgmon: internal fault: {type(error).__name__}: {error}. "
            "This is a bug; run again with --debug and report what it prints.\n"
        )
    return INTERNAL_FAULT_EXIT_CODE


def _run(words: tuple[str, ...], command_line: tuple[str, ...]) -> int:
    """Run the command chosen, until all it had to say is out."""
    from cyclopts import CycloptsError

    from ecgmon.monitor.cli.app import build_app

    try:
        command, bound, injected = build_app().parse_args(list(words))
    except CycloptsError as error:
        from ecgmon.monitor.cli.usage import explained

        raise explained(error) from error
    if "command_line" in injected:
        bound.arguments["command_line"] = command_line
    code = command(*bound.args, **bound.kwargs) or 0
    sys.stdout.flush()
    return int(code)


def _unread() -> int:
    from ecgmon.monitor.outputs.console import discard_stream

    discard_stream(sys.stdout)
    return BROKEN_PIPE_EXIT_CODE
