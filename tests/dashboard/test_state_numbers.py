"""The figures at their edges: what is unknown, what is old, what was taken back."""

from __future__ import annotations

import io
import math
import wave

import numpy as np
import pytest
from events_of import alarm, beat, episode, gap, link, quality, rate, revision, rhythm
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.monitor.dashboard.state.alarm_board import SILENCE_S, AlarmBoard, most_urgent, sounding, title
from ecgmon.monitor.dashboard.state.numbers import (
    LEAST_INTERVALS,
    STALE_S,
    UNKNOWN,
    Figure,
    Numbers,
    age_text,
    span_text,
)
from ecgmon.monitor.dashboard.state.sounds import LENGTH_S, PULSES, RATE_HZ, REPEAT_S, SoundSchedule, burst
from ecgmon.monitor.rhythm.unreadable import UNKNOWN as UNREADABLE


def observed(*events, now_s: float | None = None) -> Numbers:
    numbers = Numbers()
    for event in events:
        numbers.observe(event, 360.0)
    if now_s is not None:
        numbers.now_s = now_s
    return numbers


def test_a_rate_that_cannot_be_measured_is_a_dash_with_the_reason():
    figure = observed(rate(5, None), now_s=6).rate()
    assert (figure.value, figure.note, figure.known) == (UNKNOWN, "not measurable", False)


@pytest.mark.parametrize(
    ("age", "known"), [(0, True), (STALE_S, True), (STALE_S + 0.1, False), (3600, False)]
)
def test_a_rate_is_shown_up_to_its_age_and_no_longer(age, known):
    figure = observed(rate(10, 71.6), now_s=10 + age).rate()
    assert figure.known is known
    assert figure.value == ("72" if known else UNKNOWN)
    assert figure.age_s == pytest.approx(age)


def test_time_does_not_run_back_when_an_old_event_comes_late():
    numbers = observed(rate(20, 60), rate(12, 80))
    assert numbers.now_s == 20


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_an_age_is_never_negative(at, now):
    assert observed(rate(at, 60.0), now_s=now).rate().age_s >= 0


@pytest.mark.parametrize(
    ("rate_s", "text"),
    [(0, "0 s"), (89.4, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "2 h"), (86400, "24 h")],
)
def test_spans_read_in_the_unit_that_fits(rate_s, text):
    assert span_text(rate_s) == text


def test_ages_are_silent_while_fresh():
    assert [age_text(age) for age in (None, 0, 2.9, 3, 120)] == ["", "", "", "3 s ago", "2 min ago"]


def test_ventricular_beats_are_a_count_until_a_minute_is_over_and_a_rate_then():
    numbers = observed(beat(1), *(beat(2 + n, "V") for n in range(3)), now_s=31)
    early = numbers.ventricular_per_min()
    assert (early.value, early.unit, early.note) == ("3", "", "in 30 s")
    numbers.now_s = 61.0
    late = numbers.ventricular_per_min()
    assert (late.value, late.unit, late.note) == ("3", "/min", "")
    numbers.now_s = 200.0
    assert numbers.ventricular_per_min().value == "0"


def test_ventricular_beats_are_unknown_before_the_first_beat():
    assert not Numbers().ventricular_per_min().known


def test_a_revised_ventricular_beat_is_counted_once():
    numbers = observed(beat(1), beat(2, "V"), now_s=70)
    numbers.now_s = 10
    numbers.revise(beat(2, "V"), beat(2, "N"))
    assert numbers.ventricular_per_min().value == "0"
    numbers.revise(beat(2, "N"), beat(2, "V"))
    numbers.revise(beat(2, "V"), beat(2, "E"))
    assert numbers.ventricular_per_min().value == "1"


def test_variability_of_a_steady_heart_is_nought_and_of_a_rocking_one_known():
    steady = observed(*(beat(n * 0.8, rr_s=0.8) for n in range(1, 60)))
    assert [figure.value for figure in steady.variability()] == ["0", "0"]
    rocking = Numbers()
    at = 0.0
    for number in range(60):
        rr = 0.75 if number % 2 else 0.85
        at += rr
        rocking.observe(beat(at, rr_s=rr), 360.0)
    spread, change = rocking.variability()
    assert int(spread.value) == pytest.approx(50, abs=1)
    assert change.value == "100"


