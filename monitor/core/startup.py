"""Lets a process start sooner: while modules are imported, nearly nothing of what is made becomes garbage."""

from __future__ import annotations

import gc
import os

GARBAGE_EVERY = 200_000
"""Objects made from one search for garbage to the next while a process starts; Python has 700."""


def start_quickly() -> None:
    """Search for garbage rarely from now on, until `started`; for a process of our own only.

    The searches of a start would go through the same modules, classes and functions again and again, and
    take a sixth of its time. Nor are all installed packages asked for plug-ins of pydantic, of which we
    use none.
    """
    gc.set_threshold(GARBAGE_EVERY)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def started() -> None:
    """Search as usual again, but for good not through what is there now.

    Nothing happens in a process that did not `start_quickly`, such as somebody else's program.
    """
    if gc.get_threshold()[0] == GARBAGE_EVERY:
        gc.freeze()
        gc.set_threshold(*_USUAL)


_USUAL = gc.get_threshold()
