"""Watches for atrial fibrillation: irregular beats that no P wave announces."""

from __future__ import annotations

from collections import deque
from itertools import accumulate

import numpy as np

from monitor.dsp.operator import Samples, State
from monitor.rhythm.atrial_features import before_r, describe, likeness
from monitor.rhythm.atrial_model import AtrialModel, Judge
from monitor.rhythm.found import SeenBeat
from monitor.rhythm.settings import RhythmSettings

INTERVALS, LEAST_INTERVALS = 24, 12
"""Intervals that are looked at, and the fewest that will do."""

LEAST_CHANGES = 6
SHAPES, LEAST_SHAPES = 12, 6
EVERY = 4
"""A judgement comes with every so many beats."""

HISTORY = 64
"""Changes of the interval kept to find where a rhythm began."""

LARGEST_CHANGE = 0.3
"""A change of the interval, as a share of it, counts as no more when a beginning is looked for."""

INTERVAL_S = (0.2, 2.5)


class AtrialWatch:
    """Judges every fourth beat whether the atria fibrillate.

    Only intervals between two beats that are not ventricular count, and only those on a
    usable signal. Where the rhythm changed is the place that best parts the changes of
    the interval into small and large ones.

    Parameters
    ----------
    settings : RhythmSettings
        Limits.
    model : Judge, optional
        In place of the shipped one.

    Attributes
    ----------
    model : Judge
        Makes the probability.
    present : bool
        The atria fibrillate.
    probability : float or None
        The newest judgement; None while too little is known.
    """

    def __init__(self, settings: RhythmSettings, model: Judge | None = None) -> None:
        self.settings = settings
        self.model: Judge = model or AtrialModel.load()
        self.forget()

    def forget(self) -> None:
        """Forget everything."""
        self.present = False
        self.probability: float | None = None
        self._intervals: deque[tuple[float, float | None]] = deque(maxlen=INTERVALS)
        self._changes: deque[tuple[float, float]] = deque(maxlen=HISTORY)
        self._shapes: deque[Samples] = deque(maxlen=SHAPES)
        self._beats = 0
        self._last_usable = False
        self._last_rr: float | None = None

    def take(self, beat: SeenBeat) -> bool:
        """Take the next beat, its class final; tell whether it brought a judgement."""
        usable = beat.aami not in "VF" and beat.quality >= self.settings.min_quality
        low, high = INTERVAL_S
        if usable and self._last_usable and beat.rr_s is not None and low < beat.rr_s < high:
            change = None if self._last_rr is None else abs(beat.rr_s - self._last_rr)
            self._intervals.append((beat.rr_s, change))
            if change is not None:
                self._changes.append((beat.at, min(change / beat.rr_s, LARGEST_CHANGE)))
            self._last_rr = beat.rr_s
        else:
            self._last_rr = None
        self._last_usable = usable
        if usable and beat.before_mv is not None:
            shape = before_r(beat.before_mv)
            if shape is not None:
                self._shapes.append(shape)
        self._beats += 1
        return self._beats % EVERY == 0 and self._judge()

    def _judge(self) -> bool:
        intervals = [rr_s for rr_s, _ in self._intervals]
        changes = [change for _, change in self._intervals if change is not None]
        if len(intervals) < LEAST_INTERVALS or len(changes) < LEAST_CHANGES:
            return False
        like = likeness(self._shapes) if len(self._shapes) >= LEAST_SHAPES else None
        self.probability = self.model.probability(describe(intervals, changes, like))
        limit = self.settings.fibrillation_off if self.present else self.settings.fibrillation_on
        self.present = self.probability >= limit
        return True

    def changed_at(self) -> float:
        """Return the pipeline index at which the intervals became more, or less, irregular."""
        values = np.array([change for _, change in self._changes])
        count = np.arange(1, values.size)
        left = np.array(list(accumulate(values.tolist())))[:-1]
        mean_left = left / count
        mean_right = (values.sum() - left) / (values.size - count)
        parted = (mean_right - mean_left) * (1 if self.present else -1)
        best = np.argmax(np.maximum(parted, 0.0) ** 2 * count * (values.size - count))
        return self._changes[int(best) + 1][0]

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {
            "present": self.present,
            "probability": self.probability,
            "intervals": list(self._intervals),
            "changes": list(self._changes),
            "shapes": [shape.copy() for shape in self._shapes],
            "beats": self._beats,
            "last_usable": self._last_usable,
            "last_rr": self._last_rr,
        }

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self.present = bool(state["present"])
        self.probability = state["probability"]
        self._intervals = deque((tuple(pair) for pair in state["intervals"]), maxlen=INTERVALS)
        self._changes = deque((tuple(pair) for pair in state["changes"]), maxlen=HISTORY)
        self._shapes = deque(map(np.array, state["shapes"]), maxlen=SHAPES)
        self._beats = int(state["beats"])
        self._last_usable = bool(state["last_usable"])
        self._last_rr = state["last_rr"]
