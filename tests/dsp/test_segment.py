"""Windows come as soon as they are whole, hold the right samples, and say when they are cut."""

from __future__ import annotations

import numpy as np
import pytest
from chunking import cuts
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgmon.monitor.dsp.segment import STD_FLOOR_MV, BeatSegmenter, SegmentSettings, normalise

RAMP = np.arange(3000, dtype=np.float64)


def test_the_window_lies_around_the_r_wave():
    (window,) = BeatSegmenter().process(RAMP, [1000])
    assert (window.start, window.cut, window.known_at) == (784, None, 1143)
    np.testing.assert_array_equal(window.samples_mv, RAMP[784:1144])


def test_it_comes_with_its_last_sample_and_not_before():
    segmenter = BeatSegmenter()
    assert segmenter.process(RAMP[:1143], [1000]) == []
    assert segmenter.process(np.empty(0)) == []
    (window,) = segmenter.process(RAMP[1143:1144])
    assert window.known_at == 1143


def test_a_beat_may_be_announced_ahead_of_the_clean_signal():
    segmenter = BeatSegmenter()
    assert segmenter.process(RAMP[:900], [950]) == []
    (window,) = segmenter.process(RAMP[900:2000])
    np.testing.assert_array_equal(window.samples_mv, RAMP[734:1094])


def test_windows_before_the_stream_are_cut_not_padded():
    segmenter = BeatSegmenter()
    segmenter.reset(5000)
    early, whole = segmenter.process(RAMP, [5215, 5216])
    assert (early.cut, early.samples_mv) == ("start", None)
    np.testing.assert_array_equal(whole.samples_mv, RAMP[:360])


def test_beats_that_wait_when_the_signal_breaks_off_are_handed_out_as_cut():
    segmenter = BeatSegmenter()
    assert segmenter.process(RAMP[:1100], [1000, 1090]) == []
    flushed = segmenter.flush()
    assert [(w.r, w.cut, w.known_at) for w in flushed] == [(1000, "gap", 1099), (1090, "gap", 1099)]
    assert segmenter.flush() == []
    segmenter.reset(9000)
    assert segmenter.process(RAMP) == []


def test_a_beat_announced_after_its_signal_is_forgotten_says_late():
    segmenter = BeatSegmenter(SegmentSettings(history_s=2.0))
    segmenter.process(RAMP)
    (window,) = segmenter.process(np.empty(0), [2400])
    assert window.cut == "late"
    (window,) = segmenter.process(np.empty(0), [2500])
    np.testing.assert_array_equal(window.samples_mv, RAMP[2284:2644])


@settings(max_examples=25, deadline=None)
@given(cuts(1500), st.lists(st.integers(0, 1499), unique=True, max_size=6).map(sorted))
def test_chunks_do_not_matter(points, beats):
    def run(edges):
        segmenter = BeatSegmenter()
        out = []
        for begin, end in zip([0, *edges], [*edges, 1500], strict=True):
            out += segmenter.process(RAMP[begin:end], [r for r in beats if begin <= r < end])
        return out + segmenter.flush()

    def plain(windows):
        rows = [None if w.samples_mv is None else w.samples_mv.tolist() for w in windows]
        return [(w.r, w.start, w.known_at, w.cut) for w in windows], rows

    assert plain(run(points)) == plain(run([]))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 3000))
def test_a_restored_segmenter_goes_on_as_if_nothing_had_happened(at):
    segmenter = BeatSegmenter()
    segmenter.process(RAMP[:at], [700, 1400])
    state = segmenter.snapshot()
    expected = segmenter.process(RAMP[at:])
    other = BeatSegmenter()
    other.process(RAMP[::-1], [5])
    other.restore(state)
    again = other.process(RAMP[at:])
    assert [w.r for w in again] == [w.r for w in expected]
    for ours, theirs in zip(again, expected, strict=True):
        np.testing.assert_array_equal(ours.samples_mv, theirs.samples_mv)


@pytest.mark.parametrize("scale", [0.2, 1.0, 5.0])
def test_normalised_windows_have_mean_zero_and_deviation_one_at_any_gain_and_offset(scale):
    windows = np.random.default_rng(1).standard_normal((7, 360)) * scale + 3.0
    out = normalise(windows)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out.mean(axis=1), 0.0, atol=1e-6)
    np.testing.assert_allclose(out.std(axis=1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(out[2], normalise(windows[2]))


def test_a_flat_window_stays_small_instead_of_being_blown_up():
    window = 0.5 * STD_FLOOR_MV * np.sin(np.linspace(0.0, 20.0 * np.pi, 360))
    assert np.abs(normalise(window)).max() <= 0.51
    np.testing.assert_array_equal(normalise(np.full(360, 7.0)), 0.0)
