"""Conditions over runs of beats: extreme bradycardia and tachycardia, ventricular tachycardia."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from monitor.alarms.condition import Change, Condition, Memory, signal_away
from monitor.alarms.rules import RunRateRule
from monitor.events import Beat, Event, Gap

SPREAD = 1.5
"""No interval of a run is off the limit, to the harmless side, by more than this factor."""

HYSTERESIS = 0.05
"""The rate must come back inside the limit by this share to end the alarm."""

CLEAR_INTERVALS = 4
"""Intervals that decide whether a rate alarm is over."""

CLEAR_OTHER_BEATS = 3
"""Beats in a row that are not ventricular end a ventricular tachycardia."""


@dataclass(slots=True)
class RunMemory(Memory):
    """The last intervals in seconds; other counts beats that are not part of the run."""

    intervals_s: list[float] = field(default_factory=list)
    beats: int = 0
    other: int = 0


def mean_bpm(intervals_s: Sequence[float]) -> float:
    """Return the mean rate, in beats a minute, over intervals in seconds."""
    return 60.0 * len(intervals_s) / sum(intervals_s)


class ExtremeRate(Condition[RunMemory]):
    """The rate beyond a limit for a number of beats in a row.

    The mean rate over the run is beyond the limit, and no single interval is off it by
    more than a factor of 1.5 the other way; so one long pause is no bradycardia, and an
    irregular rhythm can still be one. A gap, or a beat on a useless signal, starts the run
    again. An alarm that is present stays so until beats tell that the rate is back.

    Parameters
    ----------
    rule : RunRateRule
        The limits.
    slow : bool
        True for a lower limit, False for an upper one.
    label : str
        What the message calls it.
    """

    def __init__(self, rule: RunRateRule, slow: bool, label: str) -> None:
        super().__init__(RunMemory())
        self.rule = rule
        self._slow = slow
        self._label = label
        self._needed = rule.beats - 1

    def observe(self, event: Event) -> Change | None:
        """See `Condition.observe`."""
        if isinstance(event, Gap) or signal_away(event):
            self.memory.intervals_s.clear()
            return None
        if not isinstance(event, Beat):
            return None
        if event.rr_s is None or event.rr_s <= 0 or event.quality < self.rule.min_quality:
            self.memory.intervals_s.clear()
            return None
        intervals = self.memory.intervals_s
        intervals.append(event.rr_s)
        del intervals[: -max(self._needed, CLEAR_INTERVALS)]
        return self._check_end(event) if self.memory.present else self._check_begin(event)

    def _check_begin(self, beat: Beat) -> Change | None:
        run = self.memory.intervals_s[-self._needed :]
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
        run = self.memory.intervals_s[-CLEAR_INTERVALS:]
        if len(run) < CLEAR_INTERVALS:
            return None
        rate, limit = mean_bpm(run), self.rule.limit_bpm
        back = rate >= limit * (1 + HYSTERESIS) if self._slow else rate <= limit * (1 - HYSTERESIS)
        return self.end(beat.sample, f"{self._label} over: {rate:.0f}/min") if back else None


class VentricularTachycardia(Condition[RunMemory]):
    """Five or more ventricular beats in a row, faster than 100 a minute.

    Parameters
    ----------
    rule : RunRateRule
        The limits.
    """

    def __init__(self, rule: RunRateRule) -> None:
        super().__init__(RunMemory())
        self.rule = rule
        self._needed = rule.beats - 1
        self._longest_s = SPREAD * 60.0 / rule.limit_bpm

    def observe(self, event: Event) -> Change | None:
        """See `Condition.observe`."""
        if isinstance(event, Gap) or signal_away(event):
            self._forget()
            return None
        if not isinstance(event, Beat):
            return None
        if event.quality < self.rule.min_quality:
            self._forget()
            return None
        return self._ventricular(event) if event.aami == "V" else self._other(event)

    def _forget(self) -> None:
        self.memory.intervals_s.clear()
        self.memory.beats = 0
        self.memory.other = 0

    def _ventricular(self, beat: Beat) -> Change | None:
        memory = self.memory
        if memory.beats and beat.rr_s is not None and 0 < beat.rr_s < self._longest_s:
            memory.beats += 1
            memory.intervals_s.append(beat.rr_s)
            del memory.intervals_s[: -self._needed]
        else:
            memory.beats = 1
            memory.intervals_s.clear()
        memory.other = 0
        if len(memory.intervals_s) < self._needed:
            return None
        rate = mean_bpm(memory.intervals_s)
        if not memory.present and rate > self.rule.limit_bpm:
            message = f"Ventricular tachycardia: {memory.beats} ventricular beats at {rate:.0f}/min"
            return self.begin(beat.sample, message)
        if memory.present and rate <= self.rule.limit_bpm * (1 - HYSTERESIS):
            return self.end(beat.sample, f"Ventricular tachycardia over: {rate:.0f}/min")
        return None

    def _other(self, beat: Beat) -> Change | None:
        memory = self.memory
        memory.beats = 0
        memory.intervals_s.clear()
        memory.other += 1
        if not memory.present or memory.other < CLEAR_OTHER_BEATS:
            return None
        return self.end(beat.sample, "Ventricular tachycardia over: other beats are back")
