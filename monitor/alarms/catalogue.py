"""Which condition stands behind each kind of alarm; the kinds are the fields of the settings."""

from __future__ import annotations

from typing import Any

from monitor.alarms.absence import BeatAbsence
from monitor.alarms.condition import Condition
from monitor.alarms.rates import ExtremeRate, VentricularTachycardia
from monitor.alarms.rhythms import RhythmPresent
from monitor.alarms.settings import AlarmRule, AlarmSettings
from monitor.alarms.technical import LeadOff, SignalLost

FIBRILLATION = frozenset({"VFL", "VF", "VFIB"})
"""WFDB rhythms of ventricular flutter and fibrillation."""


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
    s, latency = settings, settings.latency_s
    every: dict[str, Condition[Any]] = {
        "ventricular_fibrillation": RhythmPresent(
            s.ventricular_fibrillation, FIBRILLATION, "Ventricular flutter or fibrillation"
        ),
        "asystole": BeatAbsence(s.asystole, fs_hz, latency, "Asystole"),
        "ventricular_tachycardia": VentricularTachycardia(s.ventricular_tachycardia),
        "extreme_tachycardia": ExtremeRate(s.extreme_tachycardia, slow=False, label="Extreme tachycardia"),
        "extreme_bradycardia": ExtremeRate(s.extreme_bradycardia, slow=True, label="Extreme bradycardia"),
        "signal_lost": SignalLost(s.signal_lost, fs_hz),
        "lead_off": LeadOff(),
    }
    return {kind: every[kind] for kind in kinds(settings)}
