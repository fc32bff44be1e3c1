"""Fixtures of the alarm tests."""

from __future__ import annotations

import pytest
from alarm_script import FS, Script

from ecgmon.monitor.alarms import AlarmEngine, AlarmSettings


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def engine() -> AlarmEngine:
    return AlarmEngine(AlarmSettings(), "ecg", FS)
