"""The arithmetic of drawing at its edges: tiny views, missing signal, far zooms."""

from __future__ import annotations

import csv
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.dashboard.drawing.calipers import Calipers
from ecgmon.monitor.dashboard.drawing.decimate import bucket_size, column_maxima, polyline
from ecgmon.monitor.dashboard.drawing.export import traces_of, write_csv, write_wfdb
from ecgmon.monitor.dashboard.drawing.geometry import (
    Lane,
    Page,
    Trace,
    fit_page,
    fitting_gain,
    grid_columns,
    grid_rows,
    heads,
    paper_page,
)
from ecgmon.monitor.dashboard.drawing.layout import (
    Plan,
    ViewOptions,
    chosen_leads,
    chosen_traces,
    make_lanes,
    make_page,
    must_refit,
    scale_text,
)
from ecgmon.monitor.dashboard.drawing.palette import DARK, PALETTES, rgb, shading_pixels, shading_ramp
from ecgmon.monitor.dashboard.drawing.scene import REFERENCE_DELAY, compose
from ecgmon.monitor.dashboard.drawing.strip import Strip
from ecgmon.monitor.dashboard.drawing.sweep import Freshness, Playhead
from ecgmon.monitor.dashboard.drawing.theme import style_sheet
from ecgmon.monitor.dashboard.state.remarks import Remark

CLEAN, RAW = Trace("clean"), Trace("raw")


@given(
    st.lists(st.one_of(st.floats(-5, 5), st.just(float("nan"))), max_size=300),
    st.floats(0.01, 4),
    st.floats(0, 50),
)
def test_a_decimated_line_keeps_extremes_order_and_breaks(values, scale, left):
    trace = np.array(values)
    x, y = polyline(trace, left, scale)
    assert x.size == y.size <= trace.size
    assert (np.diff(x) >= -1e-9).all()
    finite = trace[np.isfinite(trace)]
    if finite.size:
        assert np.nanmin(y) == finite.min()
        assert np.nanmax(y) == finite.max()
    if trace.size:
        assert x[0] >= left
        assert x[-1] <= left + (trace.size - 1) * scale + 1e-6


@pytest.mark.parametrize(("scale", "size"), [(2.0, 1), (0.5, 1), (0.34, 1), (0.33, 3), (0.1, 10), (0.0, 1)])
def test_samples_share_points_only_where_three_or_more_share_a_column(scale, size):
    assert bucket_size(scale) == size


def test_nothing_makes_an_empty_line():
    x, y = polyline(np.zeros(0), 0.0, 0.01)
    assert x.size == y.size == 0
    assert column_maxima(np.zeros(0), 0.0, 1.0, 4).tolist() == [0, 0, 0, 0]
    assert column_maxima(np.ones(3), 0.0, 1.0, -2).size == 0


def test_missing_attribution_counts_as_none():
    values = np.array([np.nan, 0.5, np.inf, -np.inf])
    assert column_maxima(values, 0.0, 1.0, 4).tolist() == [0, 0.5, 0, 0]


@given(st.integers(1, 4000), st.floats(1, 60))
def test_a_page_always_has_columns_and_samples(width, seconds):
    page = fit_page(width, seconds)
    assert page.columns >= 32
    assert page.samples > 0
    assert page.seconds == pytest.approx(seconds, abs=0.01)


@pytest.mark.parametrize("width", [1, 10, 400, 1900])
@pytest.mark.parametrize("speed", [12.5, 25.0, 50.0])
def test_true_paper_keeps_its_speed_in_a_window_of_any_width(width, speed):
    page = paper_page(width, 3.8, speed)
    mm_per_s = page.columns / page.mm_px / page.seconds
    assert mm_per_s == pytest.approx(speed, rel=0.03)
    assert make_page(width, 3.8, ViewOptions(seconds=0.0, mm_per_s=speed)) == page


def test_spans_of_nothing_are_none_and_of_too_much_one_page():
    page = Page(100, 360, 4.0, 25.0)
    assert page.spans(50, 50) == page.spans(60, 50) == []
    spans = page.spans(0, 10_000)
    assert sum(span.stop - span.start for span in spans) == 360
    assert spans[-1].stop == 10_000


