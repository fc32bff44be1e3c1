"""The analyser names rhythms from made beats: onset, end, what lies beneath, and what it does not know."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rhythm_script import FS, RhythmScript, names, play, rhythms, short

from ecgmon.monitor.rhythm.analyser import RhythmAnalyser
from ecgmon.monitor.rhythm.findings import EpisodeFinding, RhythmFinding


@pytest.mark.parametrize(("rr_s", "rhythm"), [(0.8, "N"), (1.5, "SBR"), (0.5, "STACH"), (1.15, "N")])
def test_steady_beats_are_named_by_their_rate_from_the_first_on(rr_s, rhythm):
    found = play(RhythmScript().beats(20, rr_s).ordered())
    assert rhythms(found) == [(rhythm, round(1.0 + rr_s, 1))]


def test_a_rate_at_the_limit_does_not_flicker():
    script = RhythmScript()
    for index in range(80):
        script.beat(0.6 + 0.01 * (-1) ** (index // 10))
    assert len(names(play(script.ordered()))) <= 2


def test_atrial_fibrillation_is_told_within_30_seconds_and_from_its_onset():
    script = RhythmScript().beats(60, 0.8)
    onset_s = script.time_s
    script.fibrillation(80)
    end_s = script.time_s
    script.beats(80, 0.8)
    found = [f for f in play(script.ordered()) if isinstance(f, RhythmFinding)]
    assert [f.rhythm for f in found] == ["N", "AFIB", "N"]
    assert found[1].start / FS == pytest.approx(onset_s, abs=4)
    assert found[1].known_at / FS - onset_s < 30
    assert found[2].start / FS == pytest.approx(end_s, abs=4)
    assert found[1].confidence > 0.9


def test_even_conduction_for_a_while_does_not_end_atrial_fibrillation():
    script = RhythmScript().fibrillation(80).beats(12, 0.75, p=False).fibrillation(80)
    assert names(play(script.ordered())) == ["AFIB"]


def test_fibrillation_in_doubt_ends_when_ventricular_beats_allow_no_more_classification():
    script = RhythmScript().fibrillation(80).beats(12, 0.75).pattern("VN" * 30)
    found = [f for f in play(script.ordered()) if isinstance(f, RhythmFinding)]
    assert (found[-1].rhythm, found[-1].beneath) == ("B", "N")


def test_fibrillation_from_the_first_beat_on_is_told_from_the_first_beat_on():
    script = RhythmScript().fibrillation(40)
    first_s = script.ordered()[0][2][0].at / FS
    assert rhythms(play(script.ordered())) == [("AFIB", round(first_s, 1))]


def test_uneven_beats_that_nothing_can_be_said_of_are_named_by_their_rate_after_30_seconds():
    script = RhythmScript()
    for _ in range(40):
        script.fibrillation(2).beat(0.4, "V")
    found = [f for f in play(script.ordered()) if isinstance(f, RhythmFinding)]
    assert [f.beneath for f in found] == ["", "N"]
    first_s = script.ordered()[0][2][0].at / FS
    assert 30 <= found[1].known_at / FS - first_s <= 33


def test_a_baseline_that_jumps_hides_no_rhythm_while_beats_are_clear():
    script = RhythmScript().seconds(0, 10).seconds(10, 30, 0.9, "drift").seconds(30, 40).beats(48, 0.8)
    assert names(play(script.ordered())) == ["N"]


def test_an_irregular_sinus_rhythm_is_no_fibrillation():
    script = RhythmScript()
    for index in range(150):
        script.beat(0.85 + 0.12 * np.sin(index / 2.0))
    assert names(play(script.ordered())) == ["N"]


def test_frequent_early_beats_of_the_atria_are_no_fibrillation():
    script = RhythmScript().pattern("NNNNNS" * 25)
    assert set(names(play(script.ordered()))) == {"N"}


def test_irregular_beats_among_many_ventricular_ones_are_not_classified():
    script = RhythmScript().pattern("N" * 40)
    for _ in range(40):
        script.fibrillation(2).beat(0.4, "V")
    assert "AFIB" not in names(play(script.ordered()))


def test_bigeminy_lies_over_the_ground_rhythm_and_ends_in_it():
    script = RhythmScript().pattern("N" * 20 + "VN" * 12 + "N" * 20)
    found = [f for f in play(script.ordered()) if isinstance(f, RhythmFinding)]
    assert [(f.rhythm, f.beneath) for f in found] == [("N", ""), ("B", "N"), ("N", "")]


def test_trigeminy_and_atrial_bigeminy_have_names_of_their_own():
    assert names(play(RhythmScript().pattern("N" * 20 + "VNN" * 8 + "N" * 9).ordered())) == ["N", "T", "N"]
    assert names(play(RhythmScript().pattern("N" * 20 + "SN" * 8 + "N" * 9).ordered())) == ["N", "AB", "N"]


def test_a_short_run_returns_to_the_rhythm_beneath():
    script = RhythmScript().beats(60, 0.8).fibrillation(60)
    script.beats(4, 0.4, "V").fibrillation(20)
    found = [f for f in play(script.ordered()) if isinstance(f, RhythmFinding)]
    assert [(f.rhythm, f.beneath) for f in found][-3:] == [("AFIB", ""), ("VT", "AFIB"), ("AFIB", "")]


@pytest.mark.parametrize(("rr_s", "rhythm"), [(0.4, "VT"), (0.9, "IVR")])
def test_a_run_is_named_by_its_rate_and_told_again_as_an_episode(rr_s, rhythm):
    script = RhythmScript().beats(20, 0.8).beats(5, rr_s, "V").beats(5, 0.8)
    found = play(script.ordered())
    assert names(found) == ["N", rhythm, "N"]
    run = next(f for f in found if isinstance(f, EpisodeFinding))
    assert (run.kind, run.beats, run.bpm) == ("ventricular_run", 5, pytest.approx(60 / rr_s, abs=0.1))
    assert rhythms(found)[1][1] == round(run.start / FS, 1)


def test_one_doubtful_beat_does_not_part_a_run():
    script = RhythmScript().beats(20, 0.8).beats(3, 0.4, "V").beat(0.4, "N").beats(2, 0.4, "V").beats(5, 0.8)
    assert short(play(script.ordered())) == [("ventricular_run", 6)]


def test_a_run_whose_shapes_take_turns_is_not_taken_apart():
    script = RhythmScript().beats(20, 0.8)
    for _ in range(6):
        script.beat(0.45, "V").beat(0.65, "N", ventricular=0.4)
    found = play(script.beats(5, 0.8).ordered())
    assert short(found) == [("ventricular_run", 11)]
    assert names(found) == ["N", "VT", "N"]


def test_two_ventricular_beats_and_a_doubtful_one_are_no_run():
    script = RhythmScript().beats(20, 0.8).beat(0.5, "V").beat(0.5, "N", ventricular=0.4).beat(0.5, "V")
    assert short(play(script.beats(5, 0.8).ordered())) == []


def test_a_run_that_a_fast_rhythm_follows_ends_at_its_first_beat():
    script = RhythmScript().beats(20, 0.45).beats(3, 0.45, "V")
    ended_s = script.time_s + 0.45
    script.beats(5, 0.45)
    assert rhythms(play(script.ordered()))[-1] == ("STACH", pytest.approx(ended_s, abs=0.1))


def test_two_ectopic_beats_are_a_couplet_and_no_rhythm():
    found = play(RhythmScript().pattern("N" * 20 + "VV" + "N" * 9 + "SS" + "N" * 9).ordered())
    assert short(found) == [("ventricular_couplet", 2), ("supraventricular_couplet", 2)]
    assert names(found) == ["N"]


def test_a_beat_that_is_revised_makes_no_run():
    script = RhythmScript().beats(20, 0.8).beats(3, 0.4, "V")
    script.beat(0.8, "N", revised="N").beats(5, 0.8)
    found = play(script.ordered())
    assert names(found) == ["N"]
    assert short(found) == [("ventricular_couplet", 2)]


def test_a_heart_that_stops_is_asystole_from_its_last_beat_known_4_7_seconds_later():
    script = RhythmScript().seconds(0, 37).beats(20, 0.8)
    stopped_s = script.time_s
    script.beats(1, 12.0).beats(10, 0.8)
    found = [f for f in play(script.ordered()) if isinstance(f, RhythmFinding)]
    assert [f.rhythm for f in found] == ["N", "ASYS", "N"]
    assert found[1].start / FS == pytest.approx(stopped_s, abs=0.02)
    assert found[1].known_at / FS == pytest.approx(stopped_s + 4.7, abs=0.02)
    assert found[2].start / FS == pytest.approx(stopped_s + 12.0, abs=0.02)


def test_a_stop_that_a_beat_ends_just_before_it_was_due_is_told_by_that_beat():
    script = RhythmScript().seconds(0, 30).beats(20, 0.8).beats(1, 4.2).beats(10, 0.8)
    found = [f for f in play(script.ordered()) if isinstance(f, RhythmFinding)]
    assert [f.rhythm for f in found] == ["N", "ASYS", "N"]
    assert found[1].known_at == found[2].known_at


def test_a_missing_beat_is_a_dropped_beat_and_a_long_one_a_pause():
    found = play(
        RhythmScript().beats(20, 0.8).beats(1, 1.6).beats(9, 0.8).beats(1, 2.9).beats(9, 0.8).ordered()
    )
    assert short(found) == [("dropped_beat", 2), ("pause", 2)]


def test_a_pause_behind_an_early_beat_is_no_dropped_beat():
    assert short(play(RhythmScript().beats(20, 0.8).beat(0.5, "S").beat(1.6).beats(9, 0.8).ordered())) == []


def test_a_bad_signal_makes_the_rhythm_unknown_and_hides_no_asystole():
    script = RhythmScript().seconds(0, 20).seconds(20, 32, 0.05, "motion").seconds(32, 48).beats(23, 0.8)
    script.time_s = 33.0
    script.beats(20, 0.8)
    assert rhythms(play(script.ordered()))[1:] == [("NOISE", 20.0), ("N", 32.0)]


def test_flutter_of_the_waveform_comes_before_all_else_and_feeds_nothing_to_the_rest():
    script = RhythmScript().seconds(0, 60).beats(25, 0.8).flutter(22, 40, onset=25)
    script.fibrillation(30)
    script.time_s = 42.0
    script.beats(30, 0.8)
    found = [f for f in play(script.ordered()) if isinstance(f, RhythmFinding) and f.known_at > 25 * FS]
    assert (found[0].rhythm, found[0].beneath, found[0].start / FS) == ("VFL", "N", 22.0)
    assert [f.rhythm for f in found[1:]] == ["N"]
    assert found[1].start / FS == 40.0


def test_a_short_gap_changes_nothing_and_a_long_one_makes_the_rhythm_unknown():
    short_gap = RhythmScript().beats(20, 0.8).gap(17.5, 18.5).beats(20, 0.8)
    assert names(play(short_gap.ordered())) == ["N"]
    long_gap = RhythmScript().beats(20, 0.8).gap(17.5, 27.5).seconds(28, 40).beats(20, 0.8)
    assert rhythms(play(long_gap.ordered()))[1:] == [("NOISE", 17.5), ("N", 28.0)]


def test_no_run_and_no_pause_spans_a_gap():
    script = RhythmScript().beats(20, 0.8).beats(2, 0.4, "V").gap(19.0, 22.0).beats(2, 0.4, "V").beats(9, 0.8)
    assert short(play(script.ordered())) == [("ventricular_couplet", 2), ("ventricular_couplet", 2)]


def eventful() -> RhythmScript:
    script = RhythmScript().seconds(0, 250).beats(30, 0.8).pattern("VN" * 8).fibrillation(70)
    script.beats(6, 0.4, "V").fibrillation(20).beats(1, 6.0).beats(40, 0.7).pattern("NNVVNNN")
    begin = int(script.time_s) + 2
    return script.flutter(begin, begin + 9, onset=begin + 3)


@pytest.fixture(scope="module")
def whole():
    return play(eventful().ordered(), until_s=250)


def test_onsets_come_in_order_and_are_known_when_they_are_over(whole):
    starts = [f.start for f in whole if isinstance(f, RhythmFinding)]
    assert len(starts) > 8
    assert starts == sorted(set(starts))
    assert all(f.start <= f.known_at for f in whole)
    known = [f.known_at for f in whole]
    assert known == sorted(known)


@settings(max_examples=20, deadline=None)
@given(cut=st.integers(0, 400))
def test_an_analyser_goes_on_from_a_snapshot(whole, cut):
    steps = eventful().ordered()
    cut = min(cut, len(steps))
    first, second = RhythmAnalyser(), RhythmAnalyser()
    found = play(steps[:cut], first)
    second.restore(first.snapshot())
    play(steps[cut:], first, until_s=250)
    assert found + play(steps[cut:], second, until_s=250) == whole


def test_an_analyser_that_forgets_is_as_new(whole):
    analyser = RhythmAnalyser()
    play(eventful().ordered(), analyser)
    analyser.reset()
    assert play(eventful().ordered(), analyser, until_s=250) == whole
