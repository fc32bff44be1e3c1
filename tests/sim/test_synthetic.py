"""The synthetic ECG is what was asked for."""

import numpy as np
import pytest

from ecgmon.sim.synthetic import Episode, SyntheticSettings, synthesise


def ecg(rhythm="sinus", seconds=30.0, bpm=75.0, **shape):
    return synthesise([Episode(rhythm=rhythm, seconds=seconds, bpm=bpm)], SyntheticSettings(**shape))


@pytest.mark.parametrize("bpm", [15, 60, 150, 300])
def test_the_rate_is_the_one_set(bpm):
    beats = ecg(bpm=bpm, seconds=60).r_s
    assert 60 / np.diff(beats).mean() == pytest.approx(bpm)
    assert beats.size == pytest.approx(bpm, abs=1)


@pytest.mark.parametrize("height", [0.15, 0.5, 5.0, -2.0])
def test_the_qrs_is_as_high_as_set(height):
    signal = ecg(qrs_mv=height, t_mv=0, p_mv=0, fs_hz=1000).samples_mv
    assert np.ptp(signal) == pytest.approx(abs(height), rel=0.01)


@pytest.mark.parametrize("width", [0.04, 0.08, 0.12])
def test_the_qrs_is_as_wide_as_set(width):
    made = ecg(qrs_s=width, t_mv=0, p_mv=0, fs_hz=1000, seconds=3)
    beat = made.samples_mv[made.r_samples[1] - 200 : made.r_samples[1] + 200]
    felt = np.flatnonzero(np.abs(beat) > 0.01)
    assert (felt[-1] - felt[0]) / 1000 == pytest.approx(width, rel=0.1)


def test_the_t_wave_is_as_high_as_set():
    made = ecg(t_mv=1.2)
    after = made.r_samples[:-1, None] + np.arange(60, 180)
    assert made.samples_mv[after].max(axis=1) == pytest.approx(1.2, abs=0.01)


@pytest.mark.parametrize("rhythm", ["sinus", "af", "bigeminy", "pauses", "vt"])
def test_the_r_waves_are_where_it_says(rhythm):
    made = ecg(rhythm, variability=0.05, fs_hz=500)
    around = made.r_samples[1:-1, None] + np.arange(-40, 41)
    assert np.abs(made.samples_mv[around].argmax(axis=1) - 40).max() <= 2


def test_sinus_rhythm_swings_as_deeply_as_set():
    intervals = np.diff(ecg(seconds=120, variability=0.1).r_s)
    assert 0.05 < np.ptp(intervals) / intervals.mean() <= 0.2


def test_fibrillating_atria_make_it_irregular_at_the_mean_rate():
    intervals = np.diff(ecg("af", bpm=90, seconds=300).r_s)
    assert 60 / intervals.mean() == pytest.approx(90, rel=0.06)
    assert intervals.std() / intervals.mean() > 0.18


def test_in_bigeminy_every_second_beat_is_ventricular_and_early():
    made = ecg("bigeminy")
    assert "".join(made.symbols[:6]) == "NVNVNV"
    intervals = np.diff(made.r_s)
    assert intervals[::2].max() < intervals[1::2].min()


def test_pauses_last_two_intervals():
    intervals = np.diff(ecg("pauses", bpm=60).r_s)
    assert intervals.max() == pytest.approx(2.0)
    assert np.count_nonzero(intervals > 1.5) == 3


def test_ventricular_fibrillation_has_no_beats_but_waves_of_four_to_six_hertz():
    made = ecg("vf", seconds=20)
    assert made.r_s.size == 0
    power = np.abs(np.fft.rfft(made.samples_mv)) ** 2
    assert 3.5 <= np.fft.rfftfreq(made.samples_mv.size, 1 / made.fs_hz)[power.argmax()] <= 6.5


def test_asystole_is_flat_and_follows_what_came_before():
    made = synthesise([Episode(seconds=10), Episode(rhythm="asystole", seconds=8)])
    assert made.r_s.max() < 10
    assert np.ptp(made.samples_mv[round(10.8 * made.fs_hz) :]) < 1e-6
    assert made.samples_mv.size == 18 * 360


def test_hum_drift_and_noise_are_laid_over_it():
    clean = ecg(fs_hz=1000)
    hummed = ecg(fs_hz=1000, hum_mv=0.2, hum_hz=60).samples_mv - clean.samples_mv
    drifting = ecg(fs_hz=1000, drift_mv=1.0).samples_mv - clean.samples_mv
    noisy = ecg(fs_hz=1000, noise_mv=0.05).samples_mv - clean.samples_mv
    assert np.ptp(hummed) == pytest.approx(0.2, rel=0.02)
    assert np.ptp(drifting) == pytest.approx(1.0, rel=0.02)
    assert noisy.std() == pytest.approx(0.05, rel=0.05)


def test_the_same_seed_makes_the_same_ecg():
    assert np.array_equal(ecg("af", seed=3).samples_mv, ecg("af", seed=3).samples_mv)
    assert not np.array_equal(ecg("af", seed=3).r_s, ecg("af", seed=4).r_s)
