"""Says by the wall clock when a live device gives no samples, so that no old figure passes for a new one."""

from __future__ import annotations

import time

STALE_S = 2.0
"""Seconds without samples after which figures are unknown."""


class Hearing:
    """When samples last came from a live device; a replay is never stale, as it may be held.

    One thread tells it; any other may ask.
    """

    def __init__(self) -> None:
        self._heard_s: float | None = None

    def hear(self) -> None:
        """Note that samples of a live device came."""
        self._heard_s = time.monotonic()

    def silent_s(self) -> float | None:
        """Return the seconds without samples if they are `STALE_S` or more; None while figures hold."""
        heard_s = self._heard_s
        if heard_s is None:
            return None
        silent_s = time.monotonic() - heard_s
        return silent_s if silent_s >= STALE_S else None