def test_an_interval_across_a_gap_counts_nothing():
    beats = [beat(n * 0.8) for n in range(1, 20)]
    numbers = observed(*beats, gap(16), *(beat(20 + n * 0.8) for n in range(1, 20)))
    finite = [rr for _, rr, _ in numbers.intervals if math.isfinite(rr)]
    assert len(finite) == 18 + 18
    assert len(finite) > LEAST_INTERVALS


def test_intervals_around_an_ectopic_beat_are_left_out():
    numbers = observed(beat(1), beat(2), beat(2.5, "V"), beat(4), beat(5))
    assert [normal for _, _, normal in numbers.intervals] == [True, False, False, True]


def test_variability_forgets_what_is_older_than_five_minutes():
    numbers = observed(*(beat(n * 0.8) for n in range(1, 600)))
    times = [time_s for time_s, _, _ in numbers.intervals]
    assert times[-1] - times[0] <= 300


def test_quality_has_its_reasons_and_goes_stale():
    numbers = observed(quality(4, 0.345, "baseline_wander", "noise"), now_s=5)
    assert (numbers.signal().value, numbers.signal().note) == ("34", "baseline wander, noise")
    numbers.now_s = 4 + 1 + STALE_S + 0.1
    assert (numbers.signal().value, numbers.signal().note) == (UNKNOWN, "no signal")
    assert observed(quality(4, 1.0), now_s=5).signal().note == "clean"


def test_the_link_shows_what_the_source_says():
    assert observed(now_s=0).link().value == UNKNOWN
    assert observed(now_s=1).link().value == "streaming"
    shown = observed(link(1, "streaming", rate_hz=249.7)).link()
    assert (shown.value, shown.note) == ("streaming", "250 Hz")
    assert observed(link(1, "silent", "no data for 3 s", rate_hz=1)).link().note == "no data for 3 s"


@pytest.mark.parametrize(
    ("health", "value", "unit"),
    [
        ({}, UNKNOWN, "%"),
        ({"battery_percent": 41.6}, "42", "%"),
        ({"battery_low": 1.0}, "low", ""),
        ({"battery_low": 0.0}, "good", ""),
        ({"battery_percent": 5.0, "battery_low": 1.0}, "5", "%"),
    ],
)
def test_the_battery_is_shown_as_the_device_tells_it(health, value, unit):
    figure = observed(link(1, "streaming", **health)).battery()
    assert (figure.value, figure.unit) == (value, unit)


def test_an_unreadable_stretch_has_no_rhythm_and_says_for_how_long():
    figure = observed(rhythm(10, UNREADABLE), now_s=100).rhythm_figure()
    assert (figure.value, figure.note) == (UNKNOWN, "signal not readable for 2 min")


def test_a_rhythm_that_nobody_named_is_shown_by_its_code():
    assert observed(rhythm(1, "XYZ"), now_s=2).rhythm_figure().value == "XYZ"


def test_winding_forgets_all_but_the_link():
    numbers = observed(beat(1, "V"), rate(2, 60), quality(2, 1), rhythm(2, "N"), link(2, "streaming"))
    numbers.rewind(50.0)
    assert numbers.now_s == 50.0
    assert numbers.link().value == "streaming"
    assert not numbers.rate().known
    assert not numbers.rhythm_figure().known
    assert not numbers.ventricular_per_min().known
    assert not numbers.intervals


def test_events_that_say_nothing_of_figures_change_nothing():
    numbers = observed(episode(3), alarm(4), revision(5, "N", "V"))
    assert (numbers.now_s, numbers.rate(), numbers.intervals) == (5, Numbers().rate(), Numbers().intervals)


def test_only_a_dash_is_unknown():
    assert not Figure(UNKNOWN).known
    assert Figure("0").known
    assert Figure("-").known


