"""The resampler puts output k at k / 360 seconds, whatever the rate and the chunks."""

from __future__ import annotations

import numpy as np
import pytest
from chunking import cuts, pieces
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgmon.monitor.core.errors import SignalError
from ecgmon.monitor.dsp.quality import SignalQuality
from ecgmon.monitor.dsp.quality_features import NAMES
from ecgmon.monitor.dsp.quality_slow import lost_to_a_slow_rate
from ecgmon.monitor.dsp.resample import FEWEST_INPUTS, MaskResampler, Resampler, ResampleSettings

SLOW = [50.0, 62.5, 94.5, 99.0, 50.03]
FAST = [1000.3, 2000.0, 5000.0, 4999.73]
RATES = [100.0, 125.0, 128.0, 129.4, 200.0, 250.0, 256.0, 500.0, 512.0, 1000.0, 129.37123]
NOISE = np.random.default_rng(7).standard_normal(700)


def sine(frequency_hz: float, fs_hz: float, begin: int, count: int) -> np.ndarray:
    return np.sin(2 * np.pi * frequency_hz * (begin + np.arange(count)) / fs_hz)


@pytest.mark.parametrize("fs_hz", RATES)
@pytest.mark.parametrize("start", [0, 12_345, 1_000_003])
@pytest.mark.parametrize("frequency_hz", [1.0, 10.0, 30.0])
def test_output_k_is_the_signal_at_k_over_360_seconds(fs_hz, start, frequency_hz):
    resampler = Resampler(fs_hz)
    resampler.reset(start)
    first = resampler.next_output_index
    out = resampler.process(sine(frequency_hz, fs_hz, start, int(10 * fs_hz)))
    expected = sine(frequency_hz, 360.0, first, out.size)
    assert np.abs(out[30:] - expected[30:]).max() < 0.006
    assert resampler.next_output_index == first + out.size


@pytest.mark.parametrize("fs_hz", [500.0, 512.0, 1000.0, *FAST])
def test_what_would_fold_into_the_band_below_150_hz_is_stopped(fs_hz):
    for frequency_hz in (212.0, 230.0, 245.0):
        out = Resampler(fs_hz).process(sine(frequency_hz, fs_hz, 0, int(4 * fs_hz)))
        assert np.abs(out[60:-60]).max() < 10 ** (-55 / 20)


@pytest.mark.parametrize("fs_hz", [125.0, 128.0, 250.0])
def test_images_of_the_qrs_band_are_stopped(fs_hz):
    out = Resampler(fs_hz).process(sine(25.0, fs_hz, 0, int(20 * fs_hz)))[360:-360]
    power = np.abs(np.fft.rfft(out * np.hanning(out.size))) ** 2
    frequency_hz = np.fft.rfftfreq(out.size, 1 / 360.0)
    images = power[np.abs(frequency_hz - 25.0) > 2.0].sum() / power.sum()
    assert images < 10 ** (-50 / 10)


@pytest.mark.parametrize("fs_hz", [*RATES, 360.0])
def test_look_ahead_is_at_most_50_ms_and_is_what_an_output_waits_for(fs_hz):
    resampler = Resampler(fs_hz)
    assert resampler.look_ahead_s <= 0.05
    assert resampler.delay_samples == pytest.approx(resampler.look_ahead_s * fs_hz)
    for sample in range(200):
        before = resampler.next_output_index
        count = resampler.process(np.zeros(1)).size
        for output in range(before, before + count):
            assert resampler.input_needed(output) == sample


@pytest.mark.parametrize("fs_hz", SLOW)
@pytest.mark.parametrize("start", [0, 12_345, 1_000_003])
def test_a_slow_rate_keeps_the_band_below_15_hz_on_exact_time(fs_hz, start):
    for frequency_hz in (1.0, 5.0, 12.0):
        resampler = Resampler(fs_hz)
        resampler.reset(start)
        first = resampler.next_output_index
        out = resampler.process(sine(frequency_hz, fs_hz, start, int(20 * fs_hz)))
        expected = sine(frequency_hz, 360.0, first, out.size)
        assert np.abs(out[100:] - expected[100:]).max() < 0.02


@pytest.mark.parametrize("fs_hz", FAST)
def test_a_fast_rate_keeps_the_ecg_on_exact_time(fs_hz):
    for frequency_hz in (1.0, 30.0, 100.0):
        resampler = Resampler(fs_hz)
        resampler.reset(777)
        first = resampler.next_output_index
        out = resampler.process(sine(frequency_hz, fs_hz, 777, int(3 * fs_hz)))
        assert np.abs(out[30:] - sine(frequency_hz, 360.0, first, out.size)[30:]).max() < 0.006


@pytest.mark.parametrize("fs_hz", SLOW)
@pytest.mark.parametrize("look_ahead_s", [0.03, 0.05, 0.2])
def test_a_slow_rate_waits_for_at_least_five_samples_and_at_most_the_limit(fs_hz, look_ahead_s):
    resampler = Resampler(fs_hz, ResampleSettings(look_ahead_s=look_ahead_s))
    assert resampler.delay_samples >= FEWEST_INPUTS
    assert resampler.look_ahead_s <= max(look_ahead_s, FEWEST_INPUTS / fs_hz)


