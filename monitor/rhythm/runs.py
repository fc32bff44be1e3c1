"""Ectopic beats in a row: couplets, runs, tachycardia."""

from __future__ import annotations

from collections import deque
from typing import Final

from monitor.dsp.operator import State
from monitor.events import PIPELINE_HZ
from monitor.rhythm.found import EpisodeFound, EpisodeKind, SeenBeat
from monitor.rhythm.layer import Layer
from monitor.rhythm.settings import RhythmSettings

RUN: Final = 3
"""So many ectopic beats in a row are a run."""

LIKE_RUN = 1.15
"""A beat within a ventricular run that comes no later, over the run's mean interval, may belong to it."""

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


class _Run:
    """The beats of a run: the first, the newest, and how many; a run may last for hours."""

    def __init__(self) -> None:
        self.count = 0
        self.first = 0.0
        self.sure = 0.0
        self.newest: deque[float] = deque(maxlen=RATE_INTERVALS + 1)

    def add(self, at: float, sure: float) -> None:
        if not self.count:
            self.first = at
        self.count += 1
        self.sure += sure
        self.newest.append(at)

    @property
    def bpm(self) -> float:
        return _bpm(self.count, self.first, self.newest[-1])

    @property
    def bpm_now(self) -> float:
        return _bpm(len(self.newest), self.newest[0], self.newest[-1])

    def snapshot(self) -> State:
        return {"count": self.count, "first": self.first, "sure": self.sure, "newest": list(self.newest)}

    def restore(self, state: State) -> None:
        self.count, self.first = int(state["count"]), float(state["first"])
        self.sure = float(state["sure"])
        self.newest = deque(state["newest"], maxlen=RATE_INTERVALS + 1)


class RunFinder:
    """Follows beats of one ectopic class in a row; interval by interval, nothing spans a gap.

    One beat of another class does not part a ventricular run of three and more if it comes
    as soon as those of the run, and the next one is ventricular again.

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
        self.layer = Layer()
        self.break_off()

    def break_off(self) -> None:
        """Let no run span what comes."""
        self._kind = ""
        self._run = _Run()
        self._doubt: float | None = None

    def take(self, beat: SeenBeat, known_at: int, *, irregular: bool) -> EpisodeFound | None:
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
        ended = None
        if self._doubt is not None:
            ended = self._resolve(beat, kind, known_at)
        elif kind != self._kind and self._may_belong(beat):
            self._doubt = beat.at
            return None
        if kind != self._kind or beat.rr_s is None or beat.rr_s > LONGEST_S:
            ended = self._end(beat.at, known_at) or ended
            self._kind = kind
        if kind:
            self._run.add(beat.at, beat.sure)
            if self._run.count >= RUN:
                self._name()
        return ended

    def _may_belong(self, beat: SeenBeat) -> bool:
        if self._kind != "V" or self._run.count < RUN or beat.rr_s is None:
            return False
        return beat.rr_s * self._run.bpm <= 60.0 * LIKE_RUN

    def _resolve(self, beat: SeenBeat, kind: str, known_at: int) -> EpisodeFound | None:
        """Count the doubtful beat before this one to the run, or end the run with it."""
        assert self._doubt is not None
        doubt, self._doubt = self._doubt, None
        if kind == "V" and self._may_belong(beat):
            self._run.add(doubt, 0.0)
            return None
        ended = self._end(doubt, known_at)
        self._kind = ""
        return ended

    def end(self, at: float, known_at: int) -> EpisodeFound | None:
        """End the run, because no beat follows; return it."""
        ended = self._end(at if self._doubt is None else self._doubt, known_at)
        self._kind, self._doubt = "", None
        return ended

    def _name(self) -> None:
        run, limit, layer = self._run, self.settings.run_bpm, self.layer
        fast = run.bpm_now > (limit if layer.rhythm in ("", "IVR") else SLOWER * limit)
        if self._kind == "V":
            rhythm = "VT" if fast else "IVR"
        elif fast:
            rhythm = "SVTA"
        else:
            return
        since = run.newest[0] if layer.rhythm else run.first
        layer.say(rhythm, since, run.sure / run.count)

    def _end(self, at: float, known_at: int) -> EpisodeFound | None:
        run, found = self._run, None
        if run.count >= 2:
            kind = KINDS[self._kind][run.count >= RUN]
            found = EpisodeFound(run.first, run.newest[-1], known_at, kind, run.count, round(run.bpm, 1))
        self._run = _Run()
        self.layer.hush(at)
        return found

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {
            "layer": self.layer.snapshot(),
            "kind": self._kind,
            "run": self._run.snapshot(),
            "doubt": self._doubt,
        }

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self.layer.restore(state["layer"])
        self._kind = str(state["kind"])
        self._run.restore(state["run"])
        self._doubt = state["doubt"]


def _bpm(beats: int, first: float, last: float) -> float:
    return 60.0 * PIPELINE_HZ * (beats - 1) / (last - first)