def test_a_kind_is_said_in_words():
    assert title("ventricular_tachycardia") == "Ventricular tachycardia"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (alarm(9, "pause", "medium"), alarm(1, "lead_off", "medium", technical=True)),
        (alarm(9, "lead_off", "high", technical=True), alarm(1, "pause", "medium")),
        (alarm(9, "asystole", "high"), alarm(1, "pause", "medium")),
        (alarm(9, "asystole", "high"), alarm(1, "extreme_tachycardia", "high", "acknowledged")),
        (alarm(9, "asystole", "high", "silenced"), alarm(1, "pause", "high", "latched")),
        (alarm(9, "asystole", "high"), alarm(1, "ventricular_tachycardia", "high")),
        (alarm(1, "of_a_package", "high"), alarm(9, "of_another", "high")),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_board_leads_with_what_matters_more(first, second, turned):
    board = AlarmBoard()
    for each in (second, first) if turned else (first, second):
        board.observe(each)
    assert [row.kind for row in board.rows()] == [first.kind, second.kind]
    assert board.worst().kind == first.kind


def test_since_is_when_an_alarm_began_and_not_when_it_changed():
    board = AlarmBoard()
    board.observe(alarm(10))
    board.observe(alarm(25, state="acknowledged"))
    assert board.rows()[0].since_s == 10
    board.observe(alarm(30, state="inactive"))
    board.observe(alarm(40))
    assert board.rows()[0].since_s == 40


def test_an_alarm_that_ends_without_having_begun_leaves_nothing():
    board = AlarmBoard()
    board.observe(alarm(10, state="inactive"))
    assert board.worst() is None
    assert sounding({"a": board}) is None


@pytest.mark.parametrize(
    ("states", "heard"),
    [
        ({"a": ("low", "active"), "b": ("high", "acknowledged")}, "low"),
        ({"a": ("medium", "active"), "b": ("high", "active")}, "high"),
        ({"a": ("high", "silenced"), "b": ("high", "latched")}, None),
    ],
)
@pytest.mark.parametrize("beds", [1, 2])
def test_only_active_alarms_sound_and_no_bed_mutes_another(states, heard, beds):
    boards = [AlarmBoard() for _ in range(beds)]
    for place, (kind, (priority, state)) in enumerate(states.items()):
        boards[place % beds].observe(alarm(1, kind, priority, state))
    assert sounding({str(place): board for place, board in enumerate(boards)}) == heard


def test_a_silence_counts_only_while_something_is_silenced():
    board = AlarmBoard()
    board.silence(100.0)
    assert board.silence_left_s(101.0) == 0.0
    board.observe(alarm(1, state="silenced"))
    assert board.silence_left_s(101.0) == SILENCE_S - 1
    assert board.silence_left_s(100.0 + 2 * SILENCE_S) == 0.0
    board.clear()
    assert board.silence_left_s(101.0) == 0.0


def test_of_several_patients_the_worst_is_named_and_the_one_on_the_screen_if_equal():
    boards = {"a": AlarmBoard(), "b": AlarmBoard(), "c": AlarmBoard()}
    assert most_urgent(boards, "b") == "b"
    assert most_urgent({}, None) is None
    boards["a"].observe(alarm(1, "pause", "medium"))
    boards["c"].observe(alarm(1, "pause", "medium"))
    assert most_urgent(boards, "c") == "c"
    assert most_urgent(boards, "b") == "a"
    boards["c"].observe(alarm(2, "asystole", "high"))
    assert most_urgent(boards, "a") == "c"


@pytest.mark.parametrize("priority", PULSES)
def test_a_burst_has_its_pulses_and_ends_before_it_comes_again(priority):
    with wave.open(io.BytesIO(burst(priority))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ)
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(float)
    assert samples.size / RATE_HZ < REPEAT_S[priority]
    assert 0.4 * 32767 < np.abs(samples).max() <= 0.5 * 32767
    loud = np.convolve(np.abs(samples), np.ones(441) / 441, mode="same") > 200
    assert np.count_nonzero(np.diff(np.append(0, loud)) == 1) == len(PULSES[priority])
    assert loud.sum() / RATE_HZ == pytest.approx(len(PULSES[priority]) * LENGTH_S[priority], rel=0.2)


def test_a_worse_alarm_sounds_at_once_and_its_end_begins_anew():
    schedule = SoundSchedule()
    assert schedule.due("low", 0.0) == "low"
    assert schedule.due("low", 1.0) is None
    assert schedule.due("high", 1.1) == "high"
    assert schedule.due("high", 1.1 + REPEAT_S["high"] - 0.01) is None
    assert schedule.due("high", 1.1 + REPEAT_S["high"]) == "high"
    assert schedule.due(None, 9.0) is None
    assert schedule.due("high", 9.1) == "high"
