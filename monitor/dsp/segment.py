"""Cuts the window around each R wave that the classifier sees, and normalises it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.state import AnyLength
from ecgmon.monitor.dsp.operator import Operator, Samples

STD_FLOOR_MV = 0.02
"""Windows flatter than this, in millivolts, are not blown up to full size."""


LONGEST_SIDE = 1440
"""Samples to either side of the R wave that can be cut at most."""


class SegmentSettings(Settings):
    """Settings of the `BeatSegmenter`.

    Parameters
    ----------
    before_samples : int
        Samples of the window ahead of the R wave. A pipeline takes its model's and refuses another.
    after_samples : int
        Samples from the R wave on, itself included. A pipeline takes its model's and refuses another.
    history_s : float
        Seconds of clean signal kept; a beat must be announced within them.
    """

    before_samples: int = Field(default=216, ge=1, le=LONGEST_SIDE)
    after_samples: int = Field(default=144, ge=1, le=LONGEST_SIDE)
    history_s: float = Field(default=6.0, ge=2.0, le=60.0)


Cut = Literal["start", "gap", "late"]


@dataclass(frozen=True, slots=True, eq=False)
class BeatWindow:
    """The signal around one R wave, or why there is none.

    Parameters
    ----------
    r : int
        Pipeline index of the R wave.
    start : int
        Pipeline index of the window's first sample.
    samples_mv : array of shape (before_samples + after_samples,), or None
        Clean signal in millivolts; None if the window is cut.
    known_at : int
        Pipeline index of the last clean sample that had to arrive.
    cut : {"start", "gap", "late"} or None
        Why the window is not whole: it begins before the stream (or the last reset),
        the signal ended or broke off inside it, or the beat was announced too late.
    """

    r: int
    start: int
    samples_mv: Samples | None
    known_at: int
    cut: Cut | None = None


def normalise(windows_mv: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Return windows with mean 0 and standard deviation 1, as the classifier takes them.

    Parameters
    ----------
    windows_mv : array of shape (..., n)
        Windows in millivolts.

    Returns
    -------
    float32 array of the same shape
        Each window less its mean, over its standard deviation or `STD_FLOOR_MV`,
        whichever is greater.
    """
    centred = windows_mv - windows_mv.mean(axis=-1, keepdims=True)
    spread = np.sqrt(np.mean(centred * centred, axis=-1, keepdims=True))
    return np.asarray(centred / np.maximum(spread, STD_FLOOR_MV), dtype=np.float32)


@dataclass(slots=True)
class SegmenterState:
    """The clean signal of late, and the beats whose windows are not whole yet.

    Parameters
    ----------
    begin : int
        Pipeline index of the first sample kept.
    origin : int
        Pipeline index of the stream's first sample.
    history : array of shape (n,)
        The samples kept, in millivolts.
    waiting : list of int
        Pipeline indices of the R waves that wait.
    """

    begin: int
    origin: int
    history: AnyLength
    waiting: list[int] = field(default_factory=list)


class BeatSegmenter(
    Operator[SegmentSettings, SegmenterState, [Samples, Iterable[int]], list[BeatWindow]],
):
    """Returns each beat's window as soon as the clean signal reaches its end.

    Indices are those of the instants that the clean signal describes: the `FrontEnd` that feeds
    it has taken its own delay off.

    Parameters
    ----------
    settings : SegmentSettings, optional
        Shape of the window.
    """

    def __init__(self, settings: SegmentSettings | None = None) -> None:
        settings = settings or SegmentSettings()
        self._keep = round(settings.history_s * PIPELINE_HZ)
        super().__init__(settings)

    @property
    def delay_samples(self) -> float:
        """Samples behind the R wave that a window waits for."""
        return float(self.settings.after_samples - 1)

    @property
    def position(self) -> int:
        """Pipeline index of the next clean sample."""
        return self.state.begin + self.state.history.size

    def process(self, chunk: Samples, beats: Iterable[int] = ()) -> list[BeatWindow]:
        """Take the next clean samples and the beats found since the last call.

        Parameters
        ----------
        chunk : array of shape (n,)
            Clean samples in millivolts at 360 Hz.
        beats : iterable of int
            Pipeline indices of R waves, ascending; they may lie ahead of the signal.

        Returns
        -------
        list of BeatWindow
            Windows complete now, in the order of their beats, cut ones among them.
        """
        state = self.state
        if chunk.size:
            state.history = np.concatenate((state.history, chunk))
        state.waiting.extend(beats)
        done = 0
        for r in state.waiting:
            if r + self.settings.after_samples > self.position:
                break
            done += 1
        windows = [self._cut_out(r) for r in state.waiting[:done]]
        del state.waiting[:done]
        surplus = state.history.size - self._keep
        if surplus > 0:
            state.history = state.history[surplus:].copy()
            state.begin += surplus
        return windows

    def flush(self) -> list[BeatWindow]:
        """Return the beats still waiting, as cut: the signal ends or breaks off here."""
        last = self.position - 1
        before = self.settings.before_samples
        windows = [BeatWindow(r, r - before, None, last, "gap") for r in self.state.waiting]
        self.state.waiting = []
        return windows

    def fresh(self, start: int) -> SegmenterState:
        """Return the state before the clean sample of pipeline index ``start``.

        A reset forgets the beats that wait; `flush` hands those out first.
        """
        return SegmenterState(start, start, np.empty(0))

    def _cut_out(self, r: int) -> BeatWindow:
        start = r - self.settings.before_samples
        end = r + self.settings.after_samples
        state = self.state
        if start < state.origin:
            return BeatWindow(r, start, None, end - 1, "start")
        if start < state.begin:
            return BeatWindow(r, start, None, end - 1, "late")
        samples = state.history[start - state.begin : end - state.begin].copy()
        return BeatWindow(r, start, samples, end - 1)