def test_an_hour_at_a_slow_rate_ends_where_it_should():
    resampler = Resampler(94.5)
    for _ in range(3600):
        resampler.process(np.zeros(189))
    assert resampler.next_output_index == pytest.approx(7200 * 360, abs=20)


@pytest.mark.parametrize("fs_hz", [*SLOW, *FAST, *RATES])
def test_the_filters_of_an_awkward_rate_stay_small(fs_hz):
    resampler = Resampler(fs_hz)
    assert resampler._bank.nbytes < 2.1e6


def test_the_quality_features_of_a_slow_rate_are_filled_in_and_those_of_others_are_not():
    for fs_hz in (100.0, 128.0, 250.0, 360.0, 5000.0):
        assert not lost_to_a_slow_rate(fs_hz).any()
    slow = [lost_to_a_slow_rate(fs_hz) for fs_hz in (50.0, 60.0, 75.0, 90.0, 99.9)]
    high = NAMES.index("power 40-48 Hz")
    assert all(len(row) == len(NAMES) and (row >= 0.0).all() for row in slow)
    assert [row[high] for row in slow] == sorted((row[high] for row in slow), reverse=True)
    assert not any(row[NAMES.index("power 3-6 Hz")] for row in slow)


def test_the_quality_of_a_slow_source_is_judged_the_same_in_pieces():
    signal = np.random.default_rng(4).normal(0, 0.1, 3600)
    whole = SignalQuality(source_hz=50.0).process(signal)
    pieces_of = SignalQuality(source_hz=50.0)
    assert [v for at in range(0, 3600, 77) for v in pieces_of.process(signal[at : at + 77])] == whole


def test_at_360_hz_samples_pass_unchanged_and_at_once():
    resampler = Resampler(360.0)
    resampler.reset(77)
    np.testing.assert_array_equal(resampler.process(NOISE), NOISE)
    assert resampler.next_output_index == 77 + NOISE.size
    assert resampler.delay_samples == 0.0


@pytest.mark.parametrize("fs_hz", [*RATES, *SLOW, *FAST])
def test_a_constant_stays_what_it_is_from_the_first_output_on(fs_hz):
    np.testing.assert_allclose(Resampler(fs_hz).process(np.full(500, -3.7)), -3.7, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(cuts(NOISE.size), st.sampled_from([*RATES, *SLOW, *FAST, 360.0]), st.integers(0, 10**9))
def test_chunks_do_not_matter(points, fs_hz, start):
    resampler, mask = Resampler(fs_hz), MaskResampler(fs_hz)
    resampler.reset(start)
    mask.reset(start)
    whole, marked = resampler.process(NOISE), mask.process(NOISE > 1.5)
    assert whole.size == marked.size
    resampler.reset(start)
    mask.reset(start)
    parts = np.concatenate([resampler.process(chunk) for chunk in pieces(NOISE, points)])
    marks = np.concatenate([mask.process(chunk > 1.5) for chunk in pieces(NOISE, points)])
    np.testing.assert_allclose(parts, whole, atol=1e-9)
    np.testing.assert_array_equal(marks, marked)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, NOISE.size), st.sampled_from([*RATES, *SLOW, *FAST, 360.0]))
def test_restored_resamplers_go_on_as_if_nothing_had_happened(at, fs_hz):
    for kind, signal in ((Resampler, NOISE), (MaskResampler, NOISE > 0.5)):
        operator = kind(fs_hz)
        operator.process(signal[:at])
        state = operator.snapshot()
        expected = operator.process(signal[at:])
        other = kind(fs_hz)
        other.process(signal[::-1])
        other.restore(state)
        np.testing.assert_array_equal(other.process(signal[at:]), expected)


def test_outputs_after_a_gap_stay_on_the_same_time_axis():
    resampler = Resampler(250.0)
    resampler.process(sine(5.0, 250.0, 0, 1000))
    resampler.reset(1777)
    first = resampler.next_output_index
    assert first == int(np.ceil(1777 * 360 / 250))
    out = resampler.process(sine(5.0, 250.0, 1777, 1000))
    np.testing.assert_allclose(out[20:], sine(5.0, 360.0, first, out.size)[20:], atol=0.004)


@pytest.mark.parametrize("fs_hz", [125.0, 250.0, 1000.0])
def test_a_missing_sample_marks_the_outputs_beside_it_and_no_others(fs_hz):
    missing = np.zeros(int(2 * fs_hz), dtype=np.bool_)
    missing[int(fs_hz)] = True
    marked = np.flatnonzero(MaskResampler(fs_hz).process(missing))
    assert 360 in marked
    assert np.abs(marked / 360.0 - 1.0).max() < 1.0 / fs_hz


@pytest.mark.parametrize("fs_hz", [0.0, 49.9, 10_001.0, float("nan"), float("inf"), -250.0])
def test_rates_that_cannot_be_served_are_refused(fs_hz):
    for kind in (Resampler, MaskResampler):
        with pytest.raises(SignalError, match="50 to 10,000") as caught:
            kind(fs_hz)
        assert isinstance(caught.value, ValueError)
        assert "Resample" in caught.value.hint
