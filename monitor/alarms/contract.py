"""Proves that a kind of alarm keeps its promises; for the tests of whoever writes one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ecgmon.monitor.alarms.condition import Change, Condition
from ecgmon.monitor.alarms.kind import AlarmContext, AlarmKind
from ecgmon.monitor.core.events import Event
from ecgmon.monitor.core.promise import promise

LATENCY_S = 0.7


def check_alarm(kind: AlarmKind, events: Sequence[Event], fs_hz: float) -> list[Change]:
    """Tell a condition of events, and again with its state saved and restored behind each.

    Parameters
    ----------
    kind : AlarmKind
        What to check, with its default rule.
    events : sequence of Event
        Events of one stream, ordered by ``known_at``.
    fs_hz : float
        Rate of the source in Hz.

    Returns
    -------
    list of Change
        When the condition began and ended.

    Raises
    ------
    AssertionError
        A promise is broken; says which.
    """
    condition = _fresh(kind, fs_hz)
    promise(isinstance(condition, Condition), "the function of an alarm returns a Condition")
    promise(isinstance(condition.listens, frozenset), "a condition says in `listens` what matters to it")
    changes: list[Change] = []
    restored_changes: list[Change] = []
    restored = _fresh(kind, fs_hz)
    for event in events:
        changes += _told(condition, event)
        restored_changes += _told(restored, event)
        state = json.loads(json.dumps(restored.snapshot()))
        restored = _fresh(kind, fs_hz)
        restored.restore(state)
    promise(changes == restored_changes, "a state that was saved as JSON and restored gives the same changes")
    present = [change.present for change in changes]
    promise(present == [place % 2 == 0 for place in range(len(present))], "begin and end take turns")
    promise(all(change.message for change in changes), "every change has a message of one plain line")
    return changes


def _fresh(kind: AlarmKind, fs_hz: float) -> Condition[Any]:
    return kind.condition(kind.rule, AlarmContext(kind.label, fs_hz, LATENCY_S))


def _told(condition: Condition[Any], event: Event) -> list[Change]:
    """Let the deadlines before an event pass, then tell of it, as the engine does."""
    changes: list[Change | None] = []
    while (due := condition.due()) is not None and due < event.known_at:
        changes.append(condition.expire())
        promise(condition.due() != due, "a deadline that is met is no longer due")
    if type(event) in condition.listens:
        changes.append(condition.observe(event))
    return [change for change in changes if change is not None]
