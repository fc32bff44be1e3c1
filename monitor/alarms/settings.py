"""Alarm definitions as data: one rule a kind, with priority, latching, delay and limits."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from monitor.config import Settings
from monitor.events import Priority


class AlarmRule(Settings):
    """What every alarm has.

    Parameters
    ----------
    enabled : bool
        An alarm that is off is never raised.
    priority : {"high", "medium", "low"}
        As in IEC 60601-1-8.
    latching : bool
        Stay visible after the condition has gone, until somebody acknowledges.
    delay_s : float
        How long the condition must hold before the alarm is raised.
    repeat_after_s : float
        At least this long between two announcements of the kind; a condition that
        comes back sooner is raised silenced. 0 announces each; high priority always does.
    """

    technical: ClassVar[bool] = False

    enabled: bool = True
    priority: Priority = "medium"
    latching: bool = False
    delay_s: float = Field(default=0.0, ge=0, le=120)
    repeat_after_s: float = Field(default=0.0, ge=0, le=3600)


class TechnicalRule(AlarmRule):
    """An alarm about the equipment and not the patient."""

    technical: ClassVar[bool] = True


class AbsenceRule(AlarmRule):
    """No beat for a time, on a signal in which a beat would be seen.

    Parameters
    ----------
    limit_s : float
        Seconds without an R wave.
    clear_beats : int
        Beats in a row, each within the limit, that end it.
    """

    limit_s: float = Field(default=4.0, ge=1, le=20)
    clear_beats: int = Field(default=2, ge=1, le=10)


class RunRateRule(AlarmRule):
    """A rate limit broken over a run of beats.

    Parameters
    ----------
    limit_bpm : float
        The rate, in beats a minute, that the whole run is beyond.
    beats : int
        Length of the run.
    min_quality : float
        A beat on a signal worse than this says nothing about the rate.
    """

    limit_bpm: float = Field(ge=10, le=300)
    beats: int = Field(ge=2, le=60)
    min_quality: float = Field(default=0.2, ge=0, le=1)


class RateLimitRule(AlarmRule):
    """A limit on the heart rate.

    Parameters
    ----------
    limit_bpm : float
        The limit in beats a minute.
    hysteresis_bpm : float
        How far back inside the limit the rate must come to end the alarm.
    """

    limit_bpm: float = Field(ge=10, le=300)
    hysteresis_bpm: float = Field(default=5.0, ge=0, le=50)


class RhythmRule(AlarmRule):
    """A rhythm that the rhythm analysis found.

    Parameters
    ----------
    min_confidence : float
        A rhythm less sure than this raises nothing.
    """

    min_confidence: float = Field(default=0.5, ge=0, le=1)


class MomentRule(AlarmRule):
    """Something that happens at one beat and is shown for a while.

    Parameters
    ----------
    hold_s : float
        How long it counts as present.
    min_quality : float
        A beat on a signal worse than this raises nothing.
    """

    hold_s: float = Field(default=10.0, gt=0, le=600)
    min_quality: float = Field(default=0.2, ge=0, le=1)


class CountRule(AlarmRule):
    """More of something in a minute than allowed.

    Parameters
    ----------
    limit_per_min : int
        The most that raises nothing.
    """

    limit_per_min: int = Field(default=10, ge=1, le=100)


class QualityRule(TechnicalRule):
    """The signal cannot be read well.

    Parameters
    ----------
    min_quality : float
        Quality index below which a second counts as poor.
    """

    min_quality: float = Field(default=0.3, ge=0, le=1)


class BatteryRule(TechnicalRule):
    """The device's battery is nearly empty.

    Parameters
    ----------
    limit_percent : float
        Charge below which the alarm is raised.
    """

    limit_percent: float = Field(default=15.0, ge=1, le=90)


class GapRule(TechnicalRule):
    """No signal arrives.

    Parameters
    ----------
    gap_s : float
        The shortest loss of samples that is an alarm.
    """

    gap_s: float = Field(default=2.0, ge=0.1, le=60)


class AlarmSettings(Settings):
    """All alarms of one patient; the fields are the kinds, most urgent first.

    Limits of the five life-threatening kinds follow the PhysioNet/CinC Challenge 2015
    (Clifford et al. 2015, doi:10.1109/CIC.2015.7408639).

    Parameters
    ----------
    latency_s : float
        A beat is known at most this long after its R wave; the absence of beats is
        judged that much later, so that no beat on its way is overlooked.
    silence_s : float
        How long silencing lasts unless it is asked for otherwise, and at most.
    escalate_after_s : float
        A high-priority alarm that nobody acknowledged for this long is sent on to the
        second recipient.
    """

    latency_s: float = Field(default=0.7, ge=0, le=5)
    silence_s: float = Field(default=120.0, ge=1, le=600)
    escalate_after_s: float = Field(default=60.0, ge=5, le=3600)

    ventricular_fibrillation: RhythmRule = RhythmRule(priority="high", latching=True)
    asystole: AbsenceRule = AbsenceRule(priority="high", latching=True)
    ventricular_tachycardia: RunRateRule = RunRateRule(priority="high", latching=True, limit_bpm=100, beats=5)
    extreme_tachycardia: RunRateRule = RunRateRule(priority="high", latching=True, limit_bpm=140, beats=17)
    extreme_bradycardia: RunRateRule = RunRateRule(priority="high", latching=True, limit_bpm=40, beats=5)
    signal_lost: GapRule = GapRule(priority="medium")
    lead_off: TechnicalRule = TechnicalRule(priority="medium", delay_s=1.0)
