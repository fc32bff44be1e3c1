"""Which alarms there are: the table of our own, most urgent first, and those of other packages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecgmon.monitor.alarms.condition import Condition
from ecgmon.monitor.alarms.kind import AlarmContext, AlarmKind
from ecgmon.monitor.alarms.rules import AlarmRule
from ecgmon.monitor.core.errors import PluginError
from ecgmon.monitor.core.plugins import Registry, instance_of

if TYPE_CHECKING:
    from ecgmon.monitor.alarms.settings import AlarmSettings

ALARMS = Registry(
    "ecgmon.alarms",
    {
        "ventricular_fibrillation": "ecgmon.monitor.alarms.rhythms:VENTRICULAR_FIBRILLATION",
        "asystole": "ecgmon.monitor.alarms.absence:ASYSTOLE",
        "ventricular_tachycardia": "ecgmon.monitor.alarms.rates:VENTRICULAR_TACHYCARDIA",
        "extreme_tachycardia": "ecgmon.monitor.alarms.rates:EXTREME_TACHYCARDIA",
        "extreme_bradycardia": "ecgmon.monitor.alarms.rates:EXTREME_BRADYCARDIA",
        "pause": "ecgmon.monitor.alarms.absence:PAUSE",
        "heart_rate_high": "ecgmon.monitor.alarms.limits:HEART_RATE_HIGH",
        "heart_rate_low": "ecgmon.monitor.alarms.limits:HEART_RATE_LOW",
        "atrial_fibrillation": "ecgmon.monitor.alarms.rhythms:ATRIAL_FIBRILLATION",
        "ventricular_run": "ecgmon.monitor.alarms.ventricular:VENTRICULAR_RUN",
        "r_on_t": "ecgmon.monitor.alarms.ventricular:R_ON_T",
        "ventricular_couplet": "ecgmon.monitor.alarms.ventricular:VENTRICULAR_COUPLET",
        "ventricular_beats_per_minute": "ecgmon.monitor.alarms.ventricular:VENTRICULAR_BEATS_PER_MINUTE",
        "signal_lost": "ecgmon.monitor.alarms.technical:SIGNAL_LOST",
        "signal_gaps": "ecgmon.monitor.alarms.gaps:SIGNAL_GAPS",
        "data_unreadable": "ecgmon.monitor.alarms.unreadable:DATA_UNREADABLE",
        "source_failed": "ecgmon.monitor.alarms.source_failed:SOURCE_FAILED",
        "lead_off": "ecgmon.monitor.alarms.technical:LEAD_OFF",
        "small_signal": "ecgmon.monitor.alarms.small_signal:SMALL_SIGNAL",
        "poor_signal": "ecgmon.monitor.alarms.technical:POOR_SIGNAL",
        "pipeline_overload": "ecgmon.monitor.alarms.technical:PIPELINE_OVERLOAD",
        "storage_full": "ecgmon.monitor.alarms.technical:STORAGE_FULL",
        "output_failed": "ecgmon.monitor.alarms.technical:OUTPUT_FAILED",
        "device_battery": "ecgmon.monitor.alarms.technical:DEVICE_BATTERY",
    },
    fits=instance_of(AlarmKind),
)
"""Kind of alarm, which is the name of its table, to its `AlarmKind`."""


def own_kinds() -> dict[str, AlarmKind]:
    """Return our own kinds of alarm by name, most urgent first."""
    return {name: ALARMS.load(name) for name in ALARMS.own_names()}


def rules_on(settings: AlarmSettings) -> dict[str, AlarmRule]:
    """Return the rules that are on, by kind."""
    return {name: rule for name, rule in settings if isinstance(rule, AlarmRule) and rule.enabled}


def build_conditions(settings: AlarmSettings, fs_hz: float) -> dict[str, Condition[Any]]:
    """Return a fresh condition for every kind that is on.

    Parameters
    ----------
    settings : AlarmSettings
        Definitions.
    fs_hz : float
        Rate of the source.

    Raises
    ------
    PluginError
        A kind of another package fails or does not fit.
    """
    return {name: _condition(name, rule, settings, fs_hz) for name, rule in rules_on(settings).items()}


def _condition(name: str, rule: AlarmRule, settings: AlarmSettings, fs_hz: float) -> Condition[Any]:
    kind: AlarmKind = ALARMS.load(name)
    with ALARMS.blaming(name, "fails to make a condition"):
        condition = kind.condition(rule, AlarmContext(kind.label, fs_hz, settings.latency_s))
    if not isinstance(condition, Condition):
        raise PluginError(
            f"The alarm {name} of the package {ALARMS.package(name)} made a {type(condition).__name__}, "
            "which is no Condition.",
            "docs/extending.md says what an alarm has; update or remove the package.",
        )
    return condition
