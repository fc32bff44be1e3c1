"""Finds ventricular flutter and fibrillation from the waveform, where no QRS need be seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from monitor.config import Settings
from monitor.dsp.operator import Samples, State
from monitor.dsp.sanitise import Mask
from monitor.events import PIPELINE_HZ
from monitor.rhythm.fibrillation_model import FibrillationModel
from monitor.rhythm.fibrillation_windows import AHEAD_S, FibrillationWindows

SECOND = int(PIPELINE_HZ)


class FibrillationSettings(Settings):
    """Settings of the `FibrillationDetector`.

    Parameters
    ----------
    threshold : float
        Least probability of a second of flutter or fibrillation.
    begin_s, begin_of_s : int
        Flutter or fibrillation holds once so many of so many seconds in a row show it.
    end_s : int
        It is over after so many seconds in a row without it.
    missing_fraction : float
        Part of a second missing that keeps it, and those that look at it, from being judged.
    """

    threshold: float = Field(default=0.5, gt=0.0, lt=1.0)
    begin_s: int = Field(default=3, ge=1, le=10)
    begin_of_s: int = Field(default=4, ge=1, le=10)
    end_s: int = Field(default=4, ge=1, le=30)
    missing_fraction: float = Field(default=0.2, gt=0.0, le=1.0)


@dataclass(frozen=True, slots=True)
class FibrillationSecond:
    """What one second of the signal shows.

    Parameters
    ----------
    start : int
        Pipeline index of its first sample, a multiple of 360.
    known_at : int
        Pipeline index of the sample that had to arrive before it could be judged.
    probability : float or None
        Of ventricular flutter or fibrillation; None where samples are missing.
    is_vf : bool
        The second by itself shows flutter or fibrillation.
    holds : bool
        Flutter or fibrillation has lasted long enough to be announced, and is not over.
    onset : int or None
        Pipeline index at which the one that holds began.
    """

    start: int
    known_at: int
    probability: float | None
    is_vf: bool
    holds: bool
    onset: int | None


class FibrillationDetector:
    """Judges the raw signal at 360 Hz second by second, on the grid of absolute seconds.

    Each second is judged by the four seconds of signal that end one second behind it, so that
    a verdict comes a second late and sees what surrounds it. Beats play no part in it.

    Parameters
    ----------
    settings : FibrillationSettings, optional
        Limits.
    """

    _recent: list[bool]
    _onset: int | None

    def __init__(self, settings: FibrillationSettings | None = None) -> None:
        self.settings = settings or FibrillationSettings()
        self._model = FibrillationModel.load()
        self._windows = FibrillationWindows()
        self.reset()

    @property
    def delay_samples(self) -> float:
        """A verdict on a second comes with the last sample of the next one."""
        return float((1 + AHEAD_S) * SECOND - 1)

    def process(self, chunk: Samples, missing: Mask | None = None) -> list[FibrillationSecond]:
        """Take the next samples.

        Parameters
        ----------
        chunk : array of shape (n,)
            Raw finite samples in millivolts at 360 Hz.
        missing : bool array of shape (n,), optional
            Where samples were replaced.

        Returns
        -------
        list of FibrillationSecond
            One for each second that can be judged now.
        """
        first, windows, missed = self._windows.process(
            chunk, np.zeros(chunk.size, dtype=np.bool_) if missing is None else missing
        )
        if not windows.shape[0]:
            return []
        probability = np.round(self._model.probabilities(windows), 4)
        return [
            self._decide(start, None if gone > self.settings.missing_fraction else float(p))
            for start, p, gone in zip(
                range(first, first + windows.shape[0] * SECOND, SECOND), probability, missed, strict=True
            )
        ]

    def _decide(self, start: int, probability: float | None) -> FibrillationSecond:
        limits = self.settings
        is_vf = probability is not None and probability >= limits.threshold
        self._recent = [*self._recent, is_vf][-max(limits.begin_of_s, limits.end_s) :]
        newest = self._recent[-limits.begin_of_s :]
        if self._onset is None and sum(newest) >= limits.begin_s:
            self._onset = max(self._begin, start - SECOND * (len(newest) - 1 - newest.index(True)))
        elif self._onset is not None and not any(self._recent[-limits.end_s :]):
            self._onset = None
        return FibrillationSecond(
            start=start,
            known_at=start + int(self.delay_samples),
            probability=probability,
            is_vf=is_vf,
            holds=self._onset is not None,
            onset=self._onset,
        )

    def reset(self, start: int = 0) -> None:
        """Forget the past; the next sample has absolute index ``start``."""
        self._windows.reset(start)
        self._begin = start
        self._recent = []
        self._onset = None

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {
            "windows": self._windows.snapshot(),
            "begin": self._begin,
            "recent": list(self._recent),
            "onset": self._onset,
        }

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self._windows.restore(state["windows"])
        self._begin = int(state["begin"])
        self._recent = list(state["recent"])
        self._onset = None if state["onset"] is None else int(state["onset"])
