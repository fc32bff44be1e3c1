"""Turn the network's probabilities into beats: sure ones at the first look, others at the second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from monitor.config import Settings
from monitor.dsp.operator import State
from monitor.dsp.rpeak_frontend import HOP
from monitor.dsp.rpeak_measure import HeightGate
from monitor.events import PIPELINE_HZ

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


def _scores(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the first look, and the mean of the second and the two steps before it (0 for the first two)."""
    scores = steps[: SECOND + 1].copy()
    scores[SECOND, :2] = 0.0
    scores[SECOND, 2:] += steps[SECOND, 1:-1] + steps[SECOND, :-2]
    scores[SECOND, 2:] /= 3.0
    return scores


def _peaks(scores: NDArray[np.float64], least: NDArray[np.float64], reach: int) -> NDArray[np.bool_]:
    """Mark scores that are at least ``least`` and the first largest within ``reach``; never the ends."""
    peaks = scores >= least
    end = scores.shape[1] - reach
    peaks[:, :reach] = peaks[:, end:] = False
    inner, middle = peaks[:, reach:end], scores[:, reach:end]
    for step in range(1, reach + 1):
        inner &= middle > scores[:, reach - step : end - step]
        inner &= middle >= scores[:, reach + step : end + step]
    return peaks


@dataclass(frozen=True, slots=True)
class Peak:
    """A beat in network steps: where, at which step it was known, and how sure."""

    position: float
    known_step: int
    score: float


class PeakPicker:
    """Streaming peak picker.

    Parameters
    ----------
    settings : PickerSettings
        Thresholds and times.
    gate : HeightGate
        Judge of heights; it remembers the beats that are reported.
    lookahead_steps, second_look_steps : int
        How far the two looks lag behind the signal.
    """

    def __init__(
        self, settings: PickerSettings, gate: HeightGate, lookahead_steps: int, second_look_steps: int
    ) -> None:
        self._settings = settings
        self._gate = gate
        self._lookahead = lookahead_steps
        self._between = second_look_steps - lookahead_steps
        self._refractory = settings.refractory_s * STEPS_PER_S
        self._least_scores = np.array([[settings.sure], [min(LEAST_NOTED, settings.threshold)]])
        self.reset()

    def reset(self) -> None:
        """Forget the past; the next step is step 0."""
        self._margin = self._between + self._settings.wait_steps + 4
        self._steps = np.zeros((3, self._margin + self._settings.wait_steps))
        self._next = 0
        self._last = -np.inf
        self._doubt = FIRST_DOUBT

    def process(self, steps: NDArray[np.float64], height_mv: Callable[[float], float]) -> list[Peak]:
        """Take the next steps and return the beats known by their end.

        Parameters
        ----------
        steps : array of shape (3, t)
            As the network returns them.
        height_mv : callable
            Tells how high the signal is, peak to peak, around a place in steps.
        """
        wait = self._settings.wait_steps
        origin = self._next - self._steps.shape[1]
        self._next += steps.shape[1]
        joined = np.concatenate((self._steps, steps), axis=1)
        self._steps = joined[:, -(self._margin + wait) :]
        first, second = scores = _scores(joined)
        is_first, is_second = _peaks(scores, self._least_scores, wait)
        inner = slice(self._margin, first.size - wait)
        judged = is_first[inner.start - self._between - 2 : inner.stop - self._between - 2]
        beats: list[Peak] = []
        busy = np.flatnonzero(is_first[inner] | is_second[inner] | judged) + self._margin
        for index in busy.tolist():
            if is_first[index - self._between - 2]:
                self._doubt_first_look(second, index)
            if is_second[index] and self._has_no_rival(first, second, index):
                place = origin + self._place(joined, index - self._between - 1)
                peak = Peak(place, origin + index + wait, float(second[index]))
                beats += self._accepted(peak, self._settings.threshold, height_mv)
            if is_first[index] and first[index] >= self._least():
                place = origin + self._place(joined, index)
                peak = Peak(place, origin + index + wait, float(first[index]))
                beats += self._accepted(peak, self._least(), height_mv)
        return beats

    def _has_no_rival(self, first: NDArray[np.float64], second: NDArray[np.float64], index: int) -> bool:
        """Tell if a beat of the second look stands, or is weak and a surer one follows it."""
        score = float(second[index])
        if score >= WEAK:
            return True
        rivals = first[index - self._between - 1 + RIVAL_STEPS : index + self._settings.wait_steps + 1]
        return bool(np.maximum.reduce(rivals) <= score + RIVAL_LEAD)

    def _doubt_first_look(self, second: NDArray[np.float64], index: int) -> None:
        """Learn what the second look says of a beat the first look was sure of."""
        denied = max(second[index - 2 : index + 1].tolist()) < BELIEVED
        self._doubt += DOUBT_RATE * (float(denied) - self._doubt)

    def _least(self) -> float:
        """Return the probability that the first look must reach now."""
        return self._settings.certain if self._doubt > MOST_DOUBT else self._settings.sure

    def _accepted(self, peak: Peak, least: float, height_mv: Callable[[float], float]) -> list[Peak]:
        """Return the peak if it is a beat: far enough from the last, and sure for its height."""
        if peak.position < 0.0 or peak.position - self._last < self._refractory:
            return []
        height = height_mv(peak.position)
        odds = peak.score / (1.0 - peak.score + 1e-9) * self._gate.odds(height)
        if odds < least / (1.0 - least + 1e-9) or not self._gate.passes(height, peak.position * HOP):
            return []
        self._last = peak.position
        return [peak]

    def _place(self, joined: NDArray[np.float64], index: int) -> float:
        """Return where the R wave of one step lies: the mean opinion of it and its neighbours."""
        near = slice(index - 1, index + 2)
        weights, offsets = joined[FIRST, near].tolist(), joined[OFFSET, near].tolist()
        total = pull = 0.0
        for place, (weight, offset) in enumerate(zip(weights, offsets, strict=True), index - 1):
            total += weight + 1e-6
            pull += (weight + 1e-6) * (place + offset)
        return pull / total - self._lookahead

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {
            "steps": self._steps.copy(),
            "next": self._next,
            "last": self._last,
            "doubt": self._doubt,
        }

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self._steps = state["steps"].copy()
        self._next = state["next"]
        self._last = state["last"]
        self._doubt = state["doubt"]
