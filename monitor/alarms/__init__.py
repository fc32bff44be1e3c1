"""Alarm conditions and their states."""

from monitor.alarms.engine import AlarmEngine
from monitor.alarms.settings import AlarmRule, AlarmSettings

__all__ = ["AlarmEngine", "AlarmRule", "AlarmSettings"]
