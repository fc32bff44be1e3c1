"""Whatever stands in a settings file, it is taken or refused by name; it never breaks the program."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ecgmon.monitor.alarms import AlarmSettings

KINDS = st.sampled_from([*AlarmSettings.model_fields, "asistole"])
KEYS = st.sampled_from(["enabled", "priority", "limit_s", "limit_bpm", "delay_s", "beats", "hold_s", "x"])
LISTS = st.lists(st.integers(), max_size=2)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-5, 500), st.floats(), st.text(max_size=5), LISTS)
TABLES = st.dictionaries(KEYS, VALUES, max_size=3)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(KINDS, st.one_of(VALUES, TABLES), max_size=3))
def test_any_alarm_settings_are_taken_or_refused(tree):
    for make in (AlarmSettings.model_validate, AlarmSettings().changed):
        try:
            taken = make(tree)
        except ValidationError:
            continue
        assert all(kind in AlarmSettings.model_fields for kind in tree)
        assert isinstance(taken, AlarmSettings)
