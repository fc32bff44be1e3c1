"""Says in our own form what is wrong with a command line: what, where, and what to write instead."""

from __future__ import annotations

import difflib

from cyclopts import (
    CycloptsError,
    MissingArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
    ValidationError,
)

from ecgmon.monitor.cli.addresses import advice
from ecgmon.monitor.core.errors import UsageError


def explained(error: CycloptsError) -> UsageError:
    """Return what the library found as an error of ours.

    Parameters
    ----------
    error : CycloptsError
        As the library raised it.
    """
    command = " ".join(("ecgmon", *(error.command_chain or ())))
    see = f"See '{command} --help'."
    match error:
        case UnknownCommandError():
            return _unknown_command(error, command)
        case UnusedCliTokensError():
            words = " ".join(error.unused_tokens or ())
            return UsageError(f"'{command}' has no use for {words!r}.", see)
        case ValidationError(argument=None):
            return UsageError(error.exception_message, see)
        case MissingArgumentError():
            return UsageError(_missing(error, command), see)
        case UnknownOptionError():
            return _unknown_option(error, see)
    text = str(error)
    return UsageError(text, "" if "Did you mean" in text else see)


def _unknown_command(error: UnknownCommandError, command: str) -> UsageError:
    word = (error.unused_tokens or ("",))[0]
    known = [name for name in (error.app or ()) if not name.startswith("-")]
    message = f"There is no command '{command} {word}'."
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return UsageError(message, f"Did you mean {close[0]}?")
    at_top = not error.command_chain
    listed = f"Known: {', '.join(known)}."
    return UsageError(message, (advice(word) if at_top else "") or listed)


def _unknown_option(error: UnknownOptionError, see: str) -> UsageError:
    word = (error.token.keyword or error.token.value).split("=", 1)[0]
    known = [name for argument in error.argument_collection if argument.show for name in argument.names]
    close = difflib.get_close_matches(word, known, n=1)
    return UsageError(f"Unknown option: {word}.", f"Did you mean {close[0]}?" if close else see)


def _missing(error: MissingArgumentError, command: str) -> str:
    assert error.argument is not None
    name = error.argument.name
    if error.keyword:
        return f"{error.keyword} needs a value."
    return f"'{command}' needs {name}."
