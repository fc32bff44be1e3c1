"""Turn the network's probabilities into beats: peaks, refractory time, search-back."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from monitor.config import Settings
from monitor.dsp.operator import State
from monitor.dsp.rpeak_frontend import HOP
from monitor.events import PIPELINE_HZ

STEPS_PER_S = PIPELINE_HZ / HOP


class PickerSettings(Settings):
    """How sure a beat must be.

    Parameters
    ----------
    threshold : float
        Probability at which a peak is a beat.
    search_back_threshold : float
        Probability that is enough once a beat is overdue.
    overdue_ratio : float
        A beat is overdue after this many median RR intervals.
    refractory_s : float
        Shortest time between two beats.
    wait_steps : int
        Network steps (11 ms) to wait for a higher probability.
    """

    threshold: float = Field(0.4, gt=0.0, lt=1.0)
    search_back_threshold: float = Field(0.15, gt=0.0, lt=1.0)
    overdue_ratio: float = Field(1.6, gt=1.0, le=5.0)
    refractory_s: float = Field(0.2, ge=0.1, le=0.4)
    wait_steps: int = Field(3, ge=1, le=10)


@dataclass(frozen=True, slots=True)
class Peak:
    """A beat in network steps: where, at which step it was known, and how sure."""

    position: float
    known_step: int
    score: float


class PeakPicker:
    """Streaming peak picker; positions are in steps of the network's output.

    Parameters
    ----------
    settings : PickerSettings
        Thresholds and times.
    """

    def __init__(self, settings: PickerSettings) -> None:
        self._settings = settings
        self._refractory = settings.refractory_s * STEPS_PER_S
        self.reset()

    def reset(self) -> None:
        """Forget the past; the next step is step 0."""
        past = 2 * self._settings.wait_steps
        self._probability = np.zeros(past)
        self._offset = np.zeros(past)
        self._next = 0
        self._last = -np.inf
        self._intervals: deque[float] = deque(maxlen=8)
        self._weak: list[Peak] = []

    def process(self, probability: NDArray[np.float64], offset: NDArray[np.float64]) -> list[Peak]:
        """Take the next steps and return the beats known by their end."""
        wait = self._settings.wait_steps
        self._probability = np.concatenate((self._probability, probability))
        self._offset = np.concatenate((self._offset, offset))
        beats: list[Peak] = []
        for index in self._maxima():
            near = slice(index - 1, index + 2)
            weights = self._probability[near]
            places = np.arange(index - 1, index + 2) + self._offset[near]
            first = self._next - 2 * wait
            position = first + float(weights @ places) / float(weights.sum())
            peak = Peak(position, first + index + wait, float(self._probability[index]))
            self._consider(peak, beats)
        self._next += probability.size
        self._search_back(self._next - 1, beats)
        self._probability = self._probability[-2 * wait :]
        self._offset = self._offset[-2 * wait :]
        return beats

    def _maxima(self) -> list[int]:
        wait = self._settings.wait_steps
        width = 2 * wait + 1
        if self._probability.size < width:
            return []
        windows = np.lib.stride_tricks.sliding_window_view(self._probability, width)
        high = windows[:, wait] >= self._settings.search_back_threshold
        found: list[int] = (np.flatnonzero(high & (windows.argmax(axis=1) == wait)) + wait).tolist()
        return found

    def _consider(self, peak: Peak, beats: list[Peak]) -> None:
        self._search_back(peak.known_step, beats)
        if peak.position - self._last < self._refractory:
            return
        if peak.score >= self._settings.threshold:
            self._accept(peak, beats)
        else:
            self._weak.append(peak)

    def _accept(self, peak: Peak, beats: list[Peak]) -> None:
        interval = peak.position - self._last
        if interval < 3.0 * STEPS_PER_S:
            self._intervals.append(interval)
        else:
            self._intervals.clear()
        self._last = peak.position
        self._weak = [weak for weak in self._weak if weak.position - self._last >= self._refractory]
        beats.append(peak)

    def _search_back(self, step: int, beats: list[Peak]) -> None:
        """Accept the best weak peak of the past if a beat is overdue at ``step``."""
        while self._weak and len(self._intervals) > 1:
            overdue = self._last + self._settings.overdue_ratio * float(np.median(self._intervals))
            best = max(self._weak, key=lambda weak: weak.score)
            known = max(int(np.ceil(overdue)), best.known_step)
            if known > step:
                return
            self._accept(Peak(best.position, known, best.score), beats)

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {
            "probability": self._probability.copy(),
            "offset": self._offset.copy(),
            "next": self._next,
            "last": self._last,
            "intervals": list(self._intervals),
            "weak": [(peak.position, peak.known_step, peak.score) for peak in self._weak],
        }

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self._probability = state["probability"].copy()
        self._offset = state["offset"].copy()
        self._next = state["next"]
        self._last = state["last"]
        self._intervals = deque(state["intervals"], maxlen=8)
        self._weak = [Peak(*values) for values in state["weak"]]
