"""The rate of a device that does not tell it, from what its first packets took to come."""

from __future__ import annotations

import math

import numpy as np

from ecgmon.firmware_bridge.packet import Packet
from ecgmon.monitor.ingest.clock_rate import middle_slope, usual_rate

_LEAST_SAMPLES = 20
_POINTS = 64
_SURE = 0.006
"""Usual rates lie 2 % apart: so surely must one be known before the wait ends early."""
_PATIENCE = 3.0
GUESSED = 0.2
"""A guessed rate may be off by this part, and is then followed."""


class RateGuess:
    """Hold packets until their number and the time they took tell the rate.

    Parameters
    ----------
    after_s : float
        Shortest time to watch, in seconds; three times as long where arrival jitters.
    """

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._held: list[tuple[Packet, float]] = []
        self._points: list[tuple[float, float]] = []

    @property
    def held(self) -> list[tuple[Packet, float]]:
        """The packets so far with their times of arrival."""
        return self._held

    def add(self, packets: list[Packet], time_s: float) -> float | None:
        """Take the packets that arrived together; return the rate in Hz once it is known."""
        if not packets:
            return None
        self._held += [(packet, time_s) for packet in packets]
        count = sum(packet.n_samples for packet in packets) + (self._points[-1][0] if self._points else 0)
        self._points.append((count, time_s))
        first, first_s = self._points[0]
        waited_s = time_s - first_s
        if waited_s < self._after_s or count - first < _LEAST_SAMPLES:
            return None
        thinned = self._points[:: len(self._points) // _POINTS + 1]
        counts, times = np.array(thinned).T
        if len(thinned) < 4:
            return usual_rate((count - first) / waited_s)
        period_s = middle_slope(counts, times)
        if period_s <= 0:
            return usual_rate((count - first) / waited_s)
        spread_s = 1.4826 * float(
            np.median(np.abs(times - period_s * counts - np.median(times - period_s * counts)))
        )
        unsure = spread_s * math.sqrt(12 / len(thinned)) / waited_s > _SURE
        if unsure and waited_s < _PATIENCE * self._after_s:
            return None
        return usual_rate(1 / period_s)