def test_every_fifth_line_of_the_grid_is_strong():
    page = paper_page(800, 4.0, 25.0)
    thin, strong = grid_columns(page)
    assert np.diff(strong) == pytest.approx(np.full(strong.size - 1, 20.0))
    assert thin.size == pytest.approx(4 * strong.size, abs=4)
    thin, strong = grid_rows(Lane(0, 100, 40.0), 4.0)
    assert 50.0 in strong
    assert not set(thin) & set(strong)


def test_voltages_stay_in_their_lane_and_missing_stays_missing():
    lane = Lane(100, 50, 10.0, 1.0)
    rows = lane.rows(np.array([1.0, 99.0, -99.0, np.nan]))
    assert rows[:3].tolist() == [125, 101, 149]
    assert np.isnan(rows[3])


@pytest.mark.parametrize(
    ("peak_mv", "height_mm", "gain"),
    [(1.0, 25.0, 10.0), (0.2, 100.0, 40.0), (50.0, 20.0, 1.0), (5.0, 60.0, 5.0)],
)
def test_the_gain_fits_the_peaks(peak_mv, height_mm, gain):
    values = np.zeros(1000)
    values[::50] = peak_mv
    assert fitting_gain(values, height_mm) == gain


def test_the_gain_without_signal_is_the_usual_one():
    assert fitting_gain(np.full(10, np.nan), 30.0) == 10.0
    assert fitting_gain(np.zeros(0), 30.0) == 10.0


@pytest.mark.parametrize(
    ("leads", "count", "shown"),
    [((), 1, (0,)), ((), 12, (0, 1)), ((2, 0), 3, (2, 0)), ((5,), 2, (0, 1)), ((1, 7), 2, (1,)), ((), 0, ())],
)
def test_leads_that_a_device_has_not_are_left_out_and_never_all(leads, count, shown):
    assert chosen_leads(ViewOptions(leads=leads), count) == shown


def test_both_signals_of_each_lead_stand_together():
    traces = chosen_traces(ViewOptions(traces="both", leads=(1, 0)), 2)
    assert traces == [Trace("clean", 1), Trace("raw", 1), Trace("clean", 0), Trace("raw", 0)]
    lanes = {trace: Lane(10.0 * at, 10.0, 1.0) for at, trace in enumerate(traces)}
    assert {lead: lane.top for lead, lane in heads(lanes).items()} == {1: 0.0, 0: 20.0}


@given(st.integers(50, 2000), st.sampled_from(["both", "clean", "raw"]), st.integers(1, 12))
def test_lanes_fill_the_height_without_gap_or_overlap(height, traces, count):
    options = ViewOptions(traces=traces, leads=tuple(range(count)))
    recent = {trace: np.zeros(10) for trace in chosen_traces(options, count)}
    plan = make_lanes(fit_page(600, 10.0), height, options, recent, 24.0)
    lanes = list(plan.lanes.values())
    assert lanes[0].top == 0
    assert lanes[-1].bottom == pytest.approx(height)
    for above, below in itertools.pairwise(lanes):
        assert below.top == pytest.approx(above.bottom)
    assert all(lane.px_per_mv > 0 for lane in lanes)


def test_a_raw_signal_that_drifted_is_centred_and_a_clean_one_never():
    recent = {CLEAN: np.full(50, 2.0), RAW: np.full(50, 300.0)}
    plan = make_lanes(fit_page(600, 10.0), 300, ViewOptions(traces="both"), recent, 24.0)
    assert plan.lanes[RAW].offset_mv == 300.0
    assert plan.lanes[CLEAN].offset_mv == 0.0


def test_a_gain_that_was_chosen_is_kept_and_said():
    recent = {CLEAN: np.full(50, 20.0)}
    page = fit_page(600, 10.0)
    plan = make_lanes(page, 300, ViewOptions(mm_per_mv=20.0), recent, 24.0)
    assert plan.gain == {CLEAN: 20.0}
    assert scale_text(page, [20.0, 20.0, 7.5]) == "25 mm/s   20, 7.5 mm/mV"


