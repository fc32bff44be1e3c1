"""The alarm of a source that could not start, or failed, and is tried again."""

from __future__ import annotations

from ecgmon.monitor.alarms.kind import AlarmKind
from ecgmon.monitor.alarms.rules import TechnicalRule
from ecgmon.monitor.alarms.technical import Reported

SOURCE_FAILED = AlarmKind("Source failed", TechnicalRule(priority="medium"), lambda *_: Reported())
