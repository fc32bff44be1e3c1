"""The base rhythm: how fast the sinus node is, or that the atria fibrillate."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.rhythm.af import AfWatch
from ecgmon.monitor.rhythm.af_model import AfClassifier
from ecgmon.monitor.rhythm.findings import SeenBeat
from ecgmon.monitor.rhythm.layer import LayerPart, LayerState
from ecgmon.monitor.rhythm.settings import RhythmSettings

INTERVALS, LEAST_INTERVALS = 12, 8
"""Intervals whose middle one gives the rate, and the fewest that will do."""

STEADY_SPREAD = 0.3
"""The longest and the shortest of steady intervals differ by no larger share of the middle one."""

FIRST_WAIT_S = 30.0
"""So long at most a first rhythm of uneven intervals waits for a classification of the atria."""

SINUS, SLOW, FAST, AF = "N", "SBR", "STACH", "AFIB"


@dataclass(slots=True)
class BaseState(LayerState):
    """The last intervals, and where the first usable beat was.

    Parameters
    ----------
    intervals : deque of (float, float)
        Pipeline index of a beat, and the seconds before it.
    first : float or None
        Pipeline index of the first usable beat.
    last_usable : bool
        The last beat was usable.
    """

    intervals: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=INTERVALS))
    first: float | None = None
    last_usable: bool = False


class BaseRhythm(LayerPart[BaseState]):
    """Names the rhythm that passing ones interrupt.

    Parameters
    ----------
    settings : RhythmSettings
        Limits.
    model : AfClassifier, optional
        Classifier of atrial fibrillation, in place of the shipped one.

    Attributes
    ----------
    layer : Layer
        ``N``, ``SBR``, ``STACH`` or ``AFIB``; silence while too little is known.
    af : AfWatch
        Watches for atrial fibrillation.
    """

    def __init__(self, settings: RhythmSettings, model: AfClassifier | None = None) -> None:
        self.settings = settings
        self.af = AfWatch(settings, model)
        super().__init__(af=self.af)

    def fresh(self, start: int) -> BaseState:  # noqa: ARG002 - beats say where they are
        """Return the state before the first beat: nothing is said until enough is known."""
        return BaseState()

    def forget_since(self, start: float) -> None:
        """Forget the beats from pipeline index ``start`` on: they were none."""
        self.af.forget_since(start)
        while self.state.intervals and self.state.intervals[-1][0] >= start:
            self.state.intervals.pop()
        self.state.last_usable = False

    def shift(self, by: float) -> None:
        """Count indices anew, ``by`` later than before: the signal goes on in another program."""
        state = self.state
        if state.first is None:
            return
        state.first += by
        state.layer.since += by
        self.af.shift(by)
        state.intervals = deque(((at + by, rr_s) for at, rr_s in state.intervals), maxlen=INTERVALS)
        state.last_usable = False

    @property
    def fibrillates(self) -> bool:
        """Whether the atria fibrillate."""
        return self.layer.rhythm == AF

    @property
    def _in_doubt(self) -> bool:
        """Whether the atria may fibrillate: then the rate is no reason for another name."""
        probability = self.af.probability
        known = bool(self.layer.rhythm)
        return known and probability is not None and probability >= self.settings.af_off

    def _waits(self, at: float) -> bool:
        """Tell whether a first name would be a guess: what is said cannot be taken back."""
        if self.layer.rhythm or self.af.probability is not None or self.state.first is None:
            return False
        ordered = sorted(rr_s for _, rr_s in self.state.intervals)
        uneven = ordered[-1] - ordered[0] > STEADY_SPREAD * ordered[len(ordered) // 2]
        return uneven and at - self.state.first < FIRST_WAIT_S * PIPELINE_HZ

    def take(self, beat: SeenBeat) -> None:
        """Take the next beat, its class final."""
        state, classified = self.state, self.af.take(beat)
        usable = beat.aami not in "VF" and beat.quality >= self.settings.min_quality
        if usable and state.first is None:
            state.first = beat.at
        if usable and state.last_usable and beat.rr_s is not None:
            state.intervals.append((beat.at, beat.rr_s))
        state.last_usable = usable
        if len(state.intervals) < LEAST_INTERVALS or self._waits(beat.at):
            return
        if classified and self.af.present != self.fibrillates:
            self._change(self.af.changed_at())
        elif not self.fibrillates and not self._in_doubt:
            self._change(state.intervals[-len(state.intervals) // 2][0])

    def _change(self, since: float) -> None:
        """Say what holds; a first rhythm has held since the first beat."""
        rhythm = AF if self.af.present else self._by_rate()
        if not self.layer.rhythm and self.state.first is not None:
            since = self.state.first
        probability = 0.5 if self.af.probability is None else self.af.probability
        self.layer.say(rhythm, since, round(probability if self.af.present else 1.0 - probability, 3))

    def _by_rate(self) -> str:
        ordered = sorted(rr_s for _, rr_s in self.state.intervals)
        bpm = 60.0 / ordered[len(ordered) // 2]
        limits, now = self.settings, self.layer.rhythm
        back = limits.rate_hysteresis_bpm
        if bpm < limits.brady_bpm + (back if now == SLOW else 0.0):
            return SLOW
        if bpm > limits.tachy_bpm - (back if now == FAST else 0.0):
            return FAST
        return SINUS
