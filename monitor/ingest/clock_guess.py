"""The rate of a device that does not tell it, from what its first packets took to come."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import median

import numpy as np

from ecgmon.firmware_bridge.packet import Packet
from ecgmon.monitor.ingest.clock_counter import FrameCounter
from ecgmon.monitor.ingest.clock_message import decimal_unit
from ecgmon.monitor.ingest.clock_rate import middle_slope, usual_rate

_LEAST_SAMPLES = 20
_POINTS = 64
_SURE = 0.006
"""Usual rates lie 2 % apart: so surely must one be known before the wait ends early."""
_PATIENCE = 3.0
_LOOK_EVERY_S = 0.25
GUESSED = 0.2
"""A guessed rate may be off by this part, and is then followed."""


class RateGuess:
    """Hold packets until their number and the time they took tell the rate.

    A counter tells of packets lost meanwhile. A clock that goes on evenly, and in the long run
    as fast as ours, tells the rate better than arrival.

    Parameters
    ----------
    after_s : float
        Shortest time to watch, in seconds; three times as long where arrival jitters.
    seq_modulus : int or None
        As in `ecgmon.firmware_bridge.packet.StreamFormat`.
    """

    def __init__(self, after_s: float, seq_modulus: int | None) -> None:
        self._after_s = after_s
        self._counter = FrameCounter(seq_modulus)
        self._count = 0
        self._due_s = -math.inf
        self._points: list[tuple[float, float]] = []
        self.held: list[tuple[Packet, float]] = []

    def add(self, packets: list[Packet], time_s: float) -> float | None:
        """Take the packets that arrived together; return the rate in Hz once it is known."""
        for packet in packets:
            lost = self._counter.missing(packet, 0, reconnected=False, rate_hz=1.0)
            self._count += packet.n_samples + (lost or 0 if self._counter.sure else 0)
            self._counter.take(packet)
            self.held.append((packet, time_s))
        if not packets:
            return None
        self._points.append((self._count, time_s))
        first, first_s = self._points[0]
        waited_s = time_s - first_s
        if waited_s < self._after_s or self._count - first < _LEAST_SAMPLES or time_s < self._due_s:
            return None
        self._due_s = time_s + _LOOK_EVERY_S
        by_clock = self._by_clock(waited_s)
        return usual_rate(by_clock) if by_clock else self._by_arrival(waited_s)

    def _by_arrival(self, waited_s: float) -> float | None:
        """Return the rate by a Theil-Sen line; None if more must be seen."""
        points = self._points[:: len(self._points) // _POINTS + 1]
        counts, times = np.array(points).T
        period_s = middle_slope(counts, times) if len(points) > 3 else 0.0
        if period_s <= 0:
            return usual_rate((self._count - self._points[0][0]) / waited_s)
        rest = times - period_s * counts
        spread_s = 1.4826 * float(np.median(np.abs(rest - np.median(rest))))
        unsure = spread_s * math.sqrt(12 / len(points)) / waited_s > _SURE
        return None if unsure and waited_s < _PATIENCE * self._after_s else usual_rate(1 / period_s)

    def _by_clock(self, waited_s: float) -> float | None:
        """Return the rate by the clock in the packets, if it goes on with each of them."""
        told = [
            (value, packet.n_samples)
            for packet, _ in self.held
            if (value := packet.told_clock) is not None and math.isfinite(value)
        ]
        if len(told) < len(self.held) or len(told) < 4 or told[-1][0] <= told[0][0]:
            return None
        unit = decimal_unit(max(1e-6, (told[-1][0] - told[0][0]) / waited_s))
        a_sample = median((b - a) / n for (a, n), (b, _) in pairwise(told))
        if unit is None or a_sample <= 0:
            return None
        rate_hz, arrived_hz = 1 / (a_sample * unit), self._count / waited_s
        return rate_hz if abs(rate_hz / arrived_hz - 1) < GUESSED else None
