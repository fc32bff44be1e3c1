"""Alarms that a person sets limits for: rate, atrial fibrillation, ventricular beats, pauses."""

from __future__ import annotations

import pytest
from alarm_script import FS, LATENCY_S, play, states

from ecgmon.monitor.alarms import AlarmEngine, AlarmSettings


@pytest.mark.parametrize(
    ("kind", "bpm", "raised"),
    [
        ("heart_rate_high", 121, True),
        ("heart_rate_high", 120, False),
        ("heart_rate_low", 49, True),
        ("heart_rate_low", 50, False),
    ],
)
def test_a_rate_beyond_the_limit_for_ten_seconds_is_told(engine, script, kind, bpm, raised):
    script.good(0, 30)
    for second in range(1, 20):
        script.rate(second, bpm)
    assert states(play(engine, script, 20), kind) == ([("active", 11.0)] if raised else [])


def test_a_rate_beyond_the_limit_for_nine_seconds_is_not_told(engine, script):
    script.good(0, 30)
    for second in range(1, 25):
        script.rate(second, 130 if second < 10 else 100)
    assert states(play(engine, script, 25), "heart_rate_high") == []


def test_the_rate_must_come_back_by_the_hysteresis(engine, script):
    script.good(0, 30)
    for second in range(1, 30):
        script.rate(second, 125 if second < 15 else 117 if second < 20 else 114)
    assert states(play(engine, script, 30), "heart_rate_high") == [("active", 11.0), ("inactive", 20.0)]


def test_an_unknown_rate_ends_no_alarm(engine, script):
    script.good(0, 30)
    for second in range(1, 25):
        script.rate(second, 125 if second < 15 else None)
    assert states(play(engine, script, 25), "heart_rate_high") == [("active", 11.0)]


def test_atrial_fibrillation_is_told_from_its_onset_to_its_end(engine, script):
    script.good(0, 60).beats(0.5, 70, 60).rhythm(10, "AFIB", 30, 0.9).rhythm(40, "N", 45)
    assert states(play(engine, script, 50), "atrial_fibrillation") == [("active", 30.0), ("inactive", 45.0)]


def test_atrial_fibrillation_goes_on_beneath_a_run_and_through_a_bad_signal(engine, script):
    script.good(0, 60).beats(0.5, 70, 60).rhythm(5, "AFIB", 20, 0.9)
    script.rhythm(25, "VT", 27, beneath="AFIB").rhythm(28, "AFIB", 29)
    script.rhythm(33, "NOISE", 35, beneath="AFIB").rhythm(40, "AFIB", 42)
    assert states(play(engine, script, 50), "atrial_fibrillation") == [("active", 20.0)]


def test_a_rhythm_that_is_not_sure_raises_nothing(engine, script):
    script.good(0, 60).beats(0.5, 70, 60).rhythm(10, "AFIB", 30, 0.4)
    assert states(play(engine, script, 50), "atrial_fibrillation") == []


@pytest.mark.parametrize(
    ("ventricular", "kind"),
    [(1, None), (2, "ventricular_couplet"), (3, "ventricular_run"), (4, "ventricular_run"), (5, None)],
)
def test_couplets_and_runs_are_told_apart_by_their_length(engine, script, ventricular, kind):
    script.good(0, 10).beats(0.5, 75, 4).beats(3.5, 120, ventricular, "V").beats(3.5 + ventricular / 2, 75, 4)
    raised = {a.kind for a in play(engine, script, 9) if a.kind in ("ventricular_couplet", "ventricular_run")}
    assert raised == ({kind} if kind else set())


def test_a_couplet_of_which_one_beat_is_revised_is_none(engine, script):
    script.good(0, 10).beats(0.5, 75, 4).beats(3.5, 120, 2, "V").revision(4.0, 4.7, "N").beats(4.8, 75, 4)
    assert states(play(engine, script, 9), "ventricular_couplet") == []


@pytest.mark.parametrize(("coupling_s", "raised"), [(0.30, True), (0.34, False), (0.60, False)])
def test_a_ventricular_beat_within_the_expected_qt_is_r_on_t(engine, script, coupling_s, raised):
    script.good(0, 10).beats(0.5, 75, 5).beat(3.7 + coupling_s, "V").beats(5.3, 75, 3)
    assert bool(states(play(engine, script, 9), "r_on_t")) == raised


def test_a_short_event_is_shown_for_a_while_and_a_second_one_makes_no_new_alarm(engine, script):
    script.good(0, 60).beats(0.5, 75, 3).beats(2.6, 120, 2, "V").beats(4.4, 75, 2)
    script.beats(5.8, 120, 2, "V").beats(7.6, 75, 20)
    shown = states(play(engine, script, 30), "ventricular_couplet")
    end_s = 7.6 + LATENCY_S + 10
    assert shown == [("active", round(4.4 + LATENCY_S, 2)), ("inactive", round(end_s, 2))]


def test_a_repeat_within_its_time_is_shown_but_silent(script):
    settings = AlarmSettings().changed({"ventricular_couplet": {"hold_s": 2.0, "repeat_after_s": 20}})
    script.good(0, 60)
    for start in (0.5, 10.5, 25.5):
        script.beats(start, 75, 3).beats(start + 2.1, 120, 2, "V").beats(start + 3.9, 75, 2)
    alarms = play(AlarmEngine(settings, "ecg", FS), script, 40)
    assert [s for s, _ in states(alarms, "ventricular_couplet") if s != "inactive"] == [
        "active",
        "silenced",
        "active",
    ]


def test_more_than_ten_ventricular_beats_a_minute_are_told(engine, script):
    script.good(0, 200)
    for index in range(120):
        script.beat(0.5 + index, "V" if index < 60 and index % 5 == 4 else "N")
    alarms = play(engine, script, 120)
    tenth_and_one = 4.5 + 10 * 5 + LATENCY_S
    assert states(alarms, "ventricular_beats_per_minute")[0] == ("active", tenth_and_one)
    assert states(alarms, "ventricular_beats_per_minute")[-1][0] == "inactive"


def test_a_pause_of_three_seconds_is_told_and_ends_with_the_next_beat(engine, script):
    script.good(0, 20).beats(0.5, 60, 4).beats(7.0, 60, 3)
    alarms = play(engine, script, 10)
    assert states(alarms, "pause") == [("active", 3.5 + 3.7), ("inactive", 7.0 + LATENCY_S)]
    assert states(alarms, "asystole") == []
