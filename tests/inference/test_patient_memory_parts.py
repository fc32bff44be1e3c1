"""What is remembered of a patient's beats: intervals, typical shapes, and what a beat is beside them."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgmon.monitor.inference.intervals import (
    INTERVAL_FEATURES,
    LIMIT,
    NEXT_FEATURES,
    RR_LONG,
    RR_SHORT,
    IntervalHistory,
    Recent,
    within_limit,
)
from ecgmon.monitor.inference.patient_features import FEATURES, RENEWAL, TYPICAL_BEATS, PatientContext
from ecgmon.monitor.inference.templates import (
    FARTHEST,
    P_WAVE,
    POINTS,
    STRIDE,
    Template,
    Templates,
    about_mean,
    root_sum_square,
)

TIME = np.arange(POINTS)


def beat(width: float = 3.0, height: float = 1.0, p_mv: float = 0.15) -> np.ndarray:
    """A P wave, a QRS complex and a T wave on 120 points, in millivolts."""
    wave = height * np.exp(-0.5 * ((TIME - 72) / width) ** 2) + 0.3 * np.exp(-0.5 * ((TIME - 100) / 6.0) ** 2)
    return wave + p_mv * np.exp(-0.5 * ((TIME - 52) / 3.0) ** 2)


@given(st.integers(1, 8), st.lists(st.floats(-5, 5), max_size=40), st.floats(0, 1))
def test_recent_values_have_the_quantiles_of_the_last_so_many(length, values, q):
    recent = Recent.of(length)
    for value in values:
        recent.add(value)
    last = sorted(values[-length:])
    expected = last[int(q * (len(last) - 1))] if last else math.nan
    assert recent.quantile(q) == expected or (math.isnan(expected) and math.isnan(recent.quantile(q)))
    assert list(recent.times) == values[-length:]


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=20), st.floats(-5, 5))
def test_recent_values_go_on_from_those_that_were_kept(values, more):
    first = Recent(deque(values, maxlen=10))
    second = Recent(deque(list(first.times), maxlen=10))
    first.add(more)
    second.add(more)
    assert [first.quantile(q / 8) for q in range(9)] == [second.quantile(q / 8) for q in range(9)]


@given(st.floats(allow_nan=True))
def test_differences_stay_within_the_limit_and_what_is_unknown_is_none(difference):
    limited = within_limit(difference)
    assert -LIMIT <= limited <= LIMIT
    if math.isnan(difference):
        assert limited == 0.0
    elif abs(difference) < LIMIT:
        assert limited == difference


@given(st.lists(st.one_of(st.just(0.0), st.floats(0.2, 3.0)), max_size=60))
def test_intervals_of_any_kind_give_finite_features_of_the_right_number(intervals):
    history = IntervalHistory()
    for rr_s in intervals:
        features, following = history.add(rr_s)
        assert len(features) == len(INTERVAL_FEATURES)
        assert len(following) == len(NEXT_FEATURES)
        assert np.isfinite([*features, *following]).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.3, 2.0), max_size=200), st.lists(st.floats(0.3, 2.0), min_size=1, max_size=5))
def test_a_history_goes_on_from_a_snapshot(before, after):
    first, second = IntervalHistory(), IntervalHistory()
    for rr_s in before:
        first.add(rr_s)
    second.add(0.5)
    second.restore(first.snapshot())
    assert [second.add(rr_s) for rr_s in after] == [first.add(rr_s) for rr_s in after]


def test_a_break_ends_comparisons_and_keeps_the_intervals():
    history = IntervalHistory()
    for _ in range(20):
        history.add(0.8)
    history.break_off()
    features = dict(zip(INTERVAL_FEATURES, history.add(0.4)[0], strict=True))
    assert features["rr_to_last_rr"] == 0.0
    assert features["rr_to_short_median"] == pytest.approx(math.log(0.5))


def test_no_more_intervals_are_kept_than_are_looked_at():
    history = IntervalHistory()
    for number in range(500):
        history.add(0.6 + 0.001 * number)
    snapshot = history.snapshot()
    assert len(snapshot["short"]["times"]) == RR_SHORT
    assert len(snapshot["long"]["times"]) == RR_LONG
    too_long = {**snapshot, "short": {"times": [0.0] * (RR_SHORT + 1)}}
    with pytest.raises(ValueError, match="longer than 8"):
        history.restore(too_long)


def test_a_template_is_the_median_of_its_beats_and_indifferent_to_one_that_is_odd():
    rows = np.stack([about_mean(beat())] * 4 + [about_mean(beat(12.0, -2.0))])
    template = Template.of(rows)
    np.testing.assert_allclose(template.shape, rows[0])
    assert root_sum_square(template.direction) == pytest.approx(1.0)
    assert root_sum_square(template.p_direction[P_WAVE]) == pytest.approx(1.0)
    assert not template.p_direction[: P_WAVE.start].any()
    np.testing.assert_array_equal(Template(template.shape).direction, template.direction)


def test_a_flat_template_has_no_direction_and_divides_by_nothing():
    template = Template(np.zeros(POINTS))
    assert template.size > 0.0
    assert not template.direction.any()
    assert np.isfinite(Templates(template, template).away(about_mean(beat()))).all()


@pytest.mark.parametrize("gain", [0.5, 1.0, 3.0])
def test_a_beat_beside_templates_is_told_by_shape_whatever_its_gain(gain):
    usual, wide = about_mean(beat()), about_mean(beat(10.0, -1.5))
    both = Templates(Template(usual), Template(wide))
    to_usual, to_wide, *_ = both.correlations(gain * usual)
    length = gain * root_sum_square(usual)
    assert to_usual / length == pytest.approx(1.0)
    assert to_wide / length == pytest.approx(both.alike)
    assert both.alike < 0.5


def test_the_difference_from_a_typical_beat_is_cut_off():
    both = Templates(Template(about_mean(beat())), Template(about_mean(beat())))
    away = both.away(1000.0 * about_mean(beat()))
    assert away.shape == (2, POINTS)
    assert np.abs(away).max() == FARTHEST
    np.testing.assert_allclose(both.away(about_mean(beat())), 0.0, atol=1e-12)


def acquainted(beats: int) -> PatientContext:
    context = PatientContext()
    for number in range(beats):
        context.describe_points(1000 + 288 * number, beat())
    return context


def test_a_patient_is_known_after_so_many_beats_and_not_before():
    shares = []
    context = PatientContext()
    for number in range(2 * TYPICAL_BEATS):
        described = context.describe_points(1000 + 288 * number, beat())
        assert described is not None
        shares.append(dict(zip(FEATURES, described.features, strict=True))["has_typical"])
    assert shares[0] == 0.0
    assert shares == sorted(shares)
    assert shares[TYPICAL_BEATS] == shares[-1] == 1.0


def test_a_wide_beat_is_unlike_the_typical_one_of_a_patient_with_narrow_ones():
    context = acquainted(3 * RENEWAL)
    r = 1000 + 288 * 3 * RENEWAL
    narrow = dict(zip(FEATURES, context.describe_points(r, beat()).features, strict=True))
    wide = dict(zip(FEATURES, context.describe_points(r + 150, beat(10.0, -1.5, 0.0)).features, strict=True))
    assert narrow["correlation_with_typical"] == pytest.approx(1.0)
    assert wide["correlation_with_typical"] < 0.5
    assert wide["rr_to_short_median"] == pytest.approx(math.log(150 / 288))


def test_a_window_is_averaged_to_points_before_it_is_described():
    window = np.repeat(beat(), STRIDE)
    by_window, by_points = acquainted(10), acquainted(10)
    ours, theirs = by_window.describe(9000, window), by_points.describe_points(9000, beat())
    np.testing.assert_allclose(ours.features, theirs.features, atol=1e-12)
    np.testing.assert_allclose(ours.shapes, theirs.shapes, atol=1e-5)


def test_a_beat_without_a_window_counts_for_the_intervals_alone():
    with_gap, whole = acquainted(12), acquainted(12)
    at = 1000 + 288 * 12
    assert with_gap.describe(at, None) is None
    whole.describe_points(at, beat())
    ours, theirs = (context.describe_points(at + 288, beat()) for context in (with_gap, whole))
    count = len(INTERVAL_FEATURES)
    assert ours.features[:count] == theirs.features[:count]
    assert with_gap.snapshot()["count"] == whole.snapshot()["count"] - 1


@pytest.mark.parametrize("beats", [0, 1, RENEWAL, 17, 40])
def test_a_patient_is_recalled_as_known_as_before(beats):
    first, second = acquainted(beats), acquainted(5)
    second.restore(first.snapshot())
    at = 1000 + 288 * beats
    for number, shape in enumerate([beat(), beat(10.0, -1.5, 0.0)] * 12):
        ours = second.describe_points(at + 200 * number, shape)
        theirs = first.describe_points(at + 200 * number, shape)
        assert ours.features == theirs.features
        assert ours.next_features == theirs.next_features
        np.testing.assert_array_equal(ours.shapes, theirs.shapes)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("rows", np.zeros((96, 119))),
        ("rows", np.zeros((96, 120), dtype=np.float32)),
        ("templates", {"typical": {"shape": np.zeros(119)}, "slow": {"shape": np.zeros(120)}}),
        ("templates", {"typical": {"shape": np.zeros(120)}}),
        ("log_sizes", {"times": ["?"]}),
        ("last_r", 2.5),
        ("atypical", {}),
    ],
)
def test_a_patient_that_does_not_fit_is_refused_and_the_present_one_stays(name, wrong):
    context = acquainted(9)
    before = context.snapshot()
    with pytest.raises(ValueError, match=f"does not fit.*{name}"):
        context.restore({**before, name: wrong})
    np.testing.assert_equal(context.snapshot(), before)
