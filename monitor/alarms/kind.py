"""What an alarm's file declares: its label, what it may be set to, and the condition behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ecgmon.monitor.alarms.condition import Condition
from ecgmon.monitor.alarms.rules import AlarmRule


@dataclass(frozen=True, slots=True)
class AlarmContext:
    """What a condition may want to know besides its rule.

    Parameters
    ----------
    label : str
        What messages call the alarm.
    fs_hz : float
        Rate of the source in Hz.
    latency_s : float
        The longest time from an R wave to its `Beat`, in seconds.
    """

    label: str
    fs_hz: float
    latency_s: float


@dataclass(frozen=True, slots=True)
class AlarmKind:
    """A kind of alarm; its settings are the table of its name under ``[alarms]``.

    Parameters
    ----------
    label : str
        What messages call it.
    rule : AlarmRule
        What it is set to unless the settings say otherwise; its class says what may be set.
    condition : callable
        Takes a rule and an `AlarmContext`; returns a fresh condition.

    Raises
    ------
    TypeError
        One of them is of another type.
    """

    label: str
    rule: AlarmRule
    condition: Callable[[Any, AlarmContext], Condition[Any]]

    def __post_init__(self) -> None:
        if not isinstance(self.rule, AlarmRule):
            raise TypeError("the rule of an alarm is an instance of ecgmon.monitor.alarms.rules.AlarmRule")
        if not callable(self.condition):
            raise TypeError("the condition of an alarm is made by a function of rule and AlarmContext")
