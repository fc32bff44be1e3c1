"""Alarms do not depend on how the signal is cut, nor on a restart in its midst."""

from __future__ import annotations

import json

from alarm_script import FS, Script, play
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgmon.monitor.alarms import AlarmEngine, AlarmSettings


def eventful() -> Script:
    script = Script().good(0, 20).beats(0.5, 75, 8).beats(6.5, 180, 7, "V").beats(9.5, 80, 4)
    script.quality(20, 24, 0.0, "lead_off").good(24, 30).source(30.0, "silent").gap(30.0, 5.0)
    return script.source(35.0, "streaming").good(35, 70).beats(36.0, 35, 8).beats(50.0, 160, 30).good(70, 80)


END_S = 80
WHOLE = play(AlarmEngine(AlarmSettings(), "ecg", FS), eventful(), END_S)


def test_the_script_raises_what_the_following_tests_rely_on():
    raised = {alarm.kind for alarm in WHOLE if alarm.state == "active"}
    assert {"asystole", "ventricular_tachycardia", "extreme_tachycardia", "signal_lost", "lead_off"} <= raised


def test_alarms_leave_in_the_order_in_which_they_were_known():
    assert [a.known_at for a in WHOLE] == sorted(a.known_at for a in WHOLE)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 4000), min_size=1, max_size=200))
def test_any_cut_of_the_signal_gives_the_same_alarms(blocks):
    assert play(AlarmEngine(AlarmSettings(), "ecg", FS), eventful(), END_S, blocks) == WHOLE


def test_single_samples_give_the_same_alarms():
    blocks = [1] * round(END_S * FS)
    assert play(AlarmEngine(AlarmSettings(), "ecg", FS), eventful(), END_S, blocks) == WHOLE


@settings(max_examples=25, deadline=None)
@given(st.integers(0, END_S))
def test_a_restart_at_any_second_changes_nothing(second):
    cut = round(second * FS)
    events = eventful().ordered()
    before = [event for event in events if event.known_at < cut]
    first = AlarmEngine(AlarmSettings(), "ecg", FS)
    alarms = first.process(before, cut)
    second_engine = AlarmEngine(AlarmSettings(), "ecg", FS)
    second_engine.restore(json.loads(json.dumps(first.snapshot())))
    alarms += second_engine.process(events[len(before) :], round(END_S * FS))
    assert alarms == WHOLE


def test_an_empty_call_changes_nothing():
    engine = AlarmEngine(AlarmSettings(), "ecg", FS)
    before = engine.snapshot()
    assert engine.process([], 0) == []
    assert engine.snapshot() == before
