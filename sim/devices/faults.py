"""What can go wrong with a device and its wire, on demand and repeatable."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from ecgmon.monitor.core.config import Settings

Spans = tuple[tuple[float, float], ...]


class FaultSettings(Settings):
    """What goes wrong. Spans are pairs of begin and length, in seconds of the device's time.

    Parameters
    ----------
    flip_rate, drop_rate, double_rate : float
        Chance for each byte that one of its bits flips, that it vanishes, that it comes twice.
    drift_ppm : float
        How much faster than nominal the device samples, in parts per million.
    pauses : tuple of (float, float)
        Spans in which the device measures but nothing arrives.
    unplugs : tuple of (float, float)
        Spans in which its port does not exist.
    lead_off : tuple of (float, float)
        Spans in which an electrode is off.
    battery_low : tuple of (float, float)
        Spans in which the battery is nearly empty, for devices that tell.
    seed : int
        Start of the random numbers.
    """

    flip_rate: float = Field(default=0.0, ge=0, le=1)
    drop_rate: float = Field(default=0.0, ge=0, le=1)
    double_rate: float = Field(default=0.0, ge=0, le=1)
    drift_ppm: float = Field(default=0.0, ge=-100_000, le=100_000)
    pauses: Spans = ()
    unplugs: Spans = ()
    lead_off: Spans = ()
    battery_low: Spans = ()
    seed: int = 0


def within(spans: Spans, at_s: float) -> bool:
    """Say whether a time lies in one of the spans."""
    return any(begin <= at_s < begin + length for begin, length in spans)


class Wire:
    """A wire that damages bytes.

    Parameters
    ----------
    faults : FaultSettings
        How often it does what.
    """

    def __init__(self, faults: FaultSettings) -> None:
        self._faults = faults
        self._random = np.random.default_rng(faults.seed)
        self._clean = not (faults.flip_rate or faults.drop_rate or faults.double_rate)

    def carry(self, data: bytes) -> bytes:
        """Return what arrives of the bytes sent."""
        if self._clean or not data:
            return data
        chance = self._random.random((3, len(data)))
        bits = self._random.integers(0, 8, len(data))
        raw = np.frombuffer(data, np.uint8)
        flipped = np.where(chance[0] < self._faults.flip_rate, raw ^ (1 << bits), raw).astype(np.uint8)
        times = np.where(chance[1] < self._faults.drop_rate, 0, 1)
        times += chance[2] < self._faults.double_rate
        return np.repeat(flipped, times).tobytes()
