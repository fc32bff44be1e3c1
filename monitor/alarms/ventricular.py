"""Conditions of single ventricular beats and short runs: couplet, run, R-on-T, count per minute."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, field

from ecgmon.monitor.alarms.condition import Change, Condition, Memory, breaks_off
from ecgmon.monitor.alarms.kind import AlarmKind
from ecgmon.monitor.alarms.rules import CountRule, MomentRule
from ecgmon.monitor.core.events import Beat, BeatRevision, Event, Gap, SourceStatus

WINDOW_S = 60.0
"""The minute over which ventricular beats are counted."""

COUNT_HYSTERESIS = 0.8
"""The count must fall to this share of the limit to end the alarm."""

RUN_BEATS = range(3, 5)
"""Ventricular beats of a run that is too short for a tachycardia."""

QT_AT_ONE_SECOND_S = 0.37
"""QT interval at an RR interval of one second (Bazett 1920, doi:10.1111/j.1542-474X.1997.tb00325.x)."""

RR_MEMORY = 8
"""Intervals between other beats whose mean is the base rhythm."""


@dataclass(slots=True)
class BeatMemory(Memory):
    """Ventricular beats in a row, the base rhythm, and until when it is shown."""

    until: int | None = None
    run: int = 0
    last_run: int = 0
    last_other: bool = False
    last_sample: int | None = None
    intervals_s: list[float] = field(default_factory=list)


Moment = Callable[[Beat, BeatMemory], str | None]


class BeatMoment(Condition[BeatMemory]):
    """Something that one beat completes; it is present for ``rule.hold_s``.

    A new one while it is present makes that time longer and no new alarm.

    Parameters
    ----------
    rule : MomentRule
        How long it is shown and how good the signal must be.
    fs_hz : float
        Rate of the source.
    moment : callable
        Takes a beat and the memory; returns the message if this beat completes the
        condition.
    """

    listens = frozenset({Beat, BeatRevision, Gap, SourceStatus})

    def __init__(self, rule: MomentRule, fs_hz: float, moment: Moment) -> None:
        super().__init__(BeatMemory())
        self.rule = rule
        self._fs_hz = fs_hz
        self._hold = round(rule.hold_s * fs_hz)
        self._moment = moment

    def observe(self, event: Event) -> Change | None:
        """See `Condition.observe`."""
        if breaks_off(event, self._fs_hz):
            self._forget()
            return None
        if isinstance(event, BeatRevision):
            self._revise(event)
        if not isinstance(event, Beat):
            return None
        if event.quality < self.rule.min_quality:
            self._forget()
            return None
        return self._beat(event)

    def due(self) -> int | None:
        """See `Condition.due`."""
        return self.memory.until if self.memory.present else None

    def expire(self) -> Change | None:
        """See `Condition.expire`."""
        return self.end(self.memory.until or 0, "Over")

    def _forget(self) -> None:
        self.memory.run = self.memory.last_run = 0
        self.memory.last_other = False
        self.memory.intervals_s.clear()

    def _revise(self, revision: BeatRevision) -> None:
        """Let the last beat count as what it was revised to; what it completed stays."""
        memory = self.memory
        if revision.sample == memory.last_sample:
            ventricular = revision.aami == "V"
            memory.run = memory.last_run + 1 if ventricular else 0
            memory.last_other = not ventricular

    def _beat(self, beat: Beat) -> Change | None:
        memory = self.memory
        ventricular = beat.aami == "V"
        memory.last_run = memory.run if beat.rr_s is not None else 0
        memory.run = memory.last_run + 1 if ventricular else 0
        message = self._moment(beat, memory)
        if not ventricular and memory.last_other and beat.rr_s is not None:
            memory.intervals_s.append(beat.rr_s)
            del memory.intervals_s[:-RR_MEMORY]
        memory.last_other, memory.last_sample = not ventricular, beat.sample
        if message is None:
            return None
        memory.until = beat.known_at + self._hold
        return None if memory.present else self.begin(beat.sample, message)


def couplet(beat: Beat, memory: BeatMemory) -> str | None:
    """Find two ventricular beats, known when another beat follows."""
    return "Ventricular couplet" if beat.aami != "V" and memory.last_run == 2 else None


def short_run(beat: Beat, memory: BeatMemory) -> str | None:
    """Find three or four ventricular beats, known when another beat follows."""
    if beat.aami == "V" or memory.last_run not in RUN_BEATS:
        return None
    return f"Ventricular run of {memory.last_run} beats"


def r_on_t(beat: Beat, memory: BeatMemory) -> str | None:
    """Find a ventricular beat within the expected QT interval of the beat before.

    The QT interval is expected from the mean of the last intervals of the base rhythm
    by Bazett's formula.
    """
    if beat.aami != "V" or beat.rr_s is None or not (memory.last_other and memory.intervals_s):
        return None
    base_s = sum(memory.intervals_s) / len(memory.intervals_s)
    early = beat.rr_s < QT_AT_ONE_SECOND_S * math.sqrt(base_s)
    return f"R-on-T: ventricular beat after {beat.rr_s:.2f} s" if early else None


@dataclass(slots=True)
class CountMemory(Memory):
    """Source indices of the last minute's ventricular beats."""

    samples: list[int] = field(default_factory=list)


class VentricularCount(Condition[CountMemory]):
    """More ventricular beats in the last minute than allowed.

    Parameters
    ----------
    rule : CountRule
        The limit.
    fs_hz : float
        Rate of the source.
    """

    listens = frozenset({Beat, BeatRevision})

    def __init__(self, rule: CountRule, fs_hz: float) -> None:
        super().__init__(CountMemory())
        self.rule = rule
        self._window = round(WINDOW_S * fs_hz)

    def observe(self, event: Event) -> Change | None:
        """See `Condition.observe`."""
        samples = self.memory.samples
        if isinstance(event, BeatRevision):
            if event.aami == "V" and event.sample not in samples:
                insort(samples, event.sample)
            elif event.aami != "V" and event.sample in samples:
                samples.remove(event.sample)
        elif not isinstance(event, Beat):
            return None
        elif event.aami == "V":
            samples.append(event.sample)
        while samples and samples[0] <= event.sample - self._window:
            samples.pop(0)
        count, limit = len(samples), self.rule.limit_per_min
        if not self.memory.present and count > limit:
            return self.begin(event.sample, f"Ventricular beats: more than {limit} in a minute")
        if self.memory.present and count <= COUNT_HYSTERESIS * limit:
            return self.end(event.sample, f"Ventricular beats: {count} in a minute")
        return None


VENTRICULAR_RUN = AlarmKind(
    "Ventricular run",
    MomentRule(repeat_after_s=60),
    lambda rule, context: BeatMoment(rule, context.fs_hz, short_run),
)
R_ON_T = AlarmKind(
    "R-on-T",
    MomentRule(priority="low", repeat_after_s=60),
    lambda rule, context: BeatMoment(rule, context.fs_hz, r_on_t),
)
VENTRICULAR_COUPLET = AlarmKind(
    "Ventricular couplet",
    MomentRule(priority="low", repeat_after_s=300),
    lambda rule, context: BeatMoment(rule, context.fs_hz, couplet),
)
VENTRICULAR_BEATS_PER_MINUTE = AlarmKind(
    "Ventricular beats",
    CountRule(priority="low", repeat_after_s=300),
    lambda rule, context: VentricularCount(rule, context.fs_hz),
)
