"""Lists, trends, history, beats, comparison, remarks and reasons at their edges."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest
from events_of import alarm, beat, episode, gap, link, quality, rate, revision, rhythm
from hypothesis import given, settings
from hypothesis import strategies as st
from serial.tools.list_ports_common import ListPortInfo

from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.events import PIPELINE_HZ, SampleBlock, SettingsChange
from ecgmon.monitor.dashboard.state.averages import (
    AFTER,
    BEFORE,
    BeatAverages,
    BeatShape,
    shape_of,
    window_of,
)
from ecgmon.monitor.dashboard.state.beats import BeatBook, ShownBeat, place_letters
from ecgmon.monitor.dashboard.state.comparison import MATCH_S, SETTLE_S, Comparison, Score
from ecgmon.monitor.dashboard.state.connecting import describe, record_choices, replay_address, serial_ports
from ecgmon.monitor.dashboard.state.feed import Feed
from ecgmon.monitor.dashboard.state.history import SignalHistory
from ecgmon.monitor.dashboard.state.reason import explain_beat, focus, timing
from ecgmon.monitor.dashboard.state.remarks import RemarkBook
from ecgmon.monitor.dashboard.state.session import StreamSession
from ecgmon.monitor.dashboard.state.timeline import Timeline, clock
from ecgmon.monitor.dashboard.state.trends import BIN_S, KEPT_BINS, KEPT_INTERVALS, Trends
from ecgmon.monitor.ingest.registry import open_source
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.sim.synthetic import Episode, SyntheticSettings, synthesise


def listed(*events) -> list[tuple[str, str, str, str]]:
    timeline = Timeline()
    for event in events:
        timeline.observe(event)
    return [(row.kind, row.mark, row.text, row.detail) for row in timeline.rows()][::-1]


@pytest.mark.parametrize(
    ("event", "row"),
    [
        (beat(1), None),
        (beat(1, "V"), ("beat", "V", "Ventricular premature", "90%")),
        (beat(1, "V", probabilities={}), ("beat", "V", "Ventricular premature", "")),
        (rate(1, 60), None),
        (revision(1, "N", "A"), ("beat", "A", "Atrial premature", "was N; revised by the next interval")),
        (rhythm(1, "VT"), ("rhythm", "VT", "Ventricular tachycardia", "90%")),
        (rhythm(1, "B", "AFIB"), ("rhythm", "B", "Ventricular bigeminy in atrial fibrillation", "90%")),
        (episode(1), ("rhythm", "", "Ventricular run", "4 beats, 152/min")),
        (alarm(1), ("alarm", "high", "Asystole active", "asystole!")),
        (alarm(1, "pause", "low", "inactive"), None),
        (alarm(1, "pause", "medium", "inactive"), ("alarm", "medium", "Pause inactive", "pause!")),
        (gap(1, 90, "lead_off"), ("gap", "", "Gap", "90 samples lead off")),
        (link(1, "reconnecting", "port gone"), ("link", "", "Link reconnecting", "port gone")),
        (
            SettingsChange(sample=1, time_s=1.0, known_at=1, detail="sampled at 250 Hz"),
            ("link", "", "Settings changed", "sampled at 250 Hz"),
        ),
    ],
)
def test_each_event_has_its_line_or_none(event, row):
    assert listed(event) == ([row] if row is not None else [])


def test_rows_since_a_number_are_the_fresh_ones_even_after_the_oldest_went():
    timeline = Timeline(capacity=5)
    for second in range(8):
        timeline.observe(beat(second, "V"))
    assert timeline.next == 8
    assert [row.number for row in timeline.since(6)] == [6, 7]
    assert [row.number for row in timeline.since(0)] == [3, 4, 5, 6, 7]
    assert timeline.since(8) == timeline.since(20) == []


def test_winding_back_drops_later_rows_and_changes_the_number():
    timeline = Timeline()
    for second in (1, 5, 9):
        timeline.observe(beat(second, "V"))
    timeline.forget_from(5)
    assert [row.time_s for row in timeline.rows()] == [1]
    assert timeline.next == 4


def test_rows_since_a_number_do_not_take_old_ones_for_new_after_winding_back():
    timeline = Timeline()
    for second in (1, 5, 9):
        timeline.observe(beat(second, "V"))
    seen = timeline.next
    timeline.forget_from(5)
    assert timeline.since(seen) == []
    timeline.observe(beat(6, "V"))
    assert [row.time_s for row in timeline.since(seen)] == [6]


def test_text_is_found_in_mark_name_and_detail_without_regard_to_case():
    timeline = Timeline()
    timeline.observe(beat(1, "V"))
    timeline.observe(gap(2))
    assert [row.kind for row in timeline.rows(text="PREMATURE")] == ["beat"]
    assert [row.kind for row in timeline.rows(text="samples")] == ["gap"]
    assert timeline.rows(frozenset({"gap"}), "premature") == []
    assert len(timeline.rows(frozenset({"gap", "beat"}))) == 2


@given(st.floats(0, 1e7))
def test_a_clock_reads_back_to_its_time(time_s):
    parts = [float(part) for part in clock(time_s).split(":")]
    read = sum(part * 60**power for power, part in enumerate(parts[::-1]))
    assert read <= time_s + 1e-6
    assert time_s - read < (1.0 if time_s >= 3600 else 0.1) + 1e-6


def test_a_clock_shows_no_negative_time():
    assert clock(-5) == "0:00.0"


def test_trends_hold_a_bin_without_a_beat_as_unknown():
    trends = Trends()
    trends.observe(rate(5, 60))
    trends.observe(rate(35, 90))
    assert trends.times_s().tolist() == [5, 15, 25, 35]
    np.testing.assert_array_equal(trends.rate_bpm(), [60, np.nan, np.nan, 90])
    assert np.isnan(trends.quality()).all()


def test_the_newest_bin_is_not_yet_a_rate_of_beats():
    trends = Trends()
    for second in range(25):
        trends.observe(beat(second))
    rates = trends.per_minute("N")
    assert rates[:2].tolist() == [60, 60]
    assert np.isnan(rates[-1])


def test_events_without_a_figure_do_not_change_the_trends():
    trends = Trends()
    for event in (rate(1, None), gap(2), alarm(3)):
        trends.observe(event)
    assert trends.version == 0
    assert trends.words_at(1) == ""
    assert trends.times_s().size == 0


def test_trends_say_in_words_what_a_bin_holds():
    trends = Trends()
    for event in (rate(1, 59.6), beat(2), beat(3), beat(4, "V"), quality(5, 0.5)):
        trends.observe(event)
    assert trends.words_at(9.9) == "60/min  ·  N 2  ·  V 1  ·  quality 50%"
    assert trends.words_at(10.1) == ""
    assert trends.words_at(-1) == ""


def test_trends_are_bounded_to_a_week_and_keep_the_newest():
    trends = Trends()
    trends.observe(rate(0, 60))
    end = (KEPT_BINS + 5) * BIN_S
    trends.observe(rate(end, 77))
    times, rates = trends.times_s(), trends.rate_bpm()
    assert times.size <= KEPT_BINS
    assert times[-1] == pytest.approx(end + BIN_S / 2)
    assert rates[-1] == 77
    assert trends.words_at(end) == "77/min"


def test_intervals_are_bounded():
    trends = Trends()
    for number in range(KEPT_INTERVALS + 50):
        trends.observe(beat(number * 0.8))
    times, rr = trends.intervals()
    assert KEPT_INTERVALS * 0.9 <= rr.size == times.size <= KEPT_INTERVALS
    assert times[-1] == pytest.approx((KEPT_INTERVALS + 49) * 0.8)


@given(st.lists(st.floats(0.3, 2.0), min_size=0, max_size=40))
def test_a_steady_stream_pairs_every_interval_with_the_one_before(rr):
    trends, at = Trends(), 0.0
    for interval in rr:
        at += interval
        trends.observe(beat(at, rr_s=interval))
    first, second = trends.poincare()
    assert first.tolist() == rr[:-1]
    assert second.tolist() == rr[1:]


def test_winding_back_to_the_start_empties_the_trends():
    trends = Trends()
    for second in range(60):
        trends.observe(beat(second))
    trends.forget_from(0.0)
    assert trends.times_s().size == 0
    assert trends.intervals()[0].size == 0
    trends.observe(rate(100, 50))
    assert trends.times_s().tolist() == [105]


@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 90), min_size=1, max_size=12),
    st.integers(40, 200),
    st.lists(st.integers(0, 400), max_size=4),
)
def test_history_agrees_with_a_plain_array_however_it_is_fed(blocks, capacity, jumps):
    history = SignalHistory(capacity=capacity)
    truth: dict[int, float] = {}
    random = np.random.default_rng(0)
    for number, count in enumerate(blocks):
        if number < len(jumps):
            history.skip_to(history.end + jumps[number])
        values = np.round(random.normal(size=count), 3).astype(np.float32)
        values[:: max(2, count // 3)] = np.nan
        values = values[-capacity:]
        truth |= {history.end + at: float(value) for at, value in enumerate(values)}
        history.append({"raw": values, "clean": values})
    start, stop = history.end - capacity - 5, history.end + 5
    expected = [truth.get(at, np.nan) if at >= history.start else np.nan for at in range(start, stop)]
    np.testing.assert_allclose(history.trace("clean", start, stop), expected, atol=6e-4)


def test_voltages_beyond_the_store_are_cut_and_not_turned_over():
    history = SignalHistory(capacity=10)
    values = np.array([40.0, -40.0, np.inf, -np.inf, 0.0], dtype=np.float32)
    history.append({"raw": values, "clean": values})
    np.testing.assert_allclose(history.trace("raw", 0, 5), [32.767, -32.767, np.nan, np.nan, 0.0], atol=1e-3)


def test_an_attribution_outside_of_what_is_kept_changes_nothing():
    history = SignalHistory(capacity=100)
    history.append({"raw": np.zeros(100, np.float32), "clean": np.zeros(100, np.float32)})
    history.explain(-500, np.ones(300))
    history.explain(200, np.ones(300))
    assert not history.attribution(0, 100).any()
    history.explain(80, np.ones(360))
    assert history.attribution(90, 91)[0] > 0
    assert history.attribution(-10, 0).tolist() == [0.0] * 10
    assert history.trace("raw", 5, 3).size == 0


@given(st.lists(st.integers(0, 500), min_size=1, max_size=60), st.integers(-10, 520))
def test_beats_stay_in_order_and_neighbours_are_found(indices, asked):
    book = BeatBook()
    for index in indices:
        book.add(beat(index / PIPELINE_HZ))
    known = sorted(set(indices))
    assert [shown.index for shown in book] == known
    before = [index for index in known if index < asked]
    after = [index for index in known if index > asked]
    assert (book.before(asked).index if before else book.before(asked)) == (before[-1] if before else None)
    assert (book.after(asked).index if after else book.after(asked)) == (after[0] if after else None)
    near = book.nearest(asked, 20)
    distances = [abs(index - asked) for index in known if abs(index - asked) <= 20]
    assert (near is None) == (not distances)
    if near is not None:
        assert abs(near.index - asked) == min(distances)


def test_a_second_beat_at_the_same_place_takes_the_first_ones():
    book = BeatBook()
    book.add(beat(1.0, "N"))
    book.add(beat(1.0, "V"))
    assert [shown.symbol for shown in book] == ["V"]


def test_a_revision_of_a_beat_that_is_gone_is_nothing():
    book = BeatBook()
    book.add(beat(1.0))
    assert book.revise(revision(2.0, "N", "V")) is None
    old, new = book.revise(revision(1.0, "N", "V"))
    assert (old.symbol, new.symbol, new.notable) == ("N", "V", True)
    book.forget_from(360)
    assert len(book) == 0
    assert book.tail(0) == book.tail(5) == []


def test_letters_without_room_are_kept_if_both_matter():
    beats = [
        ShownBeat(index, beat(index / 360, symbol)) for index, symbol in ((0, "V"), (10, "V"), (20, "N"))
    ]
    assert [letter.symbol for letter in place_letters(beats, 0, 1.0, 15.0)] == ["V", "V"]
    assert place_letters([], 0, 1.0, 15.0) == []


def book_of(*times: float, symbol: str = "N") -> BeatBook:
    book = BeatBook()
    for time_s in times:
        book.add(beat(time_s, symbol))
    return book


def test_a_score_is_unknown_before_there_is_one():
    score = Score()
    assert (score.sensitivity, score.predictivity, score.agreement) == (None, None, None)
    assert score.text() == "no beats compared yet"
    assert Score(missed=1, extra=1).text() == "no beats compared yet"
    assert Score(found=3, missed=1, agreed=2).text().startswith("sensitivity 75.0%  ·  predictivity 100.0%")


def test_beats_match_within_150_ms_and_not_beyond():
    reference = Comparison(np.array([360, 720, 1080]), ["N", "N", "N"], 360.0)
    book = book_of(1.0 + MATCH_S, 2.0, 3.0 + MATCH_S + 0.02)
    reference.advance(book, round((4 + SETTLE_S) * 360))
    assert (reference.score.found, reference.score.missed, reference.score.extra) == (2, 1, 1)


def test_nothing_is_scored_before_it_has_settled_and_nothing_twice():
    reference = Comparison(np.arange(1, 11) * 360, ["N"] * 10, 360.0)
    book = book_of(*map(float, range(1, 11)))
    reference.advance(book, 400)
    assert reference.score == Score()
    for now in range(0, 14 * 360, 90):
        reference.advance(book, now)
    assert reference.score == Score(found=10, agreed=10)


def test_without_a_beat_of_ours_no_score_begins():
    reference = Comparison(np.array([360]), ["N"], 360.0)
    reference.advance(BeatBook(), 10_000)
    assert reference.score == Score()


def test_annotations_that_are_no_beats_are_left_out_and_rates_are_converted():
    reference = Comparison(np.array([128, 200, 256]), ["N", "+", "V"], 128.0)
    assert reference.between(0, 1000) == [(360, "N"), (720, "V")]
    assert reference.nearest(400, 54) == "N"
    assert reference.nearest(540, 54) is None


def test_letters_of_the_reference_stand_out_where_ours_differ():
    reference = Comparison(np.array([360, 720, 1080]), ["N", "V", "N"], 360.0)
    letters = reference.letters(book_of(1.0, 2.0), 0, 2000, 0, 0.5)
    assert [(letter.column, letter.symbol, letter.strong) for letter in letters] == [
        (180.0, "N", False),
        (360.0, "V", True),
        (540.0, "N", True),
    ]


def test_a_restart_scores_from_there():
    reference = Comparison(np.arange(1, 20) * 360, ["N"] * 19, 360.0)
    reference.advance(book_of(1.0, 2.0), 8 * 360)
    assert reference.score.missed > 0
    reference.restart()
    assert reference.score == Score()
    reference.advance(book_of(10.0, 11.0, 12.0), round((12 + SETTLE_S + 0.5) * 360))
    assert reference.score == Score(found=3, agreed=3)


NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


def test_a_remark_is_on_the_disk_with_author_and_time(tmp_path):
    book = RemarkBook(tmp_path / "deep" / "folder")
    book.add("bed 1/ä", 360, 1.0, "N", "V", "Ada", NOW)
    book.add("bed 1/ä", 360, 1.0, "N", "F", "Ada", NOW)
    path = book.path("bed 1/ä")
    assert path.parent == tmp_path / "deep" / "folder"
    assert path.name == "bed_1_ä.remarks.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line["symbol"] for line in lines] == ["V", "F"]
    assert lines[0]["at"] == "2026-11-30T08:00:00+00:00"
    again = RemarkBook(tmp_path / "deep" / "folder").of("bed 1/ä")
    assert again[360].symbol == "F"


@pytest.mark.parametrize("device", ["../../etc/passwd", "/etc/passwd", "a/../b", "a\\b", "C:evil"])
def test_no_device_leads_a_remark_out_of_its_folder(tmp_path, device):
    assert RemarkBook(tmp_path).path(device).parent == tmp_path


def test_lines_that_are_no_remarks_are_left_out(tmp_path):
    book = RemarkBook(tmp_path)
    good = {"device": "d", "index": 1, "time_s": 0.1, "model": "N", "symbol": "V", "author": "a", "at": "t"}
    lines = ["", "{", "[]", "null", '{"index": 5}', json.dumps({**good, "extra": 1}), json.dumps(good)]
    book.path("d").write_text("\n".join(lines))
    assert list(book.of("d")) == [1]


def test_a_remark_that_cannot_be_written_is_an_error_and_not_shown(tmp_path):
    (tmp_path / "file").write_text("")
    book = RemarkBook(tmp_path / "file")
    with pytest.raises(OutputError, match="could not be kept"):
        book.add("d", 1, 0.1, "N", "V", "a")
    assert book.of("d") == {}


def shape_with(at_s: float, height: float = 1.0) -> BeatShape:
    time_s = (np.arange(BEFORE + AFTER) - BEFORE) / PIPELINE_HZ
    return BeatShape(time_s, np.zeros(time_s.size), height * np.exp(-(((time_s - at_s) / 0.01) ** 2)), 1)


@pytest.mark.parametrize(
    ("at_s", "part", "side"),
    [
        (-0.4, "stretch before the P wave", "400 ms before"),
        (-0.15, "P wave", "150 ms before"),
        (0.0, "QRS", "0 ms after"),
        (0.2, "ST and T wave", "200 ms after"),
    ],
)
def test_the_part_that_the_model_looked_at_is_named(at_s, part, side):
    words = focus(shape_with(at_s))
    assert f"most at the {part};" in words
    assert f"{side} the R wave." in words


def test_nothing_is_said_of_a_model_that_looked_nowhere():
    assert focus(shape_with(0.0, 0.0)) == ""


@pytest.mark.parametrize(
    ("rr_s", "words"), [(0.5, "38% early"), (1.2, "50% late"), (0.8, "on time"), (None, "")]
)
def test_timing_is_judged_by_the_beats_before(rr_s, words):
    book = book_of(*(n * 0.8 for n in range(1, 9)))
    shown = ShownBeat(round(9 * 0.8 * 360), beat(9 * 0.8, rr_s=rr_s))
    said = timing(shown, book)
    assert words in said if words else said == ""


def test_timing_needs_some_beats_before():
    assert timing(ShownBeat(720, beat(2.0)), book_of(1.0)) == ""


def test_a_beat_that_was_not_classified_says_so_first():
    reason = explain_beat(ShownBeat(360, beat(1.0, "Q", probabilities={})), shape_with(0), BeatBook())
    assert reason.title == "Not classified"
    assert reason.lines[0].startswith("Not classified: the signal")
    assert reason.chances == []


def test_chances_come_largest_first():
    shown = ShownBeat(360, beat(1.0, "V", probabilities={"N": 0.2, "V": 0.7, "F": 0.1}))
    reason = explain_beat(shown, shape_with(0), BeatBook())
    assert [symbol for symbol, _ in reason.chances] == ["V", "N", "F"]
    assert reason.title == "Ventricular premature 70%"


def test_a_beat_beside_a_gap_has_a_shape_and_no_window_to_ask_about():
    history = SignalHistory(capacity=2000)
    values = np.ones(1000, dtype=np.float32)
    values[300:310] = np.nan
    history.append({"raw": values, "clean": values})
    shown = ShownBeat(400, beat(400 / 360))
    assert np.isnan(shape_of(history, shown).trace_mv).sum() == 10
    window = window_of(history, shown)
    assert window.samples_mv is None
    averages = BeatAverages()
    averages.add(history, shown)
    assert averages.symbols() == []


def test_an_attribution_is_laid_over_the_window_that_is_shown():
    history = SignalHistory(capacity=2000)
    history.append({"raw": np.zeros(1000, np.float32), "clean": np.zeros(1000, np.float32)})
    own = replace(beat(500 / 360), attribution=np.ones(100, np.float32), attribution_start=450)
    shape = shape_of(history, ShownBeat(500, own))
    lit = np.flatnonzero(shape.attribution)
    assert (lit[0] - BEFORE + 500, lit[-1] - BEFORE + 500) == (450, 549)
    far = replace(own, attribution_start=5000)
    assert not shape_of(history, ShownBeat(500, far)).attribution.any()


def test_records_of_a_folder_are_offered_beside_the_bundled(tmp_path):
    (tmp_path / "mydb").mkdir()
    (tmp_path / "mydb" / "r1.hea").write_text(
        "r1 2 250 75000\nr1.dat 16\nr1.dat 16\n# a comment\n#\n# more\n"
    )
    (tmp_path / "bad.hea").write_text("\n")
    choices = {choice.name: choice for choice in record_choices(tmp_path)}
    assert choices["mydb/r1"].description == "2 leads, 250 Hz, 5 min.\nHeader: a comment · more"
    assert choices[f"{tmp_path.name}/bad"].description.startswith("It cannot be read: ")
    assert choices["mitdb/200"].title


def test_a_header_in_another_script_does_not_hinder_the_list(tmp_path):
    header = tmp_path / "x.hea"
    header.write_bytes(b"x 1 100 1000\nx.dat 16\n# Herzschl\xe4ge\n")
    assert "Header: Herzschläge" in describe("db/x", header)


@pytest.mark.parametrize("name", ["mitdb/200", "~/my records/a b", "/data/ü/r#1"])
def test_the_address_of_a_record_survives_its_name(name):
    address = replay_address(name, 2.0)
    assert address.endswith("?speed=2")
    assert " " not in address
    assert "#" not in address
    assert open_source(address, MonitorSettings()).name


def test_ports_have_a_description_and_usb_comes_first(monkeypatch):
    def port(device: str, description: str | None, vid: int | None) -> ListPortInfo:
        made = ListPortInfo(device)
        made.description, made.vid, made.pid = description, vid, vid
        return made

    ports = [port("/dev/ttyS0", "n/a", None), port("/dev/ttyUSB1", "", 1), port("/dev/ttyACM0", "Board", 2)]
    ports.append(port("/dev/cu.modem", None, None))
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: ports)
    assert serial_ports() == [
        ("/dev/ttyACM0", "Board"),
        ("/dev/ttyUSB1", "serial port"),
        ("/dev/cu.modem", "serial port"),
        ("/dev/ttyS0", "serial port"),
    ]


def test_a_trend_that_jumps_far_ahead_takes_no_more_memory_than_a_week():
    trends = Trends()
    for second in (1, 10**12):
        trends.observe(rate(second, 60))
    assert trends.times_s().tolist() == [10**12 + BIN_S / 2]


def test_a_window_follows_a_device_that_changes_its_rate_and_its_leads():
    monitor = Monitor(MonitorSettings(), [], all_leads=True)
    feed = Feed(MonitorSettings())
    feed._thread = SimpleNamespace(monitor=monitor, error=None)

    def show(first_s: int, fs_hz: float, *leads: str) -> StreamSession:
        heart = synthesise([Episode(seconds=40)], SyntheticSettings(fs_hz=fs_hz)).samples_mv
        for second in range(first_s, first_s + 10):
            start = round(second * fs_hz)
            rows = np.tile(heart[start : start + round(fs_hz)], (len(leads), 1))
            monitor._feed(SampleBlock(rows, start, fs_hz, "bed", leads), live=True)
        feed.poll()
        return feed.sessions["bed"]

    first = show(0, 500.0, "II")
    changed = show(10, 125.0, "II")
    assert changed is first
    assert changed.numbers.now_s == pytest.approx(20.0, abs=0.3)
    assert np.isfinite(changed.history.trace("raw", 3000, 3500)).all()
    further = show(20, 125.0, "V", "II")
    assert further.leads == ("II", "V")
    assert further.numbers.now_s == pytest.approx(30.0, abs=0.3)
    assert [row.text for row in further.timeline.rows(frozenset({"link"}))] == ["Settings changed"] * 2
    assert further.numbers.rate().known
