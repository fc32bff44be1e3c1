"""Conditions that no beat makes: asystole and pause, told apart from a missing signal."""

from __future__ import annotations

from dataclasses import dataclass, field

from ecgmon.monitor.alarms.condition import Change, Condition, Memory, signal_away
from ecgmon.monitor.alarms.kind import AlarmKind
from ecgmon.monitor.alarms.rhythms import VENTRICULAR
from ecgmon.monitor.alarms.rules import AbsenceRule
from ecgmon.monitor.core.events import Beat, Event, Gap, Quality, RhythmChange, SourceStatus
from ecgmon.monitor.rhythm.gaps import LONG_GAP_S, Unseen
from ecgmon.monitor.rhythm.unreadable import is_only_missing, may_hide_a_beat

NOISE_INDEX = 0.15
"""A second of lower quality, and not flat, is too noisy to say that it holds no beat."""


@dataclass(slots=True)
class AbsenceMemory(Memory):
    """What is counted.

    Parameters
    ----------
    since : int or None
        Source index since which a beat would have been seen.
    unseen : Unseen
        Gaps behind it, in samples.
    beats : int
        Beats that came back.
    fibrillates : bool
        The ventricles fibrillate.
    """

    since: int | None = None
    unseen: Unseen = field(default_factory=Unseen)
    beats: int = 0
    fibrillates: bool = False


class BeatAbsence(Condition[AbsenceMemory]):
    """No R wave for ``rule.limit_s`` on a signal in which one would be seen.

    The time counts from the last R wave, from the end of a long gap, or from the end of the
    last second with an electrode off, saturation or heavy noise, whichever is latest. Over a
    shorter gap, or a second of missing samples, the clock stands. It is judged ``latency_s``
    later, when the beats of that time must be known, or by the beat that ends it if that is known
    before.

    Ventricular flutter and fibrillation have no R waves either: while they last nothing is
    absent, and what was taken for an absence before they were known ends.

    Parameters
    ----------
    rule : AbsenceRule
        The limits.
    fs_hz : float
        Rate of the source.
    latency_s : float
        The longest time from an R wave to its `Beat`.
    label : str
        What the message calls it.
    """

    listens = frozenset({Beat, Gap, Quality, RhythmChange, SourceStatus})

    def __init__(self, rule: AbsenceRule, fs_hz: float, latency_s: float, label: str) -> None:
        super().__init__(AbsenceMemory())
        self.rule = rule
        self._second = round(fs_hz)
        self._long_gap = LONG_GAP_S * fs_hz
        self._limit = int(rule.limit_s * fs_hz)
        self._wait = int((rule.limit_s + latency_s) * fs_hz)
        self._label = label

    def observe(self, event: Event) -> Change | None:
        """See `Condition.observe`."""
        if isinstance(event, Beat):
            return self._beat(event)
        if isinstance(event, Gap):
            self._gap(event.sample, event.sample + event.length_samples)
        elif isinstance(event, Quality):
            if is_only_missing(event.reasons):
                self._gap(event.sample, event.sample + self._second)
            elif may_hide_a_beat(event.index, event.reasons, NOISE_INDEX):
                self._restart(event.sample + self._second)
            elif self.memory.since is None:
                self.memory.since = event.sample
        elif isinstance(event, RhythmChange):
            return self._rhythm(event)
        elif signal_away(event):
            self.memory.since = None
        return None

    def due(self) -> int | None:
        """See `Condition.due`."""
        memory = self.memory
        if memory.present or memory.fibrillates or memory.since is None:
            return None
        return memory.since + self._unseen() + self._wait

    def expire(self) -> Change | None:
        """See `Condition.expire`."""
        since = self.memory.since
        if since is None:
            return None
        self.memory.beats = 0
        return self._begun(since + self._unseen())

    def _rhythm(self, event: RhythmChange) -> Change | None:
        if event.rhythm in VENTRICULAR:
            self.memory.fibrillates = True
            if self.memory.present:
                return self.end(event.sample, f"{self._label} over: the ventricles fibrillate")
        elif self.memory.fibrillates:
            self.memory.fibrillates = False
            self._restart(event.sample)
        return None

    def _gap(self, start: int, end: int) -> None:
        """Take a stretch in which nothing was seen."""
        counts = self.due() is not None
        first, last = self.memory.unseen.add(start, end) if counts else (start, end)
        if last - first >= self._long_gap:
            self._restart(int(last))

    def _unseen(self) -> int:
        """Return how many samples of the time that counts were not seen."""
        since = self.memory.since
        return 0 if since is None else int(self.memory.unseen.since(since))

    def _just_over(self, beat: Beat, since: int | None) -> Change | None:
        """Begin at a beat that ends an absence before the time to judge it came."""
        if since is None or self.memory.fibrillates or beat.sample - since < self._limit:
            return None
        self.memory.beats = 1
        return self._begun(since)

    def _begun(self, since: int) -> Change:
        return self.begin(since + self._limit, f"{self._label}: no beat for {self.rule.limit_s:g} s")

    def _restart(self, sample: int) -> None:
        self.memory.since = max(self.memory.since or 0, sample)

    def _beat(self, beat: Beat) -> Change | None:
        since = None if self.memory.since is None else self.memory.since + self._unseen()
        self._restart(beat.sample)
        if not self.memory.present:
            return self._just_over(beat, since)
        first = self.memory.beats == 0
        in_time = beat.rr_s is not None and beat.rr_s < self.rule.limit_s
        self.memory.beats = self.memory.beats + 1 if first or in_time else 1
        if self.memory.beats < self.rule.clear_beats:
            return None
        return self.end(beat.sample, f"{self._label} over: beats are back")


ASYSTOLE = AlarmKind(
    "Asystole",
    AbsenceRule(priority="high", latching=True),
    lambda rule, context: BeatAbsence(rule, context.fs_hz, context.latency_s, context.label),
)
PAUSE = AlarmKind(
    "Pause",
    AbsenceRule(limit_s=3.0, clear_beats=1, repeat_after_s=60),
    lambda rule, context: BeatAbsence(rule, context.fs_hz, context.latency_s, context.label),
)
