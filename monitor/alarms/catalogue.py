"""Which condition stands behind each kind of alarm; the kinds are the fields of the settings."""

from __future__ import annotations

from typing import Any

from ecgmon.monitor.alarms.absence import BeatAbsence
from ecgmon.monitor.alarms.condition import Condition
from ecgmon.monitor.alarms.limits import RateLimit
from ecgmon.monitor.alarms.rates import ExtremeRate, VentricularTachycardia
from ecgmon.monitor.alarms.rhythms import AF, VENTRICULAR, RhythmPresent
from ecgmon.monitor.alarms.rules import AlarmRule
from ecgmon.monitor.alarms.settings import AlarmSettings
from ecgmon.monitor.alarms.technical import BatteryLow, LeadOff, Overload, PoorSignal, Reported, SignalLost
from ecgmon.monitor.alarms.ventricular import BeatMoment, VentricularCount, couplet, r_on_t, short_run


def kinds(settings: AlarmSettings) -> dict[str, AlarmRule]:
    """Return the rules that are on, by kind."""
    rules = ((name, getattr(settings, name)) for name in type(settings).model_fields)
    return {name: rule for name, rule in rules if isinstance(rule, AlarmRule) and rule.enabled}


def build_conditions(settings: AlarmSettings, fs_hz: float) -> dict[str, Condition[Any]]:
    """Return a fresh condition for every kind that is on.

    Parameters
    ----------
    settings : AlarmSettings
        Definitions.
    fs_hz : float
        Rate of the source.
    """
    every = {
        **_life_threatening(settings, fs_hz),
        **_advisory(settings, fs_hz),
        **_technical(settings, fs_hz),
    }
    return {kind: every[kind] for kind in kinds(settings)}


def _life_threatening(s: AlarmSettings, fs_hz: float) -> dict[str, Condition[Any]]:
    return {
        "ventricular_fibrillation": RhythmPresent(
            s.ventricular_fibrillation, VENTRICULAR, "Ventricular flutter or fibrillation"
        ),
        "asystole": BeatAbsence(s.asystole, fs_hz, s.latency_s, "Asystole"),
        "ventricular_tachycardia": VentricularTachycardia(s.ventricular_tachycardia),
        "extreme_tachycardia": ExtremeRate(s.extreme_tachycardia, slow=False, label="Extreme tachycardia"),
        "extreme_bradycardia": ExtremeRate(s.extreme_bradycardia, slow=True, label="Extreme bradycardia"),
    }


def _advisory(s: AlarmSettings, fs_hz: float) -> dict[str, Condition[Any]]:
    return {
        "pause": BeatAbsence(s.pause, fs_hz, s.latency_s, "Pause"),
        "heart_rate_high": RateLimit(s.heart_rate_high, lower=False),
        "heart_rate_low": RateLimit(s.heart_rate_low, lower=True),
        "atrial_fibrillation": RhythmPresent(s.atrial_fibrillation, AF, "Atrial fibrillation"),
        "ventricular_run": BeatMoment(s.ventricular_run, fs_hz, short_run),
        "r_on_t": BeatMoment(s.r_on_t, fs_hz, r_on_t),
        "ventricular_couplet": BeatMoment(s.ventricular_couplet, fs_hz, couplet),
        "ventricular_beats_per_minute": VentricularCount(s.ventricular_beats_per_minute, fs_hz),
    }


def _technical(s: AlarmSettings, fs_hz: float) -> dict[str, Condition[Any]]:
    return {
        "signal_lost": SignalLost(s.signal_lost, fs_hz),
        "lead_off": LeadOff(),
        "poor_signal": PoorSignal(s.poor_signal),
        "pipeline_overload": Overload(),
        "storage_full": Reported(),
        "output_failed": Reported(),
        "device_battery": BatteryLow(s.device_battery),
    }
