"""Ectopic beats in a row: couplets, runs, tachycardia."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.rhythm.findings import EpisodeFinding, EpisodeKind, SeenBeat
from ecgmon.monitor.rhythm.gaps import LONG_GAP_S
from ecgmon.monitor.rhythm.layer import LayerPart, LayerState
from ecgmon.monitor.rhythm.settings import RhythmSettings

RUN: Final = 3
"""So many ectopic beats in a row are a run."""

LIKE_RUN = 1.15
"""A beat within a ventricular run that comes no later, over the run's mean interval, may belong to it."""

LIKELY: Final = 0.35
"""Least probability of a ventricular beat of a beat of another class that may belong to a run; so
that one in which two shapes take turns is not taken apart."""

SPREAD: Final = 1.5
"""No interval of a run is off the limit, to the harmless side, by more than this factor."""

MOST_DOUBTS = 2
"""So many of them in a row, between two ventricular beats."""

RATE_INTERVALS = 8
"""The newest intervals of a run that give its rate."""

LONGEST_S = 2.0
"""Ectopic beats further apart are no run."""

SLOWER = 0.95
"""A tachycardia becomes an idioventricular rhythm only below this share of the limit."""

KINDS: dict[str, tuple[EpisodeKind, EpisodeKind]] = {
    "V": ("ventricular_couplet", "ventricular_run"),
    "S": ("supraventricular_couplet", "supraventricular_run"),
}
"""What two, and more, ectopic beats of a class are called."""


@dataclass(slots=True)
class Run:
    """The beats of a run, which may last for hours.

    Parameters
    ----------
    count, certain : int
        How many they are, and how many of them are of the run's class.
    first : float
        Pipeline index of the first.
    sure : float
        Sum of their probabilities.
    newest : deque of float
        Pipeline indices of the last ones, on a clock that stands in gaps.
    skipped : float
        How far that clock is behind: an interval with a gap in it counts as long as the others.
    """

    count: int = 0
    certain: int = 0
    first: float = 0.0
    sure: float = 0.0
    newest: deque[float] = field(default_factory=lambda: deque(maxlen=RATE_INTERVALS + 1))
    skipped: float = 0.0

    def add(self, at: float, sure: float, *, certain: bool = True, follows: bool = True) -> None:
        """Take the next beat, at a pipeline index; it follows the one before if no gap is between."""
        if not self.count:
            self.first = at
        elif not follows and self.count > 1:
            usual = (self.newest[-1] - self.first) / (self.count - 1)
            self.skipped = max(self.skipped, at - self.newest[-1] - usual)
        self.count += 1
        self.certain += certain
        self.sure += sure
        self.newest.append(at - self.skipped)

    @property
    def last(self) -> float:
        """Pipeline index of the newest beat."""
        return self.newest[-1] + self.skipped

    @property
    def bpm(self) -> float:
        """Mean rate from the first to the newest beat, in beats a minute."""
        return _bpm(self.count, self.first, self.newest[-1])

    @property
    def bpm_now(self) -> float:
        """Mean rate of the last beats, in beats a minute."""
        return _bpm(len(self.newest), self.newest[0], self.newest[-1])


@dataclass(slots=True)
class RunState(LayerState):
    """Class of the run, its beats, and places of the doubtful beats behind them."""

    kind: str = ""
    run: Run = field(default_factory=Run)
    doubts: list[float] = field(default_factory=list)


