"""Looks at the samples as the source sent them, second by second, for faults that resampling would blur."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.state import AnyLength
from ecgmon.monitor.dsp.operator import Operator, Samples
from ecgmon.monitor.dsp.rails import RailWatch
from ecgmon.monitor.dsp.sanitise import Mask
from ecgmon.monitor.dsp.stuck import StuckWatch

LEAST_PRESENT = 0.5
"""A second with less of its samples shows no fault but that they are missing."""


class SourceFaultSettings(Settings):
    """Settings of the `SourceFaults`.

    Parameters
    ----------
    saturated_mv : float
        Least distance of a rail from the rest of the signal.
    saturated_fraction : float
        Part of a second on the rail that counts as saturated.
    rail_wobble : float
        How far a sample on a rail may be from its level, as a part of the level's distance from
        the rest.
    stuck_s : float
        Seconds of one value, or of a repeated buffer, from which the device counts as stuck.
    """

    saturated_mv: float = Field(default=1.0, gt=0.0, le=100.0)
    saturated_fraction: float = Field(default=0.1, gt=0.0, le=1.0)
    rail_wobble: float = Field(default=0.03, ge=0.0, le=0.1)
    stuck_s: float = Field(default=1.0, ge=0.5, le=2.0)


class SourceSignal(NamedTuple):
    """A chunk as the source sent it.

    Parameters
    ----------
    first : int
        Source index of the first sample.
    samples : array of shape (n,)
        Finite samples in millivolts.
    missing : bool array of shape (n,), or None
        Where they were replaced; None if nowhere.
    """

    first: int
    samples: Samples
    missing: Mask | None = None


@dataclass(frozen=True, slots=True)
class SecondFaults:
    """What is wrong with one second of a source.

    Parameters
    ----------
    second : int
        Its number; second 0 begins with sample 0.
    saturated, stuck : bool
        It is on a rail; the device stands still or repeats itself.
    """

    second: int
    saturated: bool = False
    stuck: bool = False


@dataclass(slots=True)
class SourceFaultState:
    """The second that is gathered.

    Parameters
    ----------
    second : int
        Its number; -1 before the first sample.
    end : int
        Source index just behind it.
    whole : bool
        Its first sample was seen.
    waiting : list of array
        Its samples so far, but for those missing.
    """

    second: int = -1
    end: int = 0
    whole: bool = True
    waiting: list[AnyLength] = field(default_factory=list)


class SourceFaults(Operator[SourceFaultSettings, SourceFaultState, [SourceSignal], list[SecondFaults]]):
    """Finds rails and devices that are stuck, at any rate, since it looks at what the source sent.

    Parameters
    ----------
    settings : SourceFaultSettings, optional
        Limits.
    source_hz : float
        Rate of the source in Hz.
    """

    def __init__(self, settings: SourceFaultSettings | None = None, source_hz: float = 360.0) -> None:
        settings = settings or SourceFaultSettings()
        self._hz = source_hz
        self._rails = RailWatch(settings.saturated_mv, settings.saturated_fraction, settings.rail_wobble)
        self._stuck = StuckWatch(settings.stuck_s)
        super().__init__(settings, rails=self._rails, stuck=self._stuck)

    @property
    def delay_samples(self) -> float:
        """A verdict on a second comes with its last sample."""
        return float(self._begin_of(1) - 1)

    def fresh(self, start: int) -> SourceFaultState:  # noqa: ARG002 - the samples say where they are
        """Return the state before the first sample."""
        return SourceFaultState()

    def process(self, source: SourceSignal) -> list[SecondFaults]:
        """Take the next samples; return what is known of each second that they complete."""
        first, size = source.first, source.samples.size
        if not size:
            return []
        state = self.state
        if state.second < 0:
            self._begin(int(first / self._hz + 1e-9))
            state.whole = self._begin_of(state.second) == first
        found: list[SecondFaults] = []
        begin = 0
        while (end := state.end - first) <= size:
            self._gather(source, begin, end)
            if state.whole:
                found.append(self._judge(state))
            self._begin(state.second + 1)
            begin = end
        if begin < size:
            self._gather(source, begin, size)
        return found

    def _begin_of(self, second: int) -> int:
        """Return the source index of a second's first sample."""
        return math.ceil(second * self._hz - 1e-6)

    def _begin(self, second: int) -> None:
        """Gather a second from its first sample on."""
        state = self.state
        state.second, state.end, state.whole = second, self._begin_of(second + 1), True
        state.waiting = []

    def _gather(self, source: SourceSignal, begin: int, end: int) -> None:
        samples, missing = source.samples[begin:end], source.missing
        # either is a copy: whoever gave them may use their array again
        self.state.waiting.append(samples.copy() if missing is None else samples[~missing[begin:end]])

    def _judge(self, state: SourceFaultState) -> SecondFaults:
        second, parts = state.second, state.waiting
        samples = parts[0] if len(parts) == 1 else np.concatenate(parts)
        length = state.end - self._begin_of(second)
        if samples.size < LEAST_PRESENT * length:
            return SecondFaults(second)
        lowest_mv, highest_mv = float(np.minimum.reduce(samples)), float(np.maximum.reduce(samples))
        saturated = self._rails.second(samples, lowest_mv, highest_mv, length)
        stuck = self._stuck.second(samples, lowest_mv, highest_mv, length)
        return SecondFaults(second, saturated, stuck and not saturated)
