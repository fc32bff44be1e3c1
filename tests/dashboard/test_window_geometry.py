"""Where samples fall on the page, and what is repainted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.monitor.dashboard.drawing.decimate import column_maxima, polyline
from ecgmon.monitor.dashboard.drawing.geometry import (
    Lane,
    Page,
    fit_page,
    fitting_gain,
    grid_columns,
    paper_page,
)
from ecgmon.monitor.dashboard.drawing.palette import shading_pixels, shading_ramp
from ecgmon.monitor.dashboard.drawing.sweep import Freshness, Playhead
from ecgmon.monitor.dashboard.state.history import SignalHistory


def test_true_paper_holds_whole_big_boxes_at_25_mm_a_second():
    page = paper_page(1000, mm_px=3.78, mm_per_s=25.0)
    assert page.seconds / 0.2 == pytest.approx(round(page.seconds / 0.2))
    assert page.columns / page.seconds == pytest.approx(25.0 * 3.78, rel=2e-3)
    assert page.columns <= 1000


def test_a_fitted_page_shows_the_seconds_asked_for_with_square_boxes():
    page = fit_page(900, 10.0)
    thin, strong = grid_columns(page)
    assert page.seconds == 10.0
    assert len(strong) == 51
    assert np.diff(strong) == pytest.approx(5 * page.mm_px)
    assert len(thin) == 200


@given(start=st.integers(0, 10**9), length=st.integers(1, 3600))
def test_spans_cover_every_sample_once_and_stay_on_the_page(start, length):
    page = Page(900, 3600, 3.6, 25.0)
    spans = page.spans(start, start + length)
    assert [span.start for span in spans] == [start, *(span.stop for span in spans[:-1])]
    assert spans[-1].stop == start + length
    assert all(0 <= span.left < span.right <= page.columns for span in spans)
    assert all(span.left == pytest.approx(page.column(span.start)) for span in spans)


def test_columns_do_not_drift_after_a_week():
    page = fit_page(1013, 7.0)
    week = 7 * 24 * 3600 * 360
    assert page.column(week - week % page.samples + 5) == pytest.approx(page.column(5))


def test_no_r_wave_is_lost_however_far_one_zooms_out():
    trace = np.zeros(36_000)
    trace[12_345] = 2.0
    x, y = polyline(trace, 0.0, 0.02)
    assert len(x) < 4000
    assert y.max() == 2.0
    assert x[int(np.argmax(y))] == pytest.approx(12_345 * 0.02)


def test_a_missing_stretch_breaks_the_line_and_nothing_else():
    trace = np.sin(np.arange(3600) / 20)
    trace[1000:1400] = np.nan
    x, y = polyline(trace, 0.0, 0.25)
    hole = x[~np.isfinite(y)]
    assert hole.min() == pytest.approx(250, abs=2)
    assert hole.max() == pytest.approx(350, abs=2)


def test_shading_columns_keep_the_strongest_moment():
    row = np.zeros(360)
    row[123] = 0.9
    columns = column_maxima(row, 10.0, 0.25, 90)
    assert int(np.argmax(columns)) == pytest.approx(123 * 0.25, abs=1)
    assert columns.max() == pytest.approx(0.9)


def test_shading_is_clear_at_zero_and_strongest_at_one():
    pixels = shading_pixels(np.array([0.0, 0.5, 1.0]), shading_ramp("#ff8000", 0.6))
    alpha = pixels >> 24
    assert alpha.tolist()[0] == 0
    assert alpha.tolist()[2] == round(0.6 * 255)
    assert 0 < alpha[1] < alpha[2]


def test_gain_is_the_largest_usual_one_that_fits():
    trace = np.concatenate([np.zeros(1000), np.full(10, 1.5)])
    assert fitting_gain(trace, height_mm=60) == 15.0
    assert fitting_gain(np.full(10, np.nan), height_mm=60) == 10.0


def test_lane_rows_and_voltages_are_inverse():
    lane = Lane(10.0, 200.0, 40.0, 0.3)
    rows = lane.rows(np.array([-0.5, 0.3, 1.0, np.nan]))
    assert [lane.voltage(row) for row in rows[:3]] == pytest.approx([-0.5, 0.3, 1.0])
    assert np.isnan(rows[3])


def play(block_s: float, frame_s: float, seconds: float = 10.0) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps of the frames and the milliseconds from a block's arrival to its last sample."""
    playhead, steps, waits, shown = Playhead(), [], [], 0
    block = round(block_s * 360)
    for now_s in np.arange(0.003, seconds, frame_s):
        newest = int(now_s / block_s) * block
        at = playhead.advance(newest, now_s)
        steps.append(at - shown)
        waits.extend(1000 * (now_s - i // block * block_s - block_s) for i in range(shown, at))
        shown = at
    return np.array(steps[30:]), np.array(waits)


def test_the_playhead_moves_in_almost_every_frame_by_almost_the_same():
    steps, _ = play(block_s=0.1, frame_s=0.016)
    assert (steps > 0).mean() > 0.95
    assert np.percentile(steps, 99) <= 8


@pytest.mark.parametrize(("block_s", "frame_s"), [(0.1, 0.016), (0.1, 0.032), (0.25, 0.016), (0.014, 0.016)])
def test_the_playhead_shows_a_block_within_a_tenth_of_a_second(block_s, frame_s):
    _, waits = play(block_s, frame_s)
    assert waits.max() <= 100.0


def test_the_playhead_never_goes_back():
    steps, _ = play(block_s=0.1, frame_s=0.016)
    assert (steps >= 0).all()


def test_the_playhead_jumps_over_a_backlog():
    playhead = Playhead()
    playhead.advance(0, 0.0)
    assert playhead.advance(360 * 300, 0.016) == 360 * 300


def test_stale_stretches_are_merged_and_the_future_is_kept_for_later():
    page = Page(900, 3600, 3.6, 25.0)
    fresh = Freshness()
    for stretch in ((100, 200), (150, 300), (900, 1200), (-5000, -4000)):
        fresh.spoil(*stretch)
    assert fresh.take(page, 1000) == [(100, 300), (900, 1000)]
    assert fresh.take(page, 1100) == [(1000, 1100)]


def test_history_gives_back_what_it_was_given_and_nan_outside():
    history = SignalHistory(capacity=1000)
    trace = np.sin(np.arange(2500) / 30).astype(np.float32)
    trace[1800:1810] = np.nan
    for start in range(0, 2500, 70):
        history.append(dict.fromkeys(("raw", "clean"), trace[start : start + 70]))
    assert history.start == 1500
    assert history.trace("clean", 1600, 1800) == pytest.approx(trace[1600:1800], abs=6e-4)
    assert np.isnan(history.trace("raw", 1795, 1815)).sum() == 10
    assert np.isnan(history.trace("raw", 1400, 1500)).all()
    assert np.isnan(history.trace("raw", 2500, 2600)).all()


def test_each_moment_shows_the_reason_of_the_beat_it_belongs_to():
    history = SignalHistory(capacity=1000)
    history.append({row: np.zeros(900, np.float32) for row in ("raw", "clean")})
    history.explain(100, np.ones(360))
    history.explain(300, np.full(360, 0.2))
    shown = history.attribution(0, 900)
    assert shown[250] == pytest.approx(1.0)
    assert shown[400] == pytest.approx(0.2, abs=0.01)
    assert shown[700] == 0
