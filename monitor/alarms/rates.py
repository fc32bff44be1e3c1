"""Conditions over runs of beats: extreme bradycardia and tachycardia, ventricular tachycardia."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import takewhile

from ecgmon.monitor.alarms.condition import Change, Condition, Memory, breaks_off
from ecgmon.monitor.alarms.intervals import Intervals, mean_bpm
from ecgmon.monitor.alarms.kind import AlarmKind
from ecgmon.monitor.alarms.rules import RunRateRule
from ecgmon.monitor.core.events import Beat, BeatRevision, Event, Gap, SourceStatus
from ecgmon.monitor.rhythm.runs import LIKELY, RUN, SPREAD

HYSTERESIS = 0.05
"""The rate must come back inside the limit by this share to end the alarm."""

CLEAR_INTERVALS = 4
"""Intervals that decide whether a rate alarm is over."""

BEATS_KEPT = 64

CLEAR_OTHER_BEATS = 3
"""Beats in a row that are not ventricular end a ventricular tachycardia."""


@dataclass(slots=True)
class RunMemory(Memory):
    """The last intervals."""

    intervals: Intervals = field(default_factory=Intervals)


class ExtremeRate(Condition[RunMemory]):
    """The rate beyond a limit for a number of beats in a row.

    The mean rate over the run is beyond the limit, and no single interval is off it by
    more than a factor of 1.5 the other way; so one long pause is no bradycardia, and an
    irregular rhythm can still be one. A long gap, or a beat on a useless signal, starts the run
    again. What a shorter gap may hide is told by `Intervals`. An alarm that is present stays so
    until beats tell that the rate is back.

    Parameters
    ----------
    rule : RunRateRule
        The limits.
    fs_hz : float
        Rate of the source.
    slow : bool
        True for a lower limit, False for an upper one.
    label : str
        What the message calls it.
    """

    listens = frozenset({Beat, Gap, SourceStatus})

    def __init__(self, rule: RunRateRule, fs_hz: float, slow: bool, label: str) -> None:
        super().__init__(RunMemory())
        self.rule = rule
        self._fs_hz = fs_hz
        self._slow = slow
        self._longest_s = 60.0 / rule.limit_bpm if slow else math.inf
        self._label = label
        self._needed = rule.beats - 1

    def observe(self, event: Event) -> Change | None:
        """See `Condition.observe`."""
        memory = self.memory
        if breaks_off(event, self._fs_hz):
            memory.intervals = Intervals()
        elif isinstance(event, Gap):
            memory.intervals.lose(event, self._fs_hz)
        elif isinstance(event, Beat) and self._take(event):
            return self._check_end(event) if memory.present else self._check_begin(event)
        return None

    def _take(self, beat: Beat) -> bool:
        """Take a beat; tell whether an interval became known."""
        intervals = self.memory.intervals
        poor = beat.quality < self.rule.min_quality or (beat.rr_s is not None and beat.rr_s <= 0)
        if poor and not intervals.is_beside_gap(beat, self._fs_hz):
            self.memory.intervals = Intervals()
            return False
        return intervals.take(beat, self._fs_hz, self._longest_s, poor=poor)

    def _check_begin(self, beat: Beat) -> Change | None:
        run = self.memory.intervals.known_s[-self._needed :]
        if len(run) < self._needed:
            return None
        rate, limit_s = mean_bpm(run), 60.0 / self.rule.limit_bpm
        if self._slow:
            broken = rate < self.rule.limit_bpm and min(run) > limit_s / SPREAD
        else:
            broken = rate > self.rule.limit_bpm and max(run) < limit_s * SPREAD
        if not broken:
            return None
        return self.begin(beat.sample, f"{self._label}: {rate:.0f}/min over {self.rule.beats} beats")

    def _check_end(self, beat: Beat) -> Change | None:
        run = self.memory.intervals.known_s[-CLEAR_INTERVALS:]
        if len(run) < CLEAR_INTERVALS:
            return None
        rate, limit = mean_bpm(run), self.rule.limit_bpm
        back = rate >= limit * (1 + HYSTERESIS) if self._slow else rate <= limit * (1 - HYSTERESIS)
        return self.end(beat.sample, f"{self._label} over: {rate:.0f}/min") if back else None


@dataclass(slots=True)
class BeatsMemory(Memory):
    """The last beats: source index, interval before it in seconds or None, how surely ventricular."""

    beats: list[tuple[int, float | None, float]] = field(default_factory=list)


class VentricularTachycardia(Condition[BeatsMemory]):
    """Five or more ventricular beats in a row, faster than 100 a minute.

    Two of five may be of another class if they are `LIKELY` ventricular, so that a
    tachycardia in which two shapes take turns is not taken apart. It ends with three other
    beats in a row, or when the ventricular beats become slow. A beat whose class is revised
    counts as what it was revised to. A gap is no end of it unless it is long; a beat whose shape
    it hides, and an interval with one in it, tell nothing.

    Parameters
    ----------
    rule : RunRateRule
        The limits.
    fs_hz : float
        Rate of the source.
    """

    listens = frozenset({Beat, BeatRevision, Gap, SourceStatus})

    def __init__(self, rule: RunRateRule, fs_hz: float) -> None:
        super().__init__(BeatsMemory())
        self.rule = rule
        self._fs_hz = fs_hz
        self._needed = rule.beats - 1
        self._least_certain = min(rule.beats, max(RUN, rule.beats // 2 + 1))
        self._longest_s = SPREAD * 60.0 / rule.limit_bpm

    def observe(self, event: Event) -> Change | None:
        """See `Condition.observe`."""
        beats = self.memory.beats
        if breaks_off(event, self._fs_hz) or (
            isinstance(event, Beat) and event.quality < self.rule.min_quality
        ):
            beats.clear()
        elif isinstance(event, Beat):
            if not event.probabilities:
                return None
            beats.append((event.sample, event.rr_s, _ventricular(event)))
            del beats[:-BEATS_KEPT]
            return self._judge()
        elif isinstance(event, BeatRevision):
            for index, (sample, rr_s, _) in enumerate(beats):
                if sample == event.sample:
                    beats[index] = (sample, rr_s, _ventricular(event))
                    return self._judge()
        return None

    def _judge(self) -> Change | None:
        last = self.memory.beats[-1][0]
        if self.memory.present and self._other_beats() >= CLEAR_OTHER_BEATS:
            return self.end(last, "Ventricular tachycardia over: other beats are back")
        run = self._run()
        certain = sum(sure == 1.0 for _, _, sure in self.memory.beats[-self.rule.beats :])
        known_s = [rr_s for rr_s in run[: self._needed] if rr_s is not None]
        if len(run) < self._needed or certain < self._least_certain or not known_s:
            return None
        rate = mean_bpm(known_s)
        if not self.memory.present and rate > self.rule.limit_bpm:
            message = f"Ventricular tachycardia: {len(run) + 1} ventricular beats at {rate:.0f}/min"
            return self.begin(last, message)
        if self.memory.present and rate <= self.rule.limit_bpm * (1 - HYSTERESIS):
            return self.end(last, f"Ventricular tachycardia over: {rate:.0f}/min")
        return None

    def _other_beats(self) -> int:
        """Return how many beats, up to the last, are not ventricular."""
        others = takewhile(lambda beat: beat[2] < LIKELY, reversed(self.memory.beats))
        return sum(1 for _ in others)

    def _run(self) -> list[float | None]:
        """Return the intervals of the ventricular run that the last beat ends, the newest first.

        One that spans a gap is None.
        """
        run: list[float | None] = []
        ventricular = list(takewhile(lambda beat: beat[2] >= LIKELY, reversed(self.memory.beats)))
        for _, rr_s, _ in ventricular[:-1]:
            if rr_s is not None and not 0 < rr_s < self._longest_s:
                break
            run.append(rr_s)
        return run


def _ventricular(beat: Beat | BeatRevision) -> float:
    """Return 1 for a ventricular beat, and for another the probability that it is one."""
    return 1.0 if beat.aami == "V" else beat.probabilities.get("V", 0.0)


VENTRICULAR_TACHYCARDIA = AlarmKind(
    "Ventricular tachycardia",
    RunRateRule(priority="high", latching=True, limit_bpm=100, beats=5),
    lambda rule, context: VentricularTachycardia(rule, context.fs_hz),
)
EXTREME_TACHYCARDIA = AlarmKind(
    "Extreme tachycardia",
    RunRateRule(priority="high", latching=True, limit_bpm=140, beats=17),
    lambda rule, context: ExtremeRate(rule, context.fs_hz, slow=False, label=context.label),
)
EXTREME_BRADYCARDIA = AlarmKind(
    "Extreme bradycardia",
    RunRateRule(priority="high", latching=True, limit_bpm=40, beats=5),
    lambda rule, context: ExtremeRate(rule, context.fs_hz, slow=True, label=context.label),
)
