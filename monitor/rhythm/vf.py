"""Finds ventricular flutter and fibrillation from the waveform, where no QRS need be seen."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp.operator import Operator, Samples
from ecgmon.monitor.dsp.sanitise import Mask
from ecgmon.monitor.rhythm.vf_model import VfModel
from ecgmon.monitor.rhythm.vf_windows import AHEAD_S, SHORT_SECOND, WINDOW_S, VfWindows

SECOND = int(PIPELINE_HZ)


class VfSettings(Settings):
    """Settings of the `VfDetector`.

    Parameters
    ----------
    threshold : float
        Least probability of a second of flutter or fibrillation.
    span_s : int
        Seconds in a row that together show that flutter or fibrillation holds.
    certainty : float
        Their least mean probability; the last of them must itself reach the threshold.
    end_s : int
        It is over after so many seconds in a row without it.
    least_mv : float
        What is smaller, from peak to peak of a second in the mean of four, is not called
        fibrillation: finer waves count as asystole (Kerber et al. 1997,
        doi:10.1161/01.CIR.95.6.1677), or they are the rest of an electrode's jump.
    missing_fraction : float
        Part of a second missing that keeps it, and those that look at it, from being classified.
    """

    threshold: float = Field(default=0.5, gt=0.0, lt=1.0)
    span_s: int = Field(default=4, ge=1, le=10)
    certainty: float = Field(default=0.7, gt=0.0, lt=1.0)
    end_s: int = Field(default=4, ge=1, le=30)
    least_mv: float = Field(default=0.2, ge=0.0, le=1.0)
    missing_fraction: float = Field(default=0.5, gt=0.0, le=1.0)


@dataclass(frozen=True, slots=True)
class VfSecond:
    """What one second of the signal shows.

    Parameters
    ----------
    start : int
        Pipeline index of its first sample, a multiple of 360.
    known_at : int
        Pipeline index of the sample that had to arrive before it could be classified.
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


@dataclass(slots=True)
class VfState:
    """The last seconds that could be classified, and where what holds began.

    Parameters
    ----------
    recent : list of (int, float)
        Pipeline index of each second, and its probability.
    onset : int or None
        Pipeline index at which the flutter or fibrillation that holds began.
    """

    recent: list[tuple[int, float]] = field(default_factory=list)
    onset: int | None = None


class VfDetector(Operator[VfSettings, VfState, [Samples, Mask | None], list[VfSecond]]):
    """Classifies the raw signal at 360 Hz second by second, on the grid of absolute seconds.

    Each second is classified by the four seconds of signal that end one second behind it, so that
    a verdict comes a second late and sees what surrounds it. Beats play no part in it.

    Parameters
    ----------
    settings : VfSettings, optional
        Limits.
    model : VfModel, optional
        In place of the shipped one.

    Raises
    ------
    ModelError
        If the shipped model is missing or damaged.
    """

    def __init__(self, settings: VfSettings | None = None, model: VfModel | None = None) -> None:
        self._model = model or VfModel()
        self._windows = VfWindows()
        super().__init__(settings or VfSettings(), windows=self._windows)

    @property
    def delay_samples(self) -> float:
        """A verdict on a second comes with the last sample of the next one."""
        return float((1 + AHEAD_S) * SECOND - 1)

    def process(self, chunk: Samples, missing: Mask | None = None) -> list[VfSecond]:
        """Take the next samples.

        Parameters
        ----------
        chunk : array of shape (n,)
            Raw finite samples in millivolts at 360 Hz.
        missing : bool array of shape (n,), optional
            Where samples were replaced.

        Returns
        -------
        list of VfSecond
            One for each second that can be classified now.
        """
        first, windows, missed = self._windows.process(
            chunk, np.zeros(chunk.size, dtype=np.bool_) if missing is None else missing
        )
        if not windows.shape[0]:
            return []
        limits = self.settings
        parts = windows.reshape(-1, WINDOW_S, SHORT_SECOND)
        swings = np.maximum.reduce(parts, axis=2) - np.minimum.reduce(parts, axis=2)
        values = [
            None if gone > limits.missing_fraction else 0.0 if swing < limits.least_mv else probability
            for probability, swing, gone in zip(
                self._model.probabilities(windows).tolist(),
                (np.add.reduce(swings, axis=1) / WINDOW_S).tolist(),
                missed,
                strict=True,
            )
        ]
        return [self._decide(first + i * SECOND, value) for i, value in enumerate(values)]

    def _decide(self, start: int, probability: float | None) -> VfSecond:
        if probability is not None:
            self._hold(start, probability)
        return VfSecond(
            start=start,
            known_at=start + int(self.delay_samples),
            probability=probability,
            is_vf=probability is not None and probability >= self.settings.threshold,
            holds=self.state.onset is not None,
            onset=self.state.onset,
        )

    def _hold(self, start: int, probability: float) -> None:
        """Begin or end with one more second; those that cannot be classified do neither."""
        limits, state = self.settings, self.state
        state.recent = [*state.recent, (start, probability)][-max(limits.span_s, limits.end_s) :]
        span = state.recent[-limits.span_s :]
        values = [value for _, value in span]
        certain = sum(values) >= limits.certainty * limits.span_s
        if state.onset is None and certain and probability >= limits.threshold:
            state.onset = next(at for at, value in span if value >= limits.threshold)
        elif state.onset is not None:
            last = [value for _, value in state.recent[-limits.end_s :]]
            if max(last) < limits.threshold:
                state.onset = None

    def fresh(self, start: int) -> VfState:  # noqa: ARG002 - the windows know where they are
        """Return the state before the first second."""
        return VfState()
