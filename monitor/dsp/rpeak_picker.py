"""Turn the network's probabilities into beats: sure ones at the first look, others at the second."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.dsp.rpeak_frontend import HOP
from ecgmon.monitor.dsp.rpeak_measure import HeightGate

STEPS_PER_S = PIPELINE_HZ / HOP
FIRST, SECOND, OFFSET = range(3)

DOUBT_RATE = 1.0 / 16.0
FIRST_DOUBT = 0.15
MOST_DOUBT = 0.1
BELIEVED = 0.4
"""The first look is believed while the share of its beats that the second look denies (gives
less than ``BELIEVED``), averaged over about 16 beats, stays below ``MOST_DOUBT``. A stream begins
in doubt. While there is doubt only certain beats are reported at the first look; so P waves that look
like a QRS are told apart at the second."""

LEAST_NOTED = 0.08
"""Probability, before the height is weighed, from which the second look counts."""

RIVAL_STEPS = 4
RIVAL_LEAD = 0.2
WEAK = 0.6
"""A weak beat is dropped if within 0.25 s, but not before ``RIVAL_STEPS``, one follows that is
surer by ``RIVAL_LEAD``."""


class PickerSettings(Settings):
    """How sure a beat must be.

    Parameters
    ----------
    sure : float
        Probability at which a beat is reported at the first look.
    certain : float
        The same while the first look has been wrong of late.
    threshold : float
        Probability at which a beat missed so far is reported at the second look, 0.2 s
        later.
    refractory_s : float
        Shortest time between two beats.
    wait_steps : int
        Network steps (22 ms) to wait for a higher probability.
    """

    sure: float = Field(0.3, gt=0.0, lt=1.0)
    certain: float = Field(0.85, gt=0.0, le=1.0)
    threshold: float = Field(0.15, gt=0.0, lt=1.0)
    refractory_s: float = Field(0.17, ge=0.1, le=0.4)
    wait_steps: int = Field(1, ge=1, le=5)


def _peaks(scores: list[float], least: float, reach: int, begin: int) -> set[int]:
    """Return where, from ``begin`` on, scores are at least ``least`` and the first largest within ``reach``.

    The ends are left out, as what is beside them is not known.
    """
    return {
        index
        for index in range(max(begin, reach), len(scores) - reach)
        if (score := scores[index]) >= least
        and score > max(scores[index - reach : index])
        and score >= max(scores[index + 1 : index + reach + 1])
    }


@dataclass(frozen=True, slots=True)
class Peak:
    """A beat in network steps: where, at which step it was known, how sure, and how high in mV."""

    position: float
    known_step: int
    score: float
    height_mv: float = 0.0


Row = list[float]


@dataclass(slots=True)
class PickerState:
    """The last steps, and what the looks have said.

    Parameters
    ----------
    steps : three lists of float
        What the network gave for the last steps.
    last_seconds : list of two floats
        The last values of the second look, before they are smoothed.
    next : int
        Number of the next step.
    last : float
        Where the last beat is, in steps.
    doubt : float
        Share of the first look's beats that the second denies.
    """

    steps: tuple[Row, Row, Row]
    last_seconds: Row
    next: int = 0
    last: float = -math.inf
    doubt: float = FIRST_DOUBT


class PeakPicker(Stateful[PickerState]):
    """Streaming peak picker.

    Parameters
    ----------
    settings : PickerSettings
        Thresholds and times.
    gate : HeightGate
        Tells which heights are of beats; it remembers the beats that are reported.
    lookahead_steps, second_look_steps : int
        How far the two looks lag behind the signal.

    Attributes
    ----------
    small : list of Peak
        What the last `process` left out because no wave of late was high enough.
    """

    def __init__(
        self, settings: PickerSettings, gate: HeightGate, lookahead_steps: int, second_look_steps: int
    ) -> None:
        self._settings = settings
        self._gate = gate
        self._lookahead = lookahead_steps
        self._between = second_look_steps - lookahead_steps
        self._refractory = settings.refractory_s * STEPS_PER_S
        self._least_noted = min(LEAST_NOTED, settings.threshold)
        self._margin = self._between + settings.wait_steps + 4
        self.small: list[Peak] = []
        super().__init__()

    def fresh(self, start: int) -> PickerState:  # noqa: ARG002 - steps begin with the stream
        """Return the state before step 0."""
        empty = [0.0] * (self._margin + self._settings.wait_steps)
        return PickerState((empty, list(empty), list(empty)), [0.0, 0.0])

    def process(self, steps: NDArray[np.float64], height_mv: Callable[[float], float]) -> list[Peak]:
        """Take the next steps and return the beats known by their end.

        Parameters
        ----------
        steps : array of shape (3, t)
            As the network returns them.
        height_mv : callable
            Tells how high the signal is, peak to peak, around a place in steps.
        """
        self.small = []
        state, wait = self.state, self._settings.wait_steps
        origin = state.next - len(state.steps[FIRST])
        state.next += steps.shape[1]
        new = steps.tolist()
        new[SECOND] = self._smooth(new[SECOND])
        joined = [past + row for past, row in zip(state.steps, new, strict=True)]
        first, second, offset = joined
        kept = slice(-(self._margin + wait), None)
        state.steps = first[kept], second[kept], offset[kept]
        decides_after = self._between + 2
        firsts = _peaks(first, self._settings.sure, wait, self._margin - decides_after)
        seconds = _peaks(second, self._least_noted, wait, self._margin)
        decided = {index + decides_after for index in firsts}
        beats: list[Peak] = []
        for index in sorted(firsts | seconds | decided):
            if not self._margin <= index < len(first) - wait:
                continue
            if index in decided:
                self._doubt_first_look(second, index)
            if index in seconds and self._has_no_rival(first, second, index):
                place = origin + self._place(joined, index - self._between - 1)
                peak = Peak(place, origin + index + wait, second[index])
                beats += self._accepted(peak, self._settings.threshold, height_mv)
            if index in firsts and first[index] >= self._least():
                place = origin + self._place(joined, index)
                peak = Peak(place, origin + index + wait, first[index])
                beats += self._accepted(peak, self._least(), height_mv)
        return beats

    def _smooth(self, values: list[float]) -> list[float]:
        """Return the mean of each value and the two before it."""
        joined = self.state.last_seconds + values
        self.state.last_seconds = joined[-2:]
        return [(c + (b + a)) / 3.0 for a, b, c in zip(joined, joined[1:], joined[2:], strict=False)]

    def _has_no_rival(self, first: list[float], second: list[float], index: int) -> bool:
        """Tell if a beat of the second look stands, or is weak and a surer one follows it."""
        score = second[index]
        if score >= WEAK:
            return True
        rivals = first[index - self._between - 1 + RIVAL_STEPS : index + self._settings.wait_steps + 1]
        return max(rivals) <= score + RIVAL_LEAD

    def _doubt_first_look(self, second: list[float], index: int) -> None:
        """Learn what the second look says of a beat the first look was sure of."""
        denied = max(second[index - 2 : index + 1]) < BELIEVED
        self.state.doubt += DOUBT_RATE * (float(denied) - self.state.doubt)

    def _least(self) -> float:
        """Return the probability that the first look must reach now."""
        return self._settings.certain if self.state.doubt > MOST_DOUBT else self._settings.sure

    def _accepted(self, peak: Peak, least: float, height_mv: Callable[[float], float]) -> list[Peak]:
        """Return the peak if it is a beat: far enough from the last, and sure for its height."""
        if peak.position < 0.0 or peak.position - self.state.last < self._refractory:
            return []
        height = height_mv(peak.position)
        odds = peak.score / (1.0 - peak.score + 1e-9) * self._gate.odds(height)
        if odds < least / (1.0 - least + 1e-9):
            return []
        peak = Peak(peak.position, peak.known_step, peak.score, height)
        if self._gate.passes(height, peak.position * HOP):
            self.state.last = peak.position
            return [peak]
        if self._gate.is_low:
            self.small.append(peak)
        return []

    def _place(self, joined: list[list[float]], index: int) -> float:
        """Return where the R wave of one step lies: the mean opinion of it and its neighbours."""
        near = slice(index - 1, index + 2)
        weights, offsets = joined[FIRST][near], joined[OFFSET][near]
        total = pull = 0.0
        for place, (weight, offset) in enumerate(zip(weights, offsets, strict=True), index - 1):
            total += weight + 1e-6
            pull += (weight + 1e-6) * (place + offset)
        return pull / total - self._lookahead
