"""The five life-threatening alarms, by table: when each is raised, and when it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from alarm_script import FS, LATENCY_S, play, states

from ecgmon.monitor.alarms import AlarmEngine, AlarmSettings

PLAIN = AlarmSettings.model_validate(
    {kind: {"latching": False} for kind, rule in AlarmSettings() if getattr(rule, "priority", "") == "high"}
)


@pytest.fixture
def engine() -> AlarmEngine:
    return AlarmEngine(PLAIN, "ecg", FS)


def test_asystole_is_raised_four_seconds_and_the_latency_after_the_last_beat(engine, script):
    alarms = play(engine, script.good(0, 20).beats(0.5, 60, 6), 15)
    assert states(alarms, "asystole") == [("active", 5.5 + 4.7)]
    asystole = next(alarm for alarm in alarms if alarm.kind == "asystole")
    assert asystole.sample == script.at(9.5)
    assert asystole.priority == "high"
    assert not asystole.technical


def test_asystole_ends_with_the_second_beat_after_it(engine, script):
    script.good(0, 30).beats(0.5, 60, 3).beats(12.5, 60, 3)
    alarms = play(engine, script, 16)
    assert states(alarms, "asystole") == [("active", 2.5 + 4.7), ("inactive", 13.5 + LATENCY_S)]


def test_a_beat_that_is_still_on_its_way_prevents_asystole(engine, script):
    play_to = script.good(0, 10).beat(1.0).beat(4.99)
    assert states(play(engine, play_to, 9), "asystole") == []


@pytest.mark.parametrize(("rr_s", "raised"), [(3.9, False), (4.05, True)])
def test_an_absence_that_a_beat_ends_before_it_is_judged_is_asystole_too(engine, script, rr_s, raised):
    script.good(0, 10).beat(1.0).beat(1.0 + rr_s)
    at = round(script.at(1.0 + rr_s + LATENCY_S) / FS, 2)
    assert states(play(engine, script, 6), "asystole") == ([("active", at)] if raised else [])


def test_asystole_from_the_first_sample_is_found(engine, script):
    assert states(play(engine, script.good(0, 10), 9), "asystole") == [("active", 4.7)]


def test_a_flat_trace_with_the_electrodes_on_is_asystole(engine, script):
    script.beats(0.5, 60, 3).good(0, 3).quality(3, 12, 0.0, "flat")
    assert states(play(engine, script, 12), "asystole") == [("active", 2.5 + 4.7)]


@pytest.mark.parametrize("reason", ["lead_off", "missing", "saturated", "drift"])
def test_an_unreadable_signal_is_not_asystole(engine, script, reason):
    script.beats(0.5, 60, 3).good(0, 3).quality(3, 20, 0.0, reason)
    assert states(play(engine, script, 20), "asystole") == []


def test_heavy_noise_is_not_asystole(engine, script):
    script.beats(0.5, 60, 3).good(0, 3).quality(3, 20, 0.05, "motion")
    assert states(play(engine, script, 20), "asystole") == []


def test_asystole_counts_from_the_end_of_lead_off(engine, script):
    script.beats(0.5, 60, 3).good(0, 3).quality(3, 8, 0.0, "lead_off").good(8, 20)
    assert states(play(engine, script, 20), "asystole") == [("active", 8 + 4.7)]


def test_no_asystole_is_raised_within_a_gap(engine, script):
    script.good(0, 3).beats(0.5, 60, 3).gap(3.0, 30.0).beats(33.5, 60, 8)
    assert states(play(engine, script, 40), "asystole") == []


def test_asystole_counts_from_the_end_of_a_gap(engine, script):
    script.good(0, 3).beats(0.5, 60, 3).gap(3.0, 30.0).good(33, 50)
    assert states(play(engine, script, 50), "asystole") == [("active", 33 + 4.7)]


@pytest.mark.parametrize(
    ("every_s", "length_s", "later_s"), [(3.5, 0.01, 0.01), (1.0, 0.1, 0.5), (1.5, 0.6, 3.0)]
)
def test_gaps_put_an_asystole_off_by_their_own_length_and_never_hide_it(
    engine, script, every_s, length_s, later_s
):
    script.good(0, 40).beats(0.5, 60, 6)
    for number in range(1, round(40 / every_s)):
        script.gap(number * every_s, length_s)
    ((state, at_s),) = states(play(engine, script, 40), "asystole")
    assert (state, at_s) == ("active", pytest.approx(5.5 + 4.7 + later_s, abs=0.25))


def test_seconds_without_a_sample_are_no_asystole_however_long_they_last(engine, script):
    script.good(0, 5).beats(0.5, 60, 5).gap(5.0, 1.0).quality(5, 30, 0.0, "missing").gap(6.0, 24.0)
    assert states(play(engine, script.good(30, 36), 36), "asystole") == [("active", 34.7)]


def test_a_silent_source_is_not_asystole(engine, script):
    script.good(0, 3).beats(0.5, 60, 3).source(3.5, "silent")
    alarms = play(engine, script, 20)
    assert states(alarms, "asystole") == []
    assert states(alarms, "signal_lost") == [("active", 3.5)]


def test_asystole_stays_when_the_lead_comes_off_after_it(engine, script):
    script.good(0, 8).beats(0.5, 60, 3).quality(8, 20, 0.0, "lead_off")
    alarms = play(engine, script, 20)
    assert states(alarms, "asystole") == [("active", 2.5 + 4.7)]
    assert [state for state, _ in states(alarms, "lead_off")] == ["active"]
    assert [alarm.kind for alarm in engine.open_alarms()] == ["asystole", "pause", "lead_off"]


@pytest.mark.parametrize(("bpm", "raised"), [(39, True), (41, False), (30, True)])
def test_extreme_bradycardia_needs_five_beats_below_forty(engine, script, bpm, raised):
    script.good(0, 60).beats(0.5, 75, 6)
    first = 4.5 + 60 / bpm
    script.beats(first, bpm, 8)
    alarms = play(engine, script, 25)
    fifth = first + 3 * 60 / bpm
    expected = [("active", round((script.at(fifth + LATENCY_S)) / FS, 2))] if raised else []
    assert states(alarms, "extreme_bradycardia") == expected


def test_one_long_pause_is_no_bradycardia(engine, script):
    script.good(0, 60).beats(0.5, 75, 6).beats(4.5 + 3.9, 75, 10)
    assert states(play(engine, script, 20), "extreme_bradycardia") == []


def test_bradycardia_ends_when_the_rate_is_back(engine, script):
    script.good(0, 60).beats(0.5, 35, 7).beats(12.0, 70, 10)
    assert [s for s, _ in states(play(engine, script, 25), "extreme_bradycardia")] == ["active", "inactive"]


@pytest.mark.parametrize(("bpm", "beats", "raised"), [(150, 17, True), (150, 16, False), (138, 40, False)])
def test_extreme_tachycardia_needs_seventeen_beats_above_140(engine, script, bpm, beats, raised):
    script.good(0, 60).beats(1.0, bpm, beats)
    alarms = play(engine, script, 22)
    at = script.at(1.0 + 16 * 60 / bpm + LATENCY_S)
    assert states(alarms, "extreme_tachycardia") == ([("active", round(at / FS, 2))] if raised else [])


def test_no_interval_of_a_rate_alarm_spans_a_gap(engine, script):
    script.good(0, 4).beats(0.5, 35, 3).gap(4.0, 2.0).beats(6.2, 35, 3)
    assert states(play(engine, script, 12), "extreme_bradycardia") == []


@pytest.mark.parametrize(("kind", "bpm"), [("extreme_bradycardia", 30), ("extreme_tachycardia", 160)])
def test_an_extreme_rate_is_told_after_many_other_beats(engine, script, kind, bpm):
    script.good(0, 150).beats(0.5, 75, 100).beats(80.5, bpm, 20)
    assert [state for state, _ in states(play(engine, script, 121), kind)] == ["active"]


@pytest.mark.parametrize("bpm", [30, 58])
def test_a_beat_in_a_gap_makes_no_bradycardia_and_hides_none(engine, script, bpm):
    rr_s = 60 / bpm
    script.good(0, 60).beats(0.5, 75, 6)
    for number in range(16):
        at = 4.5 + (number + 1) * rr_s
        if number % 2:
            script.gap(at - 0.05, 0.1)
        else:
            script.beat(at)
    script.beats(4.5 + 17 * rr_s, bpm, 3)
    told = states(play(engine, script, 45), "extreme_bradycardia")
    assert [state for state, _ in told] == (["active"] if bpm == 30 else [])


def test_a_ventricular_tachycardia_goes_on_over_a_gap_and_a_beat_that_it_cuts(engine, script):
    script.good(0, 20).beats(0.5, 75, 5).beats(4.2, 150, 2, "V").gap(4.7, 0.5).beats(5.4, 150, 1, "V")
    cut = script.beat(5.8, "Q").events[-1]
    script.events[-1] = replace(cut, probabilities={})  # type: ignore[type-var]
    script.beats(6.2, 150, 2, "V")
    assert [s for s, _ in states(play(engine, script, 9), "ventricular_tachycardia")] == ["active"]


def test_beats_on_a_useless_signal_make_no_tachycardia(engine, script):
    for index in range(60):
        script.beat(0.5 + index * 0.3, quality=0.05)
    assert states(play(engine, script, 19), "extreme_tachycardia") == []


@pytest.mark.parametrize(
    ("bpm", "beats", "raised"), [(180, 5, True), (180, 4, False), (95, 10, False), (105, 6, True)]
)
def test_ventricular_tachycardia_needs_five_fast_ventricular_beats(engine, script, bpm, beats, raised):
    script.good(0, 60).beats(0.5, 75, 5).beats(4.2, bpm, beats, "V")
    fifth = script.at(4.2 + 4 * 60 / bpm + LATENCY_S)
    expected = [("active", round(fifth / FS, 2))] if raised else []
    assert states(play(engine, script, 10), "ventricular_tachycardia")[:1] == expected


def test_a_beat_that_is_revised_to_ventricular_completes_a_tachycardia(engine, script):
    script.good(0, 20).beats(0.5, 75, 3).beats(2.5, 150, 3, "V").beat(3.7, "N").beat(4.1, "V")
    script.revision(3.7, 4.8, "V").beats(5.0, 75, 2)
    assert states(play(engine, script, 6), "ventricular_tachycardia") == [("active", 4.8)]


def test_a_beat_that_is_revised_away_prevents_a_tachycardia(engine, script):
    script.good(0, 20).beats(0.5, 75, 3).beats(2.5, 150, 4, "V").revision(3.7, 4.5, "N").beat(4.1, "V")
    assert states(play(engine, script, 6), "ventricular_tachycardia") == []


@pytest.mark.parametrize(("ventricular", "raised"), [(0.4, True), (0.2, False)])
def test_two_shapes_that_take_turns_are_a_tachycardia_if_both_may_be_ventricular(
    engine, script, ventricular, raised
):
    script.good(0, 20).beats(0.5, 75, 5)
    for index in range(5):
        script.beat(4.2 + 1.1 * index, "V").beat(4.85 + 1.1 * index, "N", ventricular=ventricular)
    fifth = round(script.at(4.2 + 2.2 + LATENCY_S) / FS, 2)
    expected = [("active", fifth)] if raised else []
    assert states(play(engine, script, 12), "ventricular_tachycardia")[:1] == expected


def test_a_normal_beat_breaks_a_ventricular_run(engine, script):
    script.beats(0.5, 180, 4, "V").beat(0.5 + 4 / 3).beats(0.5 + 5 / 3, 180, 4, "V")
    assert states(play(engine, script, 6), "ventricular_tachycardia") == []


def test_ventricular_tachycardia_ends_after_three_other_beats(engine, script):
    script.good(0, 20).beats(0.5, 180, 8, "V").beats(3.5, 80, 6)
    alarms = play(engine, script, 10)
    end = round(script.at(3.5 + 2 * 0.75 + LATENCY_S) / FS, 2)
    assert states(alarms, "ventricular_tachycardia")[-1] == ("inactive", end)


@pytest.mark.parametrize("rhythm", ["VFL", "VF", "VFIB"])
def test_ventricular_fibrillation_follows_the_rhythm(engine, script, rhythm):
    script.good(0, 30).beats(0.5, 60, 30).rhythm(8, rhythm, 12.5).rhythm(20, "N", 22)
    alarms = play(engine, script, 30)
    assert states(alarms, "ventricular_fibrillation") == [("active", 12.5), ("inactive", 22.0)]


def test_fibrillation_of_the_ventricles_is_told_and_is_no_asystole(engine, script):
    script.good(0, 60).beats(0.5, 70, 10).rhythm(9.5, "VFL", 12.5, 0.97).rhythm(30, "N", 34)
    script.beats(30.5, 70, 30)
    alarms = play(engine, script, 50)
    assert states(alarms, "ventricular_fibrillation") == [("active", 12.5), ("inactive", 34.0)]
    assert states(alarms, "asystole") == []


def test_an_asystole_that_turns_out_to_be_fibrillation_ends_in_its_alarm(engine, script):
    script.good(0, 60).beats(0.5, 70, 10).rhythm(10, "VFL", 14.5, 0.97)
    alarms = play(engine, script, 30)
    assert [state for state, _ in states(alarms, "asystole")] == ["active", "inactive"]
    assert states(alarms, "ventricular_fibrillation") == [("active", 14.5)]
