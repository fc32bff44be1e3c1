"""Alarm conditions and their states."""

from ecgmon.monitor.alarms.engine import AlarmEngine
from ecgmon.monitor.alarms.rules import AlarmRule
from ecgmon.monitor.alarms.settings import AlarmSettings

__all__ = ["AlarmEngine", "AlarmRule", "AlarmSettings"]
