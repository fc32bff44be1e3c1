"""The order of alarms: every pair of kinds and states, and several devices."""

from __future__ import annotations

from itertools import product

import pytest

from ecgmon.monitor.alarms.rank import in_order, to_show, to_sound
from ecgmon.monitor.core.events import Alarm

STATES = ("active", "silenced", "latched", "acknowledged")
KINDS = (  # kind, priority, technical: written out, most urgent first
    ("ventricular_fibrillation", "high", False),
    ("asystole", "high", False),
    ("ventricular_tachycardia", "high", False),
    ("extreme_tachycardia", "high", False),
    ("extreme_bradycardia", "high", False),
    ("signal_lost", "high", True),
    ("pause", "medium", False),
    ("lead_off", "medium", True),
    ("r_on_t", "low", False),
    ("device_battery", "low", True),
)
LINES = [(kind, state) for kind in KINDS for state in STATES]


def alarm(kind: tuple[str, str, bool], state: str, device: str = "a") -> Alarm:
    name, priority, technical = kind
    return Alarm(  # type: ignore[arg-type]
        sample=0, time_s=0.0, known_at=0, device=device, kind=name, priority=priority,
        state=state, message="", technical=technical,
    )  # fmt: skip


def first_of(one: tuple, other: tuple) -> tuple:
    """The table in words: unacknowledged, priority, still there, then the list above."""
    for test in (
        lambda line: line[1] == "acknowledged",
        lambda line: ("high", "medium", "low").index(line[0][1]),
        lambda line: line[1] == "latched",
    ):
        if test(one) != test(other):
            return min(one, other, key=test)
    return min(one, other, key=lambda line: KINDS.index(line[0]))


@pytest.mark.parametrize(("one", "other"), [(a, b) for a, b in product(LINES, LINES) if a[0] != b[0]])
def test_of_two_alarms_the_table_names_the_one_to_show(one, other):
    shown = to_show([alarm(*one, device="a"), alarm(*other, device="b")], "b")
    assert (shown.kind, shown.state) == (first_of(one, other)[0][0], first_of(one, other)[1])


@pytest.mark.parametrize(("first", "second"), [
    ((KINDS[0], "active"), (KINDS[2], "active")),
    ((KINDS[0], "silenced"), (KINDS[2], "active")),
    ((KINDS[2], "active"), (KINDS[0], "latched")),
    ((KINDS[8], "active"), (KINDS[0], "acknowledged")),
    ((KINDS[5], "active"), (KINDS[6], "active")),
])  # fmt: skip
def test_these_pairs_stand_so(first, second):
    assert [each.kind for each in in_order([alarm(*second), alarm(*first)])] == [first[0][0], second[0][0]]


@pytest.mark.parametrize("quiet", ["acknowledged", "silenced", "latched", "inactive"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_done_to_one_device_never_mutes_another(quiet, kind):
    alarms = [alarm(KINDS[0], quiet, "a"), alarm(kind, "active", "b")]
    assert to_sound(alarms) is alarms[1]
    assert to_sound(alarms[:1]) is None


def test_of_equals_the_device_on_the_screen_is_shown_else_the_first():
    alarms = [alarm(KINDS[0], "active", name) for name in "abc"]
    assert to_show(alarms, "b").device == "b"
    assert to_show(alarms).device == "a"
    assert to_show([alarm(KINDS[0], "inactive")]) is None