class RunFinder(LayerPart[RunState]):
    """Follows beats of one ectopic class in a row, over short gaps.

    One beat of another class does not part a ventricular run of three and more if it comes
    as soon as those of the run, and the next one is ventricular again. Neither do one or two
    that are `LIKELY` ventricular, or whose shape a gap hides; but three beats of a run are of its class.

    Parameters
    ----------
    settings : RhythmSettings
        Limits.

    Attributes
    ----------
    layer : Layer
        ``VT``, ``IVR`` or ``SVTA`` from the first beat of a run on, said from its third.
    """

    def __init__(self, settings: RhythmSettings) -> None:
        self.settings = settings
        super().__init__()

    def fresh(self, start: int) -> RunState:  # noqa: ARG002 - beats say where they are
        """Return the state before the first beat."""
        return RunState()

    def break_off(self) -> None:
        """Let no run span what comes."""
        self.adopt(RunState(self.layer))

    def take(self, beat: SeenBeat, known_at: int, *, irregular: bool) -> EpisodeFinding | None:
        """Take the next beat, its class final; return what it ended.

        Parameters
        ----------
        beat : SeenBeat
            The beat.
        known_at : int
            Pipeline index at which its class was final.
        irregular : bool
            The atria fibrillate, so that early beats mean nothing.
        """
        kind = beat.aami if beat.aami in KINDS and beat.quality >= self.settings.min_quality else ""
        if irregular and kind == "S":
            kind = ""
        if kind != self.state.kind and self._may_belong(beat):
            self.state.doubts.append(beat.at)
            return None
        ended = self._resolve(beat, kind, known_at) if self.state.doubts else None
        if kind != self.state.kind or self._is_apart(beat):
            ended = self._end(beat.at, known_at) or ended
            self.state.kind = kind
        if kind:
            self.state.run.add(beat.at, beat.sure, follows=beat.rr_s is not None)
            if self.state.run.certain >= RUN:
                self._name()
        return ended

    def _is_apart(self, beat: SeenBeat) -> bool:
        """Tell whether a beat is too far from the last one to be of its run."""
        if beat.rr_s is not None or not self.state.run.count:
            return beat.rr_s is None or beat.rr_s > LONGEST_S
        return beat.at - self.state.run.last > (LONGEST_S + LONG_GAP_S) * PIPELINE_HZ

    def _may_belong(self, beat: SeenBeat) -> bool:
        """Tell whether a beat of another class may belong to the run."""
        if self.state.kind != "V" or len(self.state.doubts) == MOST_DOUBTS:
            return False
        if beat.before_mv is None and beat.aami == "Q":
            return not self._is_apart(beat)
        if beat.rr_s is None:
            return False
        likely = beat.ventricular >= LIKELY and beat.rr_s <= self._longest_s
        return likely or (not self.state.doubts and self._is_soon(beat.rr_s))

    @property
    def _longest_s(self) -> float:
        return SPREAD * 60.0 / self.settings.run_bpm

    def _is_soon(self, rr_s: float) -> bool:
        return self.state.run.count >= RUN and rr_s * self.state.run.bpm <= 60.0 * LIKE_RUN

    def _goes_on(self, rr_s: float) -> bool:
        return self._is_soon(rr_s) or (self.state.run.count < RUN and rr_s <= self._longest_s)

    def _resolve(self, beat: SeenBeat, kind: str, known_at: int) -> EpisodeFinding | None:
        """Count the doubtful beats before this one to the run, or end the run with them."""
        doubts, self.state.doubts = self.state.doubts, []
        if kind == "V" and not self._is_apart(beat) and (beat.rr_s is None or self._goes_on(beat.rr_s)):
            for doubt in doubts:
                self.state.run.add(doubt, 0.0, certain=False)
            return None
        ended = self._end(doubts[0], known_at)
        self.state.kind = ""
        return ended

    def end(self, at: float, known_at: int) -> EpisodeFinding | None:
        """End the run, because no beat follows; return it."""
        ended = self._end(self.state.doubts[0] if self.state.doubts else at, known_at)
        self.state.kind, self.state.doubts = "", []
        return ended

    def _name(self) -> None:
        run, limit, layer = self.state.run, self.settings.run_bpm, self.layer
        fast = run.bpm_now > (limit if layer.rhythm in ("", "IVR") else SLOWER * limit)
        if self.state.kind == "V":
            rhythm = "VT" if fast else "IVR"
        elif fast:
            rhythm = "SVTA"
        else:
            return
        since = run.newest[0] + run.skipped if layer.rhythm else run.first
        layer.say(rhythm, since, run.sure / run.count)

    def _end(self, at: float, known_at: int) -> EpisodeFinding | None:
        run, found = self.state.run, None
        if run.certain >= RUN or run.count == 2:
            kind = KINDS[self.state.kind][run.count >= RUN]
            found = EpisodeFinding(run.first, run.last, known_at, kind, run.count, round(run.bpm, 1))
        self.state.run = Run()
        self.layer.mute(at)
        return found


def _bpm(beats: int, first: float, last: float) -> float:
    return 60.0 * PIPELINE_HZ * (beats - 1) / (last - first)
