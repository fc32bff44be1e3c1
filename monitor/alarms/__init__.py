"""Alarm conditions and their states."""

from ecgmon.monitor.alarms.condition import Change, Condition, Memory
from ecgmon.monitor.alarms.engine import AlarmEngine
from ecgmon.monitor.alarms.kind import AlarmContext, AlarmKind
from ecgmon.monitor.alarms.rules import AlarmRule
from ecgmon.monitor.alarms.settings import AlarmSettings

__all__ = [
    "AlarmContext",
    "AlarmEngine",
    "AlarmKind",
    "AlarmRule",
    "AlarmSettings",
    "Change",
    "Condition",
    "Memory",
]
