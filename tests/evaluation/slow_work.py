"""Work for other processes, in a module of its own so that they find it."""

from __future__ import annotations

import os
import time

from ecgmon.monitor.core.errors import RecordError


def square(number: int) -> int:
    """Return the square; later ones are done sooner."""
    time.sleep(0.05 if number == 0 else 0)
    return number * number


def who(_: int) -> int:
    """Return which process did it."""
    time.sleep(0.02)
    return os.getpid()


def refuse(number: int) -> int:
    """Fail at three; what comes behind would take for ever."""
    if number == 3:
        raise RecordError(f"Record {number} is damaged.", "Fetch it again.")
    if number > 3:
        time.sleep(600)
    return number
