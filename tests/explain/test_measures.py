"""What the measures of a map are worth: on maps whose worth is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ecgmon.monitor.explain.hiding import STRETCH, bridge, peak, per_stretch, stretches, top_share
from ecgmon.monitor.explain.mask import fills, hats
from ecgmon.monitor.explain.measures import (
    CURVE,
    SHARES,
    area,
    chance_of_qrs,
    correlation,
    curves,
    fidelity,
    points_at_qrs,
    random_map,
)
from ecgmon.monitor.explain.shapley_sampling import PAIRS, shapley_values
from ecgmon.monitor.explain.waves import Waves, delineate

WIDTH = 360
MAPS = arrays(np.float64, WIDTH, elements=st.floats(0, 1))
QRS = slice(200, 240)


class HeightProbe:
    """A model that is the surer, the higher the QRS stands; it looks nowhere else."""

    wanted = 1

    def __init__(self) -> None:
        self.window_mv = np.zeros(WIDTH)
        self.window_mv[QRS] = np.hanning(40)

    def ask(self, windows_mv):
        sure = np.ptp(np.atleast_2d(windows_mv)[:, QRS], axis=1)
        return np.stack((1 - sure, sure), axis=1)

    def chance(self, windows_mv):
        return self.ask(windows_mv)[:, self.wanted]


TRUE_MAP = np.zeros(WIDTH)
TRUE_MAP[QRS] = 1.0
FALSE_MAP = np.zeros(WIDTH)
FALSE_MAP[40:80] = 1.0


@given(MAPS, st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]))
def test_the_top_share_is_of_that_size_and_holds_the_highest(importance, share):
    chosen = top_share(importance, share)
    values = per_stretch(importance)
    owner = stretches(WIDTH)
    picked = np.unique(owner[chosen])
    assert picked.size == round(share * values.size)
    assert chosen.sum() == np.isin(owner, picked).sum()
    left = np.setdiff1d(np.arange(values.size), picked)
    if picked.size and left.size:
        assert values[picked].min() >= values[left].max()


@given(arrays(np.float64, 60, elements=st.floats(-3, 3)), arrays(np.bool_, (4, 60)))
def test_what_is_kept_stays_and_what_is_bridged_lies_between_its_ends(window, kept):
    copies = bridge(window, kept)
    assert copies.shape == kept.shape
    for copy, row in zip(copies, kept, strict=True):
        np.testing.assert_array_equal(copy[row], window[row])
        if row.any():
            assert copy.min() >= window[row].min() - 1e-9
            assert copy.max() <= window[row].max() + 1e-9
        else:
            assert (copy == np.median(window)).all()


@given(MAPS)
def test_the_peak_is_where_the_map_is_highest(importance):
    assert importance[peak(importance)] >= 0.999 * importance.max()


def test_the_peak_of_a_plateau_is_its_middle():
    assert peak(TRUE_MAP) == 220
    assert peak(np.ones(11)) == 5


def test_a_true_map_keeps_the_class_with_little_and_loses_it_with_little():
    kept, deleted = fidelity(HeightProbe(), TRUE_MAP)
    assert kept.shape == deleted.shape == (len(SHARES),)
    assert kept[1:].min() > 0.9
    assert deleted.max() < 0.1
    kept, deleted = fidelity(HeightProbe(), FALSE_MAP)
    assert kept[0] < 0.1
    assert deleted[0] > 0.9


def test_curves_begin_and_end_with_all_and_nothing():
    deletion, insertion = curves(HeightProbe(), TRUE_MAP)
    assert deletion.size == insertion.size == CURVE.size
    assert (deletion[0], deletion[-1]) == pytest.approx((1.0, 0.0), abs=0.01)
    assert (insertion[0], insertion[-1]) == pytest.approx((0.0, 1.0), abs=0.01)
    false_deletion, false_insertion = curves(HeightProbe(), FALSE_MAP)
    assert area(deletion) < area(false_deletion)
    assert area(insertion) > area(false_insertion)


def test_the_area_of_a_constant_curve_is_its_height():
    assert area(np.full(CURVE.size, 0.7)) == pytest.approx(0.7)
    assert area(CURVE) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("where", "hit"), [(220, True), (200 - 18, True), (200 - 19, False), (239 + 18, True), (300, False)]
)
def test_a_peak_counts_within_50_ms_of_the_qrs(where, hit):
    importance = np.zeros(WIDTH)
    importance[where] = 1.0
    assert points_at_qrs(importance, Waves(None, (200, 239), None)) is hit


def test_a_flat_map_points_nowhere_and_agrees_with_nothing():
    assert points_at_qrs(np.ones(WIDTH), Waves(None, (200, 239), None)) is None
    assert correlation(np.ones(WIDTH), TRUE_MAP) is None
    assert correlation(TRUE_MAP, np.zeros(WIDTH)) is None


def test_chance_is_the_share_of_the_window_near_the_qrs():
    assert chance_of_qrs(WIDTH, Waves(None, (200, 239), None)) == pytest.approx((40 + 36) / WIDTH)
    assert chance_of_qrs(WIDTH, Waves(None, (-50, 900), None)) == 1.0


@given(MAPS)
def test_a_map_agrees_with_itself_and_is_the_reverse_of_its_reverse(importance):
    same = correlation(importance, importance)
    if same is not None:
        assert same == pytest.approx(1.0)
        assert correlation(importance, -importance) == pytest.approx(-1.0)


def test_maps_of_nothing_are_smooth_and_of_no_agreement():
    random = np.random.default_rng(3)
    maps = [random_map(WIDTH, random) for _ in range(200)]
    assert all(each.shape == (WIDTH,) for each in maps)
    assert max(np.abs(np.diff(each)).max() for each in maps) < 1 / STRETCH
    agreement = [correlation(one, other) for one, other in zip(maps[::2], maps[1::2], strict=True)]
    assert abs(np.mean(agreement)) < 0.1


def test_hats_add_up_to_one_everywhere():
    spread = hats(WIDTH)
    np.testing.assert_allclose(spread.sum(axis=0), 1.0)
    assert spread.min() >= 0.0


def test_what_stands_for_a_deleted_beat_has_its_level_ends_and_slow_part():
    window = np.linspace(0.0, 1.0, WIDTH)
    window[QRS] += 2.0
    level, line, slow = fills(window)
    assert np.ptp(level) == 0.0
    assert (line[0], line[-1]) == (window[0], window[-1])
    assert slow.max() < window.max() / 2


@given(st.integers(0, 2**16))
def test_shapley_values_of_a_sum_are_its_parts_whatever_the_order(seed):
    weights = np.random.default_rng(seed).normal(size=48).astype(np.float32)
    window = np.ones(48, dtype=np.float32)
    window[[0, -1]] = 0.0

    def classify(windows):
        return (windows @ weights)[:, None]

    *_, last = shapley_values(classify, window, 0, pairs=2, seed=seed)
    assert last.done == 1.0
    np.testing.assert_allclose(last.values[::12].sum(), last.full - last.base, atol=1e-4)
    parts = [float((weights * window)[at : at + 12].sum()) for at in range(0, 48, 12)]
    np.testing.assert_allclose(last.values[::12], parts, atol=1e-4)


def test_an_estimate_tells_how_far_it_is():
    steps = list(shapley_values(lambda w: w[:, :1], np.ones(24, dtype=np.float32), 0))
    assert len(steps) == PAIRS
    assert [step.done for step in steps] == pytest.approx(np.arange(1, PAIRS + 1) / PAIRS)


def wave(at: int, width: int, height: float) -> np.ndarray:
    window = np.zeros(WIDTH)
    window[at - width // 2 : at + width // 2] = height * np.hanning(width // 2 * 2)
    return window


def test_waves_are_found_where_they_were_put():
    window = wave(216, 30, 1.0) + wave(160, 30, 0.15) + wave(300, 60, 0.3)
    waves = delineate(window, 216)
    assert waves.qrs[0] <= 216 <= waves.qrs[1]
    assert waves.p is not None
    assert waves.t is not None
    assert waves.p[0] <= 160 <= waves.p[1] < waves.qrs[0]
    assert waves.qrs[1] < waves.t[0] <= 300 <= waves.t[1]


def test_a_beat_without_p_and_t_has_none():
    waves = delineate(wave(216, 30, 1.0), 216)
    assert waves.p is None
    assert waves.t is None


def test_nothing_is_called_a_p_wave_in_the_beat_before():
    window = wave(216, 30, 1.0) + wave(160, 30, 0.15)
    assert delineate(window, 216).p is not None
    assert delineate(window, 216, rr_s=0.36).p is None


@pytest.mark.parametrize("r", [0, 5, 359])
def test_a_beat_at_the_window_s_edge_does_no_harm(r):
    window = np.zeros(WIDTH)
    window[max(0, r - 5) : r + 5] = 1.0
    waves = delineate(window, r)
    assert 0 <= waves.qrs[0] <= waves.qrs[1] < WIDTH
