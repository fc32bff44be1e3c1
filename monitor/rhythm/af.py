"""Watches for atrial fibrillation: irregular beats that no P wave announces."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Annotated

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.state import Shape
from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.rhythm.af_features import P_POINTS, before_r, correlation, describe
from ecgmon.monitor.rhythm.af_model import AfClassifier, AfModel
from ecgmon.monitor.rhythm.findings import SeenBeat
from ecgmon.monitor.rhythm.settings import RhythmSettings

PAIRS, LEAST_PAIRS = 32, 12
"""Pairs of intervals that are looked at, and the fewest that will do."""

SHAPES, LEAST_SHAPES = 16, 6
RECENT_BEATS, MOST_VENTRICULAR = 32, 8
"""With more ventricular beats among the recent ones nothing is classified: they disturb the others."""

EVERY = 4
"""A classification comes with every so many beats."""

GONE_AFTER = PAIRS // EVERY
"""So many classifications in a row end fibrillation: none of the intervals that were looked at before
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


@dataclass(slots=True)
class AfState:
    """What is remembered of the last beats, and what was classified.

    Parameters
    ----------
    present : bool
        The atria fibrillate.
    probability : float or None
        The newest classification; None while too little is known.
    pairs : deque of (float, (float, float))
        Pipeline index of a beat, and the two intervals before it in seconds.
    changes : deque of (float, float)
        Pipeline index of a beat, and the log-odds of its change of the interval.
    shapes : deque of (float, array of shape (18,))
        Pipeline index of a beat, and what lies before its R wave.
    ventricular : deque of bool
        Which of the last beats were.
    beats : int
        Beats so far.
    doubts : int
        Classifications in a row against fibrillation.
    last_usable : bool
        The last beat was not ventricular, and on a good signal.
    last_rr : float or None
        Seconds between the last two beats, if both were.
    """

    present: bool = False
    probability: float | None = None
    pairs: deque[tuple[float, tuple[float, float]]] = field(default_factory=lambda: deque(maxlen=PAIRS))
    changes: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=HISTORY))
    shapes: deque[tuple[float, Annotated[Samples, Shape(P_POINTS)]]] = field(
        default_factory=lambda: deque(maxlen=SHAPES)
    )
    ventricular: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT_BEATS))
    beats: int = 0
    doubts: int = 0
    last_usable: bool = False
    last_rr: float | None = None


class AfWatch(Stateful[AfState]):
    """Classifies every fourth beat whether the atria fibrillate.

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
    """

    def __init__(self, settings: RhythmSettings, model: AfClassifier | None = None) -> None:
        self.settings = settings
        self.model: AfClassifier = model or AfModel.load()
        super().__init__()

    @property
    def present(self) -> bool:
        """Whether the atria fibrillate."""
        return self.state.present

    @property
    def probability(self) -> float | None:
        """The newest classification; None while too little is known."""
        return self.state.probability

    def fresh(self, start: int) -> AfState:  # noqa: ARG002 - beats say where they are
        """Return the state before the first beat."""
        return AfState()

    def forget_since(self, start: float) -> None:
        """Forget the beats from pipeline index ``start`` on: they were none."""
        state = self.state
        for kept in (state.pairs, state.changes, state.shapes):
            while kept and kept[-1][0] >= start:
                kept.pop()
        state.last_usable = False

    def shift(self, by: float) -> None:
        """Count indices anew, ``by`` later than before."""
        state = self.state
        state.pairs = deque(((at + by, pair) for at, pair in state.pairs), maxlen=PAIRS)
        state.changes = deque(((at + by, odds) for at, odds in state.changes), maxlen=HISTORY)
        state.shapes = deque(((at + by, shape) for at, shape in state.shapes), maxlen=SHAPES)
        state.last_usable = False

    def take(self, beat: SeenBeat) -> bool:
        """Take the next beat, its class final; tell whether it brought a classification."""
        state = self.state
        ventricular = beat.aami in "VF"
        state.ventricular.append(ventricular)
        usable = not ventricular and beat.quality >= self.settings.clear_quality
        low, high = INTERVAL_S
        if usable and state.last_usable and beat.rr_s is not None and low < beat.rr_s < high:
            if state.last_rr is not None:
                state.pairs.append((beat.at, (state.last_rr, beat.rr_s)))
                state.changes.append((beat.at, _log_odds(abs(beat.rr_s - state.last_rr) / beat.rr_s)))
            state.last_rr = beat.rr_s
        else:
            state.last_rr = None
        state.last_usable = usable
        if usable and beat.before_mv is not None:
            shape = before_r(beat.before_mv)
            if shape is not None:
                state.shapes.append((beat.at, shape))
        for kept in (state.pairs, state.shapes):
            while kept and kept[0][0] < beat.at - LOOK_BACK_S * PIPELINE_HZ:
                kept.popleft()
        state.beats += 1
        return state.beats % EVERY == 0 and self._judge()

    def _judge(self) -> bool:
        state = self.state
        if sum(state.ventricular) > MOST_VENTRICULAR:
            return self._keep_last()
        if len(state.pairs) < LEAST_PAIRS:
            return False
        shapes = [shape for _, shape in state.shapes]
        like = correlation(shapes) if len(shapes) >= LEAST_SHAPES else None
        state.probability = self.model.probability(describe([pair for _, pair in state.pairs], like))
        state.doubts = 0 if state.probability >= self.settings.af_off else state.doubts + 1
        if state.present:
            state.present = state.doubts < GONE_AFTER
        else:
            state.present = state.probability >= self.settings.af_on
        return True

    def _keep_last(self) -> bool:
        """Let the last classification stand, as the next may be long in coming; tell whether that ends it."""
        state = self.state
        ended = state.present and state.doubts > 0
        state.present = state.present and not ended
        return ended

    def changed_at(self) -> float:
        """Return the pipeline index from which the intervals are those of the new rhythm."""
        state = self.state
        odds = [change for _, change in reversed(state.changes)]
        sums = list(accumulate(odds if state.present else [-change for change in odds]))
        return state.changes[-1 - sums.index(max(sums))][0]


def _log_odds(change: float) -> float:
    low, high = ODDS_LIMITS
    return max(low, min(high, ODDS_SLOPE * (change - EVEN_CHANGE)))
