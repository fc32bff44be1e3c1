"""Turn the network's probabilities into beats: sure ones at the first look, others at the second."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from monitor.config import Settings
from monitor.dsp.operator import State
from monitor.dsp.rpeak_frontend import HOP
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

    sure: float = Field(0.5, gt=0.0, lt=1.0)
    certain: float = Field(0.95, gt=0.0, le=1.0)
    threshold: float = Field(0.25, gt=0.0, lt=1.0)
    refractory_s: float = Field(0.17, ge=0.1, le=0.4)
    wait_steps: int = Field(1, ge=1, le=5)


def _mean_of_three(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each value and the two before it; 0 for the first two."""
    means = np.zeros_like(values)
    means[2:] = (values[2:] + values[1:-1] + values[:-2]) / 3.0
    return means


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
    lookahead_steps, second_look_steps : int
        How far the two looks lag behind the signal.
    """

    def __init__(self, settings: PickerSettings, lookahead_steps: int, second_look_steps: int) -> None:
        self._settings = settings
        self._lookahead = lookahead_steps
        self._between = second_look_steps - lookahead_steps
        self._refractory = settings.refractory_s * STEPS_PER_S
        self.reset()

    def reset(self) -> None:
        """Forget the past; the next step is step 0."""
        self._margin = self._between + self._settings.wait_steps + 4
        self._steps = np.zeros((3, self._margin + self._settings.wait_steps))
        self._next = 0
        self._last = -np.inf
        self._doubt = FIRST_DOUBT

    def process(self, steps: NDArray[np.float64]) -> list[Peak]:
        """Take the next steps, shape (3, t), and return the beats known by their end."""
        wait = self._settings.wait_steps
        origin = self._next - self._steps.shape[1]
        self._next += steps.shape[1]
        joined = np.concatenate((self._steps, steps), axis=1)
        self._steps = joined[:, -(self._margin + wait) :]
        second = _mean_of_three(joined[SECOND])
        inner = slice(self._margin, joined.shape[1] - wait)
        sure = joined[FIRST] >= self._settings.sure
        settled = slice(self._margin - self._between - 2, joined.shape[1] - wait - self._between - 2)
        busy = sure[inner] | sure[settled] | (second[inner] >= self._settings.threshold)
        beats: list[Peak] = []
        for index in (np.flatnonzero(busy) + self._margin).tolist():
            self._doubt_first_look(joined[FIRST], second, index)
            if self._is_second_look(joined[FIRST], second, index):
                place = origin + self._place(joined, index - self._between - 1)
                self._accept(beats, Peak(place, origin + index + wait, float(second[index])))
            if self._is_first_look(joined[FIRST], index) and joined[FIRST, index] >= self._least():
                place = origin + self._place(joined, index)
                self._accept(beats, Peak(place, origin + index + wait, float(joined[FIRST, index])))
        return beats

    def _is_first_look(self, first: NDArray[np.float64], index: int) -> bool:
        wait = self._settings.wait_steps
        high = first[index] >= self._settings.sure
        return bool(high and first[index - wait : index + wait + 1].argmax() == wait)

    def _is_second_look(self, first: NDArray[np.float64], second: NDArray[np.float64], index: int) -> bool:
        wait = self._settings.wait_steps
        score = second[index]
        if score < self._settings.threshold or second[index - wait : index + wait + 1].argmax() != wait:
            return False
        rivals = first[index - self._between - 1 + RIVAL_STEPS : index + wait + 1]
        return bool(score >= WEAK or rivals.max() <= score + RIVAL_LEAD)

    def _doubt_first_look(self, first: NDArray[np.float64], second: NDArray[np.float64], index: int) -> None:
        """Learn what the second look says of a beat the first look was sure of."""
        if self._is_first_look(first, index - self._between - 2):
            denied = second[index - 2 : index + 1].max() < BELIEVED
            self._doubt += DOUBT_RATE * (float(denied) - self._doubt)

    def _least(self) -> float:
        """Return the probability that the first look must reach now."""
        return self._settings.certain if self._doubt > MOST_DOUBT else self._settings.sure

    def _accept(self, beats: list[Peak], peak: Peak) -> None:
        """Add a beat unless it is too near to the one before."""
        if peak.position - self._last >= self._refractory:
            self._last = peak.position
            beats.append(peak)

    def _place(self, joined: NDArray[np.float64], index: int) -> float:
        """Return where the R wave of one step lies: the mean opinion of it and its neighbours."""
        near = slice(index - 1, index + 2)
        weights = joined[FIRST, near] + 1e-6
        places = np.arange(index - 1, index + 2) + joined[OFFSET, near]
        return float(weights @ places) / float(weights.sum()) - self._lookahead

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
