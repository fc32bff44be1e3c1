"""Rhythms put together of real beats: what is made is a signal a heart could have written."""

import numpy as np
import pytest

from ecgmon.models.adaptive.data import BeatSequence, describe_beats
from ecgmon.models.adaptive.patients import SYMBOLS
from ecgmon.models.adaptive.rhythms import (
    BEATS,
    R_POINT,
    Lender,
    Script,
    atrial_rhythm,
    f_wave,
    fibrillation,
    fusion_beats,
    invent,
    perform,
    sinus_changes,
    ventricular_runs,
)
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.inference.patient_features import POINTS

pytestmark = pytest.mark.train

NORMAL, ATRIAL, VENTRICULAR = (SYMBOLS.index(symbol) for symbol in "NAV")


@pytest.fixture(scope="module")
def record() -> BeatSequence:
    """A made-up patient: every fifth beat atrial and early, every seventh ventricular."""
    rng = np.random.default_rng(0)
    labels = np.where(np.arange(400) % 5 == 4, ATRIAL, NORMAL)
    labels[np.arange(400) % 7 == 6] = VENTRICULAR
    seconds = np.where(labels == NORMAL, 0.9, 0.6)
    at = np.arange(120) - R_POINT
    narrow, broad, p_wave = (np.exp(-(((at - c) / w) ** 2)) for c, w in ((0, 2), (2, 8), (-20, 4)))
    points = np.where(labels[:, None] == VENTRICULAR, 1.5 * broad, narrow + 0.15 * p_wave)
    points += rng.normal(0, 0.005, points.shape)
    return describe_beats("mitdb", "119", 0, points, (np.cumsum(seconds) * PIPELINE_HZ).astype(int), labels)


def share(script: Script, record: BeatSequence, label: int) -> float:
    return float((record.labels[script.beats] == label).mean())


def test_each_rhythm_is_what_its_name_says(record):
    lender, rng = Lender(record), np.random.default_rng(1)
    atrial = [atrial_rhythm(lender, rng) for _ in range(8)]
    assert max(share(script, record, ATRIAL) for script in atrial) > 0.7
    runs = ventricular_runs(lender, rng)
    flags = record.labels[runs.beats] == VENTRICULAR
    assert np.any(flags[:-2] & flags[1:-1] & flags[2:])
    assert np.median(runs.rr_s[1:][flags[1:] & flags[:-1]]) < 0.65
    wild, calm = fibrillation(lender, rng), sinus_changes(lender, rng)
    assert np.median(np.abs(np.diff(np.log(wild.rr_s)))) > 2 * np.median(np.abs(np.diff(np.log(calm.rr_s))))
    assert share(calm, record, NORMAL) == 1.0
    for script in (*atrial, runs, wild, calm):
        assert len(script.beats) == len(script.rr_s) == BEATS
        assert script.rr_s.min() >= 0.28


def test_the_beats_put_together_stand_where_the_script_says_and_join_smoothly(record):
    script = sinus_changes(Lender(record), np.random.default_rng(2))
    windows, r = perform(script, record)
    np.testing.assert_allclose(np.diff(r) / PIPELINE_HZ, script.rr_s[1 : len(r)], atol=0.01)
    near = slice(R_POINT - 10, R_POINT + 11)
    assert np.all(np.abs(windows[:, near].argmax(axis=1) - 10) <= 1)
    quiet = np.abs(np.diff(windows, axis=1))[:, : R_POINT - 12]
    assert np.median(quiet.max(axis=1)) < 0.6


def test_a_fused_beat_is_a_mixture_that_keeps_its_p_wave_and_comes_a_little_early(record):
    lender = Lender(record)
    script = fusion_beats(lender, np.random.default_rng(3))
    assert script.fusion is not None
    share, loss = script.fusion.share, script.fusion.loss
    fused = share > 0
    assert 0.05 < fused.mean() < 0.25
    assert np.all((script.labels(record) == SYMBOLS.index("F")) == fused)
    assert np.all(loss <= share)
    windows, own = script.windows_mv(record), record.points_mv[script.beats]
    np.testing.assert_array_equal(windows[~fused], own[~fused])
    np.testing.assert_allclose(windows[:, : R_POINT - 18], own[:, : R_POINT - 18])
    late, change = slice(R_POINT + 5, None), windows - own
    assert np.all(np.abs(change[fused, late]).max(axis=1) > 0.05)
    which, n = np.flatnonzero(fused)[0], POINTS - R_POINT
    partner = np.roll(record.points_mv[script.fusion.partners[which]], script.fusion.shifts[which])
    expected = (1 - loss[which]) * own[which] + share[which] * partner
    np.testing.assert_allclose(windows[which, R_POINT : R_POINT + n - 6], expected[R_POINT:-6])
    assert np.median(script.rr_s[fused]) == pytest.approx(0.925 * lender.rr_s, rel=0.05)


def test_in_fibrillation_the_p_wave_gives_way_to_a_wave_that_never_rests(record):
    beats = np.flatnonzero(record.labels == NORMAL)[:200]
    script = Script(beats, np.full(200, 0.9))
    rng = np.random.default_rng(4)
    sinus, _ = perform(script, record)
    flat, _ = perform(script, record, np.zeros)
    waving, _ = perform(script, record, lambda count: f_wave(count, 0.1, rng))
    p = slice(R_POINT - 24, R_POINT - 16)
    before = slice(R_POINT - 31, R_POINT - 28)
    height = [float(np.median(w[:, p].max(axis=1) - w[:, before].mean(axis=1))) for w in (sinus, flat)]
    assert height[0] > 0.1
    assert height[1] < 0.04
    assert waving[:, :40].std() > 0.03


def test_paced_records_and_those_with_too_few_beats_lend_nothing(record):
    rng = np.random.default_rng(5)
    few = describe_beats("mitdb", "119", 0, record.points_mv[:20], record.samples[:20], record.labels[:20])
    paced = describe_beats("mitdb", "102", 0, record.points_mv, record.samples, record.labels)
    assert not list(invent([few, paced], rng))
    made = list(invent([record] * 6, rng))
    assert {sequence.invented for sequence in made} == {
        "atrial_rhythm",
        "fibrillation",
        "fusion_beats",
        "sinus_changes",
        "ventricular_runs",
    }
    assert all(len(sequence.labels) == len(sequence.shapes) for sequence in made)
