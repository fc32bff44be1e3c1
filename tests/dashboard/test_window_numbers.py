"""The figures, alarms and lists behind the window, without Qt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecgmon.monitor.core.events import Alarm, Beat, BeatRevision, HeartRate, Quality, RhythmChange
from ecgmon.monitor.dashboard.drawing.calipers import Calipers
from ecgmon.monitor.dashboard.state.alarm_board import FLASH_HZ, AlarmBoard, flash_on, most_urgent, sounding
from ecgmon.monitor.dashboard.state.averages import BeatAverages, window_of
from ecgmon.monitor.dashboard.state.beats import BeatBook, ShownBeat, place_letters
from ecgmon.monitor.dashboard.state.comparison import Comparison
from ecgmon.monitor.dashboard.state.history import SignalHistory
from ecgmon.monitor.dashboard.state.numbers import UNKNOWN, Numbers, age_text
from ecgmon.monitor.dashboard.state.remarks import RemarkBook
from ecgmon.monitor.dashboard.state.sounds import REPEAT_S, SoundSchedule
from ecgmon.monitor.dashboard.state.timeline import Timeline, clock
from ecgmon.monitor.dashboard.state.trends import Trends
from ecgmon.monitor.explain.shapley_sampling import shapley_values


def beat(time_s: float, rr_s: float | None = 0.8, symbol: str = "N", aami: str = "N") -> Beat:
    at = round(time_s * 360)
    return Beat(
        sample=at, time_s=time_s, known_at=at, symbol=symbol, aami=aami, probabilities={symbol: 0.9},
        r_known_at=at, rr_s=rr_s, quality=1.0,
    )  # fmt: skip


def alarm(kind: str, priority: str, state: str, time_s: float = 1.0, *, technical: bool = False) -> Alarm:
    at = round(time_s * 360)
    return Alarm(
        sample=at, time_s=time_s, known_at=at, kind=kind, priority=priority, state=state, message=kind,
        technical=technical,
    )  # fmt: skip


def test_a_beat_joins_the_mean_once_all_that_is_shown_of_it_has_come():
    history, averages = SignalHistory(capacity=3600), BeatAverages()
    ramp = np.arange(720) / 1000.0
    history.append({"raw": ramp[:400], "clean": ramp[:400]})
    averages.add(history, ShownBeat(300, beat(300 / 360)))
    assert averages.mean("N") is None
    history.append({"raw": ramp[400:], "clean": ramp[400:]})
    averages.add(history, ShownBeat(560, beat(560 / 360)))
    mean = averages.mean("N")
    assert mean is not None
    assert mean.count == 2


def test_the_window_asked_about_is_the_one_the_classifier_had():
    history = SignalHistory(capacity=3600)
    ramp = np.arange(720) / 1000.0
    history.append({"raw": ramp, "clean": ramp})
    own = replace(beat(1.0), attribution=np.zeros(360, dtype=np.float32), attribution_start=72)
    window = window_of(history, ShownBeat(360, own))
    assert (window.r, window.start) == (360, 72)
    assert window.samples_mv is not None
    np.testing.assert_allclose(window.samples_mv, ramp[72:432], atol=1e-3)


def test_everything_is_unknown_before_the_first_event():
    numbers = Numbers()
    figures = [numbers.rate(), numbers.rhythm_figure(), numbers.signal(), numbers.battery()]
    assert [figure.value for figure in figures] == [UNKNOWN] * 4
    assert not any(figure.known for figure in figures)


def test_a_heart_rate_without_news_becomes_unknown():
    numbers = Numbers()
    numbers.observe(HeartRate(sample=360, time_s=1.0, known_at=360, bpm=72.4), 360)
    assert (numbers.rate().value, numbers.rate().unit) == ("72", "/min")
    numbers.now_s = 20.0
    assert numbers.rate().value == UNKNOWN
    assert numbers.rate().age_s == pytest.approx(19.0)


def rhythm(name: str, time_s: float, beneath: str = "") -> RhythmChange:
    at = round(time_s * 360)
    return RhythmChange(sample=at, time_s=time_s, known_at=at, rhythm=name, beneath=beneath)


def test_a_rhythm_has_a_plain_name_and_says_for_how_long_and_what_it_interrupts():
    numbers = Numbers()
    numbers.observe(rhythm("AFIB", 10.0), 360)
    numbers.now_s = 190.0
    figure = numbers.rhythm_figure()
    assert (figure.value, figure.note) == ("Atrial fibrillation", "for 3 min")
    numbers.observe(rhythm("VT", 190.0, beneath="AFIB"), 360)
    numbers.now_s = 193.0
    figure = numbers.rhythm_figure()
    assert (figure.value, figure.note) == ("Ventricular tachycardia", "for 3 s, in atrial fibrillation")


def test_a_rhythm_that_cannot_be_seen_is_unknown_and_says_since_when():
    numbers = Numbers()
    numbers.observe(rhythm("NOISE", 10.0), 360)
    numbers.now_s = 22.0
    assert not numbers.rhythm_figure().known
    assert numbers.rhythm_figure().note == "signal not readable for 12 s"


def test_no_rhythm_is_claimed_while_no_signal_comes():
    numbers = Numbers()
    numbers.observe(rhythm("N", 1.0), 360)
    numbers.observe(Quality(sample=720, time_s=2.0, known_at=1080, index=0.9, reasons=()), 360)
    assert numbers.rhythm_figure().value == "Normal sinus rhythm"
    numbers.now_s = 30.0
    assert not numbers.rhythm_figure().known
    assert numbers.rhythm_figure().note == "no signal"


def test_variability_is_that_of_normal_intervals_only():
    numbers = Numbers()
    time_s, intervals = 0.0, [0.80, 0.84] * 25
    numbers.observe(beat(0.0, None), 360)
    for rr_s in intervals:
        time_s += rr_s
        numbers.observe(beat(time_s, rr_s), 360)
    numbers.observe(beat(time_s + 0.4, 0.4, "V", "V"), 360)
    numbers.observe(beat(time_s + 1.6, 1.2), 360)
    sdnn, rmssd = numbers.variability()
    assert float(sdnn.value) == pytest.approx(1000 * np.std(intervals, ddof=1), abs=0.5)
    assert float(rmssd.value) == pytest.approx(40, abs=0.5)


def test_variability_says_how_much_is_missing_until_it_is_known():
    numbers = Numbers()
    for number in range(10):
        numbers.observe(beat(number * 0.8), 360)
    sdnn, _ = numbers.variability()
    assert not sdnn.known
    assert sdnn.note == "9 of 30 intervals"


def test_ventricular_beats_are_counted_over_the_last_minute():
    numbers = Numbers()
    for number in range(100):
        numbers.observe(
            beat(float(number), 1.0, "V" if number % 4 == 0 else "N", "V" if number % 4 == 0 else "N"), 360
        )
    assert numbers.ventricular_per_min().value == "15"
    assert numbers.ventricular_per_min().unit == "/min"


def test_ages_are_said_only_when_they_matter():
    assert [age_text(age) for age in (None, 1.0, 12.0, 300.0, 7200.0)] == [
        "", "", "12 s ago", "5 min ago", "2 h ago",
    ]  # fmt: skip


@pytest.mark.parametrize(("priority", "low_hz", "high_hz"), [("high", 1.4, 2.8), ("medium", 0.4, 0.8)])
def test_lights_flash_within_the_standard_rates(priority, low_hz, high_hz):
    moments = np.arange(0, 20, 0.005)
    lit = np.array([flash_on(priority, "active", moment) for moment in moments])
    onsets = np.count_nonzero(lit[1:] & ~lit[:-1])
    assert low_hz <= onsets / 20 <= high_hz
    assert 0.2 < lit.mean() < 0.6


def test_low_and_acknowledged_alarms_do_not_flash():
    assert FLASH_HZ["low"] == 0
    assert all(flash_on("low", "active", t / 10) for t in range(40))
    assert all(flash_on("high", "acknowledged", t / 10) for t in range(40))


def test_urgent_alarms_come_before_mild_ones_and_of_equals_the_patient_first():
    board = AlarmBoard()
    for each in (
        alarm("lead_off", "high", "active", technical=True),
        alarm("couplet", "low", "active"),
        alarm("asystole", "high", "active"),
        alarm("run", "medium", "active"),
    ):
        board.observe(each)
    assert [row.kind for row in board.rows()] == ["asystole", "lead_off", "run", "couplet"]


def test_a_latched_alarm_stays_until_it_ends():
    board = AlarmBoard()
    board.observe(alarm("asystole", "high", "active"))
    board.observe(alarm("asystole", "high", "latched", 9.0))
    assert board.worst() is not None
    assert board.worst().since_s == 1.0
    board.observe(alarm("asystole", "high", "inactive", 10.0))
    assert board.worst() is None


def test_silence_counts_down_two_minutes():
    board = AlarmBoard()
    board.observe(alarm("asystole", "high", "active"))
    assert sounding({"a": board}) == "high"
    board.silence(10.0)
    board.observe(alarm("asystole", "high", "silenced", 2.0))
    assert board.silence_left_s(40.0) == pytest.approx(90.0)
    assert sounding({"a": board}) is None


def test_a_burst_sounds_at_once_and_again_after_its_pause():
    schedule = SoundSchedule()
    due = [t for t in np.arange(0, 30, 0.1) if schedule.due("high", float(t))]
    assert due[0] == 0
    assert np.diff(due) == pytest.approx(REPEAT_S["high"], abs=0.11)
    assert schedule.due(None, 31.0) is None


def test_the_list_keeps_notable_beats_and_finds_them_by_text():
    timeline = Timeline()
    for number, symbol in enumerate("NNVNLA"):
        timeline.observe(beat(float(number), symbol=symbol, aami={"V": "V", "A": "S"}.get(symbol, "N")))
    timeline.observe(alarm("ventricular_run", "medium", "active", 6.0))
    assert [row.mark for row in timeline.rows(frozenset({"beat"}))] == ["A", "V"]
    assert [row.kind for row in timeline.rows(text="ventricular")] == ["alarm", "beat"]


def test_the_list_does_not_grow_without_bound():
    timeline = Timeline(capacity=50)
    for number in range(500):
        timeline.observe(beat(float(number), symbol="V", aami="V"))
    assert len(timeline) == 50
    assert timeline.rows()[0].time_s == 499.0
    assert [row.time_s for row in timeline.since(timeline.next - 2)] == [498.0, 499.0]


def test_bad_signal_makes_one_row_when_it_begins_and_one_when_it_ends():
    timeline = Timeline()
    for second, index in enumerate((0.9, 0.2, 0.1, 0.3, 0.95)):
        timeline.observe(
            Quality(sample=360 * second, time_s=float(second), known_at=360, index=index, reasons=("muscle",))
        )
    assert [row.text for row in timeline.rows()] == ["Signal good again", "Signal poor"]


def test_trends_hold_means_and_counts_of_ten_seconds():
    trends = Trends()
    for second in range(25):
        trends.observe(HeartRate(sample=0, time_s=float(second), known_at=0, bpm=60.0 + second))
        trends.observe(beat(second + 0.5, 1.0, "V" if second == 3 else "N", "V" if second == 3 else "N"))
    assert trends.times_s().tolist() == [5.0, 15.0, 25.0]
    assert trends.rate_bpm() == pytest.approx([64.5, 74.5, 82.0])
    assert trends.per_minute("V")[:2].tolist() == [6.0, 0.0]
    assert "V 1" in trends.words_at(4.0)
    assert trends.words_at(400.0) == ""


def test_trends_forget_what_a_replay_was_wound_back_over():
    trends = Trends()
    for second in range(60):
        trends.observe(beat(float(second), 1.0))
    trends.forget_from(20.0)
    assert trends.times_s().max() < 20
    assert trends.intervals()[0].max() < 20


def test_poincare_pairs_never_span_a_gap():
    trends = Trends()
    for time_s, rr_s in ((0.0, None), (0.8, 0.8), (1.7, 0.9), (9.0, None), (9.7, 0.7), (10.5, 0.8)):
        trends.observe(beat(time_s, rr_s))
    before, after = trends.poincare()
    assert list(zip(before.tolist(), after.tolist(), strict=True)) == [(0.8, 0.9), (0.7, 0.8)]


def test_calipers_tell_interval_rate_and_amplitude():
    text = Calipers(1.0, 0.1, 1.75, 1.35).text()
    assert text == "750 ms  ·  80/min  ·  +1.25 mV"
    assert Calipers(1.0, 0.0, 1.05, 0.0).rate_bpm is None


def test_times_read_like_a_clock():
    assert [clock(t) for t in (0.0, 9.97, 75.25, 3661.0)] == ["0:00.0", "0:09.9", "1:15.2", "1:01:01"]


def test_beats_are_bounded_and_only_the_newest_keep_their_reason():
    book = BeatBook(capacity=100, reasons=20)
    for number in range(500):
        book.add(replace(beat(number * 0.8), attribution=np.ones(360, np.float32)))
    assert 90 <= len(book) <= 100
    assert sum(shown.beat.attribution is not None for shown in book) == 20
    assert book.tail(1)[0].beat.attribution is not None


def test_letters_give_way_to_those_that_matter():
    beats = [
        ShownBeat(n, beat(0.0, symbol=s, aami=a))
        for n, s, a in ((0, "N", "N"), (20, "V", "V"), (30, "N", "N"))
    ]
    letters = place_letters(beats, 0, 0.25, spacing_px=14.0)
    assert [letter.symbol for letter in letters] == ["V"]


def test_the_reference_is_scored_by_class_and_not_inside_flutter():
    symbols = ["N", "V", "N", "[", "]", "N"]
    samples = np.array([360, 720, 1080, 1300, 2000, 2160])
    comparison = Comparison(samples, symbols, 360.0)
    book = BeatBook()
    for time_s, symbol, aami in (
        (1.0, "N", "N"),
        (2.05, "N", "N"),
        (4.5, "V", "V"),
        (6.01, "N", "N"),
        (7.0, "N", "N"),
    ):
        book.add(beat(time_s, symbol=symbol, aami=aami))
    comparison.advance(book, 360 * 12)
    score = comparison.score
    assert (score.found, score.missed, score.extra, score.agreed) == (3, 1, 1, 2)
    wrong = [letter.symbol for letter in comparison.letters(book, 0, 3600, 0, 0.25) if letter.strong]
    assert wrong == ["V", "N"]


def test_remarks_survive_a_damaged_line(tmp_path):
    book = RemarkBook(tmp_path)
    book.add("bed/1", 720, 2.0, "N", "V", "somebody")
    with book.path("bed/1").open("a") as file:
        file.write("{half a line")
    assert RemarkBook(tmp_path).of("bed/1")[720].symbol == "V"


def test_shapley_values_add_up_and_find_what_matters():
    def model(windows: np.ndarray) -> np.ndarray:
        chance = 1 / (1 + np.exp(-windows[:, 120:132].mean(axis=1)))
        return np.stack([1 - chance, chance], axis=1)

    window = np.zeros(360, np.float32)
    window[120:132] = 3.0
    last = list(shapley_values(model, window, 1, pairs=8))[-1]
    stretches = last.values[::12]
    assert last.done == 1.0
    assert stretches.sum() == pytest.approx(last.full - last.base, abs=1e-6)
    assert int(np.argmax(stretches)) == 10


def test_another_patients_worse_alarm_is_not_hidden():
    boards = {"bed-1": AlarmBoard(), "bed-2": AlarmBoard(), "bed-3": AlarmBoard()}
    assert most_urgent(boards, "bed-1") == "bed-1"
    boards["bed-1"].observe(alarm("couplet", "low", "active"))
    boards["bed-2"].observe(alarm("couplet", "low", "active"))
    assert most_urgent(boards, "bed-1") == "bed-1"
    boards["bed-3"].observe(alarm("asystole", "high", "active"))
    assert most_urgent(boards, "bed-1") == "bed-3"


def test_a_revised_beat_counts_as_what_it_was_revised_to():
    book, numbers, trends = BeatBook(), Numbers(), Trends()
    first = beat(1.0, symbol="V", aami="V")
    book.add(first)
    numbers.observe(first, 360)
    trends.observe(first)
    revision = BeatRevision(
        sample=360,
        time_s=1.0,
        known_at=700,
        was="V",
        symbol="N",
        aami="N",
        probabilities={"N": 0.8, "V": 0.2},
    )
    old, new = book.revise(revision)
    numbers.revise(old.beat, new.beat)
    trends.revise(old.beat, new.beat)
    assert (old.symbol, new.symbol, book.tail(1)[0].symbol) == ("V", "N", "N")
    assert numbers.ventricular_per_min().value == "0"
    assert trends.words_at(1.0) == "N 1"