def plan_with(px_per_mv: float, offset_mv: float = 0.0, trace: Trace = CLEAN) -> Plan:
    return Plan(fit_page(600, 10.0), {trace: Lane(0, 100, px_per_mv, offset_mv)}, {trace: 10.0})


@pytest.mark.parametrize(
    ("new", "refit"),
    [
        (plan_with(40), False),
        (plan_with(39), True),
        (plan_with(75), False),
        (plan_with(80), True),
        (plan_with(40, 0.29), False),
        (plan_with(40, -0.31), True),
        (plan_with(40, 0, RAW), True),
    ],
)
def test_a_view_is_laid_out_anew_only_when_it_must(new, refit):
    assert must_refit(plan_with(40), new) is refit


@pytest.mark.parametrize(
    ("stop_s", "rate"), [(0.1, None), (0.15, 400), (1.0, 60), (4.0, 15), (4.1, None), (-1.0, 60)]
)
def test_calipers_give_a_rate_only_for_what_can_be_an_interval(stop_s, rate):
    calipers = Calipers(0.0, 1.0, stop_s, 0.25)
    assert (calipers.rate_bpm is None) == (rate is None)
    if rate is not None:
        assert calipers.rate_bpm == pytest.approx(rate)
    assert calipers.text().endswith("-0.75 mV")


def test_a_playhead_that_nobody_moved_stands_at_nought():
    head = Playhead()
    assert head.position == 0
    head.jump(5000)
    assert head.position == 5000
    assert head.advance(100, 0.0) == 100


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 300)), max_size=12), st.integers(0, 2500))
def test_every_stale_sample_on_the_page_is_taken_once(spoilt, head):
    page = Page(200, 720, 4.0, 25.0)
    fresh = Freshness()
    stale: set[int] = set()
    for start, length in spoilt:
        fresh.spoil(start, start + length)
        stale |= set(range(start, start + length))
    taken = fresh.take(page, head)
    found = [at for start, stop in taken for at in range(start, stop)]
    assert sorted(found) == sorted(at for at in stale if head - 720 <= at < head)
    later = [at for start, stop in fresh.take(page, 5000 - 1) for at in range(start, stop)]
    assert set(later) == {at for at in stale if at >= head and at >= 5000 - 1 - 720}


def test_colours_are_read_and_ramps_are_premultiplied():
    assert rgb("#a86bff") == (0xA8, 0x6B, 0xFF)
    ramp = shading_ramp("#ff8000", 2.0)
    assert ramp[0] == 0
    assert ramp[255] == 0xFFFF8000
    channels = [(ramp >> shift) & 0xFF for shift in (24, 16, 8, 0)]
    assert all((channel <= channels[0]).all() for channel in channels)
    assert shading_pixels(np.array([np.nan, -1.0, 0.0, 9.0]), ramp).tolist() == [0, 0, 0, 0xFFFF8000]


