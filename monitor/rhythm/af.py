"""Watches for atrial fibrillation: irregular beats that no P wave announces."""

from __future__ import annotations

from collections import deque
from itertools import accumulate

import numpy as np

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp.operator import Samples, State
from ecgmon.monitor.rhythm.af_features import before_r, correlation, describe
from ecgmon.monitor.rhythm.af_model import AfClassifier, AfModel
from ecgmon.monitor.rhythm.findings import SeenBeat
from ecgmon.monitor.rhythm.settings import RhythmSettings

PAIRS, LEAST_PAIRS = 32, 12
"""Pairs of intervals that are looked at, and the fewest that will do."""

SHAPES, LEAST_SHAPES = 16, 6
RECENT_BEATS, MOST_VENTRICULAR = 32, 8
"""With more ventricular beats among the recent ones nothing is judged: they disturb the others."""

EVERY = 4
"""A judgement comes with every so many beats."""

GONE_AFTER = PAIRS // EVERY
"""So many judgements in a row end fibrillation: none of the intervals that were looked at before
is left. For a while the atria may conduct so evenly that intervals repeat."""

LOOK_BACK_S = 60.0
"""Nothing older counts: where most beats are ventricular the others are too far apart."""

HISTORY = 96
"""Changes of the interval kept to find where a rhythm began."""

EVEN_CHANGE, ODDS_SLOPE, ODDS_LIMITS = 0.07, 30.0, (-1.6, 2.0)
"""Log-odds that one change of the interval speaks for fibrillation: none at a change of 7 %,
0.3 more for each per cent more, within limits. Fitted by eye to the changes of the training
records; the upper limit is lower than theirs, so that an early beat weighs less."""

INTERVAL_S = (0.2, 2.5)


class AfWatch:
    """Judges every fourth beat whether the atria fibrillate.

    Only intervals between two beats that are not ventricular count, and only those on a
    usable signal. Where the rhythm changed is the place from which the changes of the
    interval speak most for the new one.

    Parameters
    ----------
    settings : RhythmSettings
        Limits.
    model : AfClassifier, optional
        In place of the shipped one.

    Attributes
    ----------
    model : AfClassifier
        Makes the probability.
    present : bool
        The atria fibrillate.
    probability : float or None
        The newest judgement; None while too little is known.
    """

    def __init__(self, settings: RhythmSettings, model: AfClassifier | None = None) -> None:
        self.settings = settings
        self.model: AfClassifier = model or AfModel.load()
        self.forget()

    def forget(self) -> None:
        """Forget everything."""
        self.present = False
        self.probability: float | None = None
        self._pairs: deque[tuple[float, tuple[float, float]]] = deque(maxlen=PAIRS)
        self._changes: deque[tuple[float, float]] = deque(maxlen=HISTORY)
        self._shapes: deque[tuple[float, Samples]] = deque(maxlen=SHAPES)
        self._ventricular: deque[bool] = deque(maxlen=RECENT_BEATS)
        self._beats = 0
        self._doubts = 0
        self._last_usable = False
        self._last_rr: float | None = None

    def forget_since(self, start: float) -> None:
        """Forget the beats from pipeline index ``start`` on: they were none."""
        for kept in (self._pairs, self._changes, self._shapes):
            while kept and kept[-1][0] >= start:
                kept.pop()
        self._last_usable = False

    def shift(self, by: float) -> None:
        """Count indices anew, ``by`` later than before."""
        self._pairs = deque(((at + by, pair) for at, pair in self._pairs), maxlen=PAIRS)
        self._changes = deque(((at + by, odds) for at, odds in self._changes), maxlen=HISTORY)
        self._shapes = deque(((at + by, shape) for at, shape in self._shapes), maxlen=SHAPES)
        self._last_usable = False

    def take(self, beat: SeenBeat) -> bool:
        """Take the next beat, its class final; tell whether it brought a judgement."""
        ventricular = beat.aami in "VF"
        self._ventricular.append(ventricular)
        usable = not ventricular and beat.quality >= self.settings.clear_quality
        low, high = INTERVAL_S
        if usable and self._last_usable and beat.rr_s is not None and low < beat.rr_s < high:
            if self._last_rr is not None:
                self._pairs.append((beat.at, (self._last_rr, beat.rr_s)))
                self._changes.append((beat.at, _log_odds(abs(beat.rr_s - self._last_rr) / beat.rr_s)))
            self._last_rr = beat.rr_s
        else:
            self._last_rr = None
        self._last_usable = usable
        if usable and beat.before_mv is not None:
            shape = before_r(beat.before_mv)
            if shape is not None:
                self._shapes.append((beat.at, shape))
        for kept in (self._pairs, self._shapes):
            while kept and kept[0][0] < beat.at - LOOK_BACK_S * PIPELINE_HZ:
                kept.popleft()
        self._beats += 1
        return self._beats % EVERY == 0 and self._judge()

    def _judge(self) -> bool:
        if sum(self._ventricular) > MOST_VENTRICULAR:
            return self._keep_last()
        if len(self._pairs) < LEAST_PAIRS:
            return False
        shapes = [shape for _, shape in self._shapes]
        like = correlation(shapes) if len(shapes) >= LEAST_SHAPES else None
        self.probability = self.model.probability(describe([pair for _, pair in self._pairs], like))
        self._doubts = 0 if self.probability >= self.settings.af_off else self._doubts + 1
        if self.present:
            self.present = self._doubts < GONE_AFTER
        else:
            self.present = self.probability >= self.settings.af_on
        return True

    def _keep_last(self) -> bool:
        """Let the last judgement stand, because the next may be long in coming; tell whether that ends it."""
        ended = self.present and self._doubts > 0
        self.present = self.present and not ended
        return ended

    def changed_at(self) -> float:
        """Return the pipeline index from which the intervals are those of the new rhythm."""
        odds = [change for _, change in reversed(self._changes)]
        sums = list(accumulate(odds if self.present else [-change for change in odds]))
        return self._changes[-1 - sums.index(max(sums))][0]

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {
            "present": self.present,
            "probability": self.probability,
            "pairs": list(self._pairs),
            "changes": list(self._changes),
            "shapes": [(at, shape.copy()) for at, shape in self._shapes],
            "ventricular": list(self._ventricular),
            "beats": self._beats,
            "doubts": self._doubts,
            "last_usable": self._last_usable,
            "last_rr": self._last_rr,
        }

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self.present = bool(state["present"])
        self.probability = state["probability"]
        self._pairs = deque(((at, tuple(pair)) for at, pair in state["pairs"]), maxlen=PAIRS)
        self._changes = deque((tuple(pair) for pair in state["changes"]), maxlen=HISTORY)
        self._shapes = deque(((at, np.array(shape)) for at, shape in state["shapes"]), maxlen=SHAPES)
        self._ventricular = deque(state["ventricular"], maxlen=RECENT_BEATS)
        self._beats = int(state["beats"])
        self._doubts = int(state["doubts"])
        self._last_usable = bool(state["last_usable"])
        self._last_rr = state["last_rr"]


def _log_odds(change: float) -> float:
    low, high = ODDS_LIMITS
    return max(low, min(high, ODDS_SLOPE * (change - EVEN_CHANGE)))
