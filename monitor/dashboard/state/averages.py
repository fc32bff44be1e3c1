"""The averaged beat of each class, with its averaged reason."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dashboard.state.beats import ShownBeat
from ecgmon.monitor.dashboard.state.history import SignalHistory
from ecgmon.monitor.dsp.segment import BeatWindow, SegmentSettings

BEFORE = SegmentSettings().before_samples
AFTER = SegmentSettings().after_samples
"""What is shown around the R wave; a classifier may take another window."""

KEPT = 16


@dataclass(frozen=True, slots=True)
class BeatShape:
    """One beat, or the mean of several, around its R wave.

    Parameters
    ----------
    time_s : array of shape (360,)
        Seconds from the R wave.
    trace_mv : array of shape (360,)
        Clean signal.
    attribution : array of shape (360,)
        Grad-CAM, 0 to 1.
    count : int
        Beats in the mean.
    """

    time_s: NDArray[np.float64]
    trace_mv: NDArray[np.float64]
    attribution: NDArray[np.float64]
    count: int


TIME_S = (np.arange(BEFORE + AFTER) - BEFORE) / PIPELINE_HZ


def shape_of(history: SignalHistory, shown: ShownBeat) -> BeatShape:
    """Return a single beat as it stands in the signal, with its own attribution."""
    start = shown.index - BEFORE
    trace = history.trace("clean", start, shown.index + AFTER).astype(np.float64)
    own = np.zeros(BEFORE + AFTER)
    attribution = shown.beat.attribution
    if attribution is not None:
        shift = shown.beat.attribution_start - start
        first, last = max(shift, 0), min(shift + len(attribution), own.size)
        if first < last:
            own[first:last] = attribution[first - shift : last - shift]
    return BeatShape(TIME_S, trace, own, 1)


def window_of(history: SignalHistory, shown: ShownBeat) -> BeatWindow:
    """Return a beat's window as the classifier took it; without samples where signal is missing."""
    start, width = shown.index - BEFORE, BEFORE + AFTER
    if shown.beat.attribution is not None:
        start, width = shown.beat.attribution_start, len(shown.beat.attribution)
    trace = history.trace("clean", start, start + width).astype(np.float64)
    samples = trace if np.isfinite(trace).all() else None
    return BeatWindow(shown.index, start, samples, start + width, None if samples is not None else "gap")


class BeatAverages:
    """Means of the newest beats, one for each symbol."""

    def __init__(self) -> None:
        self._shapes: dict[str, deque[BeatShape]] = {}
        self._waiting: list[ShownBeat] = []

    def add(self, history: SignalHistory, shown: ShownBeat) -> None:
        """Take a beat, as soon as all that is shown of it has come; one with missing signal is left out."""
        self._waiting.append(shown)
        while self._waiting and self._waiting[0].index + AFTER <= history.end:
            beat = self._waiting.pop(0)
            shape = shape_of(history, beat)
            if np.isfinite(shape.trace_mv).all():
                self._shapes.setdefault(beat.symbol, deque(maxlen=KEPT)).append(shape)

    def clear(self) -> None:
        """Forget all."""
        self._shapes.clear()
        self._waiting.clear()

    def symbols(self) -> list[str]:
        """Return the symbols that have a mean, ``N`` first."""
        return sorted(self._shapes, key=lambda symbol: (symbol != "N", symbol))

    def mean(self, symbol: str) -> BeatShape | None:
        """Return the mean of a symbol's newest beats."""
        shapes = self._shapes.get(symbol)
        if not shapes:
            return None
        return BeatShape(
            TIME_S,
            np.mean([shape.trace_mv for shape in shapes], axis=0),
            np.mean([shape.attribution for shape in shapes], axis=0),
            len(shapes),
        )