@pytest.mark.parametrize("name", PALETTES)
def test_text_can_be_read_on_its_ground_in_both_themes(name):
    def light(colour: str) -> float:
        parts = [c / 255 for c in rgb(colour)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(one: str, other: str) -> float:
        bright, dark = sorted((light(one), light(other)), reverse=True)
        return (bright + 0.05) / (dark + 0.05)

    palette = PALETTES[name]
    assert contrast(palette.text, palette.panel) > 7
    assert contrast(palette.muted, palette.panel) > 4.5
    for colour in (*palette.classes.values(), palette.clean):
        assert contrast(colour, palette.paper) > 4.5
    for priority in ("high", "medium", "low"):
        assert contrast(palette.on_alarm, palette.alarm(priority)) > 4.5
    assert palette.beat("?") == palette.muted


@pytest.mark.parametrize("size", [10, 14, 26])
def test_a_style_sheet_has_no_hole(size):
    text = style_sheet(DARK, size)
    assert f"font-size: {size}px" in text
    assert text.count("{") == text.count("}")
    assert "None" not in text


def scene_of(heart, **more):
    page = fit_page(720, 10.0)
    recent = {trace: heart.history.trace(trace.row, 0, 3600) for trace in (CLEAN, RAW)}
    lanes = make_lanes(page, 300, ViewOptions(traces="both"), recent, 24.0).lanes
    span = page.spans(7200, 10_000)[0]
    ramp = shading_ramp(DARK.attribution, 0.6)
    return page, span, compose(heart, page, lanes, span, ramp, **{"head": heart.history.end, **more})


def test_a_scene_holds_the_beats_of_its_span(heart):
    page, span, scene = scene_of(heart)
    expected = [beat.symbol for beat in heart.beats.between(span.start, span.stop)]
    inside = [letter.symbol for letter in scene.letters if span.left <= letter.column < span.right]
    assert [symbol for symbol in inside if symbol != "N"] == [symbol for symbol in expected if symbol != "N"]
    assert {line.trace for line in scene.lines} == {CLEAN, RAW}
    assert scene.shading.size == scene.right - scene.left
    assert 0 <= scene.left < scene.right <= page.columns


def test_a_scene_without_letters_and_reference_has_none(heart):
    _, _, scene = scene_of(heart, letters=False)
    assert scene.letters == scene.reference == []


def test_nothing_behind_the_head_is_in_a_scene(heart):
    page, span, scene = scene_of(heart, head=7200 + 500)
    columns = [float(np.nanmax(line.x)) for line in scene.lines]
    assert max(columns) <= 500 * page.px_per_sample + 1
    assert all(letter.column <= 500 * page.px_per_sample for letter in scene.letters)
    assert REFERENCE_DELAY > 0
    assert span.start == 7200


def test_letters_at_the_page_s_edge_are_moved_in(heart):
    page, _, scene = scene_of(heart, inside=True, letter_px=20.0)
    assert all(20.0 <= letter.column <= page.columns - 20.0 for letter in scene.letters)


def test_a_strip_steps_to_both_ends_and_stays_there(heart):
    strip = Strip(heart)
    strip.go_to(0.0)
    beats = list(heart.beats)
    while strip.step(forward=True):
        pass
    assert strip.chosen is beats[-1]
    assert not strip.step(forward=True)
    while strip.step(forward=False):
        pass
    assert strip.chosen is beats[0]
    assert strip.start <= beats[0].index < strip.stop


def test_a_strip_of_a_time_that_is_not_kept_is_not_available(heart):
    strip = Strip(heart)
    strip.go_to(10_000.0)
    assert not strip.available
    assert strip.chosen is None
    assert strip.beats() == []
    strip.go_to(12.0)
    assert strip.available


def test_an_export_holds_every_lead_and_the_remark(heart, tmp_path):
    strip = Strip(heart)
    strip.go_to(3.0)
    shown = strip.beats()[2]
    remark = Remark("200", shown.index, shown.time_s, shown.symbol, "F", "Ada", "now")
    write_csv(strip, tmp_path / "s.csv", {shown.index: remark})
    with (tmp_path / "s.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "time_s", "raw_mv", "clean_mv", "V1_raw_mv", "V1_clean_mv", "attribution", "beat", "remark",
    ]  # fmt: skip
    assert len(rows) == 13 * 360
    assert [row["beat"] for row in rows if row["beat"]] == [beat.symbol for beat in strip.beats()]
    assert [(round(float(row["time_s"]) * 360), row["remark"]) for row in rows if row["remark"]] == [
        (shown.index, "F")
    ]
    assert len(traces_of(strip)) == 4


def test_an_export_that_cannot_be_written_names_the_file(heart, tmp_path):
    strip = Strip(heart)
    strip.go_to(10.0)
    with pytest.raises(OutputError, match=r"missing/s\.csv could not be written"):
        write_csv(strip, tmp_path / "missing" / "s.csv", {})
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"file/s\.hea could not be written"):
        write_wfdb(strip, tmp_path / "file" / "s.hea", {})
