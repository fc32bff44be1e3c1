"""The option ``--debug`` before a command: an internal fault shows its traceback."""

from __future__ import annotations

from ecgmon.monitor.cli.entry import outcome
from ecgmon.monitor.cli.options import Words


def debugged(*words: Words) -> int:
    """Run a command and show the traceback of an internal fault."""
    return outcome(words, ("--debug", *words), debug=True)
