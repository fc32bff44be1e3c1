"""What each sort of alarm may be set to: priority, latching, delay and limits, with units."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.events import Priority


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
        The shortest silence, or loss of samples, that is an alarm.
    """

    gap_s: float = Field(default=2.0, ge=0.1, le=60)


class LossRule(TechnicalRule):
    """Too much of the signal is missing.

    Parameters
    ----------
    max_missing : float
        Share of the last seconds that may be missing.
    window_s : float
        So many seconds.
    """

    max_missing: float = Field(default=0.2, gt=0, le=1)
    window_s: float = Field(default=10.0, ge=2, le=60)
