"""The denoiser takes noise off, leaves the QRS and the ST level, and is late by what it says."""

from __future__ import annotations

import numpy as np
import pytest
import pywt
from chunking import cuts, pieces
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgmon.monitor.dsp.denoise import DenoiseSettings, WaveletDenoiser, shrunk_part

RNG = np.random.default_rng(5)
NOISE = RNG.standard_normal(1500)
EXACT = DenoiseSettings(threshold=0.0)


def beats(seconds: int, width_s: float = 0.03) -> np.ndarray:
    """One QRS-like pulse of 1 mV and a T wave every second."""
    t = np.arange(seconds * 360) / 360.0 % 1.0
    return np.exp(-(((t - 0.4) / width_s) ** 2)) + 0.25 * np.exp(-(((t - 0.7) / 0.06) ** 2))


@pytest.mark.parametrize(("levels", "delay"), [(1, 7), (2, 21), (3, 49), (4, 105)])
def test_with_threshold_zero_it_only_delays(levels, delay):
    denoiser = WaveletDenoiser(DenoiseSettings(levels=levels, threshold=0.0))
    assert denoiser.delay_samples == delay
    out = denoiser.process(NOISE)
    np.testing.assert_allclose(out[delay:], NOISE[:-delay], atol=1e-12)
    np.testing.assert_allclose(out[:delay], NOISE[0], atol=1e-12)


def test_with_all_details_taken_off_it_is_the_approximation_of_pywavelets():
    x = RNG.standard_normal(4096)
    x[:360] = 0.0
    denoiser = WaveletDenoiser(DenoiseSettings(threshold=10.0, smoothing=1.0))
    out = denoiser.process(x * np.exp(-np.arange(x.size) / 300.0))
    # A level that falls fast lies below the threshold of the second before it, everywhere.
    decayed = x * np.exp(-np.arange(x.size) / 300.0)
    coefficients = pywt.swt(decayed, "sym4", level=3, trim_approx=True)
    reference = pywt.iswt([coefficients[0], *(np.zeros(x.size) for _ in range(3))], "sym4")
    np.testing.assert_allclose(out[720 + 49 :], reference[720:-49], atol=2e-6)


def test_white_noise_loses_most_of_its_power():
    out = WaveletDenoiser().process(RNG.standard_normal(7200))[720:]
    assert out.std() < 0.5


def test_hum_of_any_frequency_goes():
    t = np.arange(7200) / 360.0
    for frequency_hz in (50.0, 60.0):
        out = WaveletDenoiser().process(0.2 * np.sin(2 * np.pi * frequency_hz * t))
        assert np.abs(out[1080:]).max() < 0.01


@pytest.mark.parametrize("noise_mv", [0.0, 0.01, 0.05])
def test_a_qrs_keeps_its_height_and_the_st_level_stays(noise_mv):
    clean = beats(20)
    out = WaveletDenoiser().process(clean + noise_mv * RNG.standard_normal(clean.size))[49:]
    r = 144 + 360 * np.arange(3, 18)
    assert np.mean([out[i - 9 : i + 10].max() for i in r]) > 0.97
    st_level = np.mean([out[i + 29 : i + 40].mean() for i in r])
    assert st_level == pytest.approx(np.mean([clean[i + 29 : i + 40].mean() for i in r]), abs=0.005)


def test_garrote_takes_all_below_the_threshold_and_ever_less_above():
    detail = np.array([[-0.5, 0.5, 1.0, 2.0, 10.0]])
    taken = shrunk_part(detail, np.array([[1.0]]))
    np.testing.assert_allclose(taken, [[-0.5, 0.5, 1.0, 1 / 8, 1e-3]])
    np.testing.assert_array_equal(shrunk_part(detail, np.array([[0.0]])), 0.0)


def test_nothing_is_taken_off_before_a_whole_second_is_known():
    denoiser = WaveletDenoiser()
    denoiser.reset(180)
    out = denoiser.process(NOISE)
    # The cut second (180 samples) teaches nothing, the next one is the first known.
    np.testing.assert_allclose(out[49 : 180 + 360], NOISE[: 180 + 360 - 49], atol=1e-12)
    assert np.abs(out[600:] - NOISE[600 - 49 : -49]).max() > 0.1


@settings(max_examples=25, deadline=None)
@given(cuts(NOISE.size), st.integers(0, 1000))
def test_chunks_do_not_matter(points, start):
    denoiser = WaveletDenoiser()
    denoiser.reset(start)
    whole = denoiser.process(NOISE)
    denoiser.reset(start)
    parts = np.concatenate([denoiser.process(chunk) for chunk in pieces(NOISE, points)])
    np.testing.assert_allclose(parts, whole, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, NOISE.size))
def test_a_restored_denoiser_goes_on_as_if_nothing_had_happened(at):
    denoiser = WaveletDenoiser()
    denoiser.process(NOISE[:at])
    state = denoiser.snapshot()
    expected = denoiser.process(NOISE[at:])
    other = WaveletDenoiser()
    other.process(5.0 * NOISE[::-1])
    other.restore(state)
    np.testing.assert_array_equal(other.process(NOISE[at:]), expected)


def test_reset_forgets_everything():
    denoiser = WaveletDenoiser()
    first = denoiser.process(NOISE)
    denoiser.reset(0)
    np.testing.assert_array_equal(denoiser.process(NOISE), first)


def test_scale_goes_through():
    small = WaveletDenoiser().process(0.01 * NOISE)
    np.testing.assert_allclose(100.0 * small, WaveletDenoiser().process(NOISE), atol=1e-9)
