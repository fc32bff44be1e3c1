"""Alarm conditions and their states."""

from monitor.alarms.engine import AlarmEngine
from monitor.alarms.rules import AlarmRule
from monitor.alarms.settings import AlarmSettings

__all__ = ["AlarmEngine", "AlarmRule", "AlarmSettings"]
