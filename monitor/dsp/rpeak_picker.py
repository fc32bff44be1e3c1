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


class PickerSettings(Settings):
    """How sure a beat must be.

    Parameters
    ----------
    sure : float
        Probability at which a beat is reported at the first look.
    threshold : float
        Probability at which a beat missed so far is reported at the second look, 0.2 s
        later.
    refractory_s : float
        Shortest time between two beats.
    wait_steps : int
        Network steps (22 ms) to wait for a higher probability.
    """

    sure: float = Field(0.65, gt=0.0, lt=1.0)
    threshold: float = Field(0.3, gt=0.0, lt=1.0)
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
        self._margin = self._between + self._settings.wait_steps + 2
        self._steps = np.zeros((3, self._margin + self._settings.wait_steps))
        self._next = 0
        self._last = -np.inf

    def process(self, steps: NDArray[np.float64]) -> list[Peak]:
        """Take the next steps, shape (3, t), and return the beats known by their end."""
        wait = self._settings.wait_steps
        first = self._next - self._steps.shape[1]
        self._next += steps.shape[1]
        joined = np.concatenate((self._steps, steps), axis=1)
        self._steps = joined[:, -(self._margin + wait) :]
        looks = (
            (_mean_of_three(joined[SECOND]), self._settings.threshold, self._between + 1),
            (joined[FIRST], self._settings.sure, 0),
        )
        inner = slice(self._margin, joined.shape[1] - wait)
        high = (looks[0][0][inner] >= looks[0][1]) | (looks[1][0][inner] >= looks[1][1])
        beats: list[Peak] = []
        for index in (np.flatnonzero(high) + self._margin).tolist():
            for scores, least, back in looks:
                score = float(scores[index])
                if score >= least and scores[index - wait : index + wait + 1].argmax() == wait:
                    position = first + self._place(joined, index - back) - self._lookahead
                    if position - self._last >= self._refractory:
                        self._last = position
                        beats.append(Peak(position, first + index + wait, score))
        return beats

    @staticmethod
    def _place(joined: NDArray[np.float64], index: int) -> float:
        """Return where the R wave of one step lies: the mean opinion of it and its neighbours."""
        near = slice(index - 1, index + 2)
        weights = joined[FIRST, near] + 1e-6
        places = np.arange(index - 1, index + 2) + joined[OFFSET, near]
        return float(weights @ places) / float(weights.sum())

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {"steps": self._steps.copy(), "next": self._next, "last": self._last}

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self._steps = state["steps"].copy()
        self._next = state["next"]
        self._last = state["last"]
