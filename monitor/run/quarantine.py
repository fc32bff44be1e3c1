"""Devices set apart after a fault in their analysis, and when each is tried again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

FIRST_S = 10.0
LONGEST_S = 300.0
FORGIVEN_S = 600.0
"""A device that has been analysed for so long without a fault begins with the shortest wait again."""


@dataclass(slots=True)
class _Fault:
    wait_s: float
    until_s: float
    over: bool = False


class Quarantine:
    """Keeps one device's fault from costing the others, or itself for ever.

    Parameters
    ----------
    clock : callable
        Returns seconds and never jumps.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._faults: dict[str, _Fault] = {}

    def put(self, device: str) -> float:
        """Set a device apart; return for how many seconds, twice as many as the time before."""
        now, before = self._clock(), self._faults.get(device)
        again = before is not None and now - before.until_s < FORGIVEN_S
        wait_s = min(2 * before.wait_s, LONGEST_S) if before is not None and again else FIRST_S
        self._faults[device] = _Fault(wait_s, now + wait_s)
        return wait_s

    def holds(self, device: str) -> bool:
        """Tell whether a device is set apart now."""
        fault = self._faults.get(device)
        return fault is not None and self._clock() < fault.until_s

    def release(self, device: str) -> bool:
        """Tell, once, that a device has just come out of it and is to begin afresh."""
        fault = self._faults.get(device)
        if fault is None or fault.over:
            return False
        fault.over = True
        return True
