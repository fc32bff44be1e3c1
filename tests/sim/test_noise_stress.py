"""Noise comes out as loud as asked for, and like PhysioNet's own noise-stressed records."""

import os
from pathlib import Path

import numpy as np
import pytest

from ecgmon.sim.library import BUNDLED
from ecgmon.sim.noise import NoiseSchedule, add_noise, noise_gain, noise_rms_mv, qrs_amplitude_mv
from ecgmon.sim.record import read_record

FS = 360.0


@pytest.fixture(scope="module")
def noise():
    return np.cumsum(np.random.default_rng(1).normal(0, 0.02, 60 * 360))


def normal_beats(record):
    return record.reference.samples[np.isin(record.reference.symbols, ["N", "L", "R"])]


def test_noise_is_on_for_two_minutes_and_off_for_two_after_five_clean_ones():
    noisy = NoiseSchedule().noisy(int(12 * 60 * FS), FS)
    changes = np.flatnonzero(np.diff(noisy)) + 1
    assert not noisy[0]
    assert (changes / FS / 60).tolist() == [5, 7, 9, 11]


@pytest.mark.parametrize("snr_db", [24.0, 0.0, -6.0])
def test_added_noise_has_the_power_asked_for(snr_db, noise):
    gain = noise_gain(2.0, noise_rms_mv(noise, FS), snr_db)
    schedule = NoiseSchedule(start_s=0, on_s=60, off_s=0)
    added = add_noise(np.zeros(noise.size), noise, gain, FS, schedule)
    signal_rms = 2.0 / 2 / np.sqrt(2)
    assert 20 * np.log10(signal_rms / noise_rms_mv(added, FS)) == pytest.approx(snr_db, abs=0.01)


def test_noise_begins_ends_and_repeats_without_a_step(noise):
    schedule = NoiseSchedule(start_s=10, on_s=90, off_s=20)
    added = add_noise(np.zeros(4 * noise.size), noise, 3.0, FS, schedule)
    assert np.abs(np.diff(added)).max() <= 3.0 * np.abs(np.diff(noise)).max() + 1e-12
    assert np.all(added[: 10 * 360] == 0)
    assert np.ptp(added[101 * 360 : 119 * 360]) == 0


def test_qrs_amplitude_is_that_of_the_bundled_record():
    record = read_record(BUNDLED / "mitdb" / "100")
    lead = record.samples_mv(0, record.n_samples)[0]
    assert qrs_amplitude_mv(lead, normal_beats(record), FS) == pytest.approx(1.47, abs=0.01)


def test_a_record_without_normal_beats_is_refused():
    with pytest.raises(ValueError, match="no normal beat"):
        qrs_amplitude_mv(np.zeros(1000), np.zeros(0, dtype=np.int64), FS)


@pytest.mark.full_data
@pytest.mark.parametrize("snr_db", [12, 24])
def test_118_under_electrode_motion_equals_physionets_own(snr_db):
    data = Path(os.environ["ECGMON_DATA"])
    clean = read_record(data / "mitdb" / "118")
    theirs = read_record(data / "nstdb" / f"118e{snr_db}")
    motion = read_record(data / "nstdb" / "em118")
    for lead in (0, 1):
        signal = clean.samples_mv(0, clean.n_samples)[lead]
        noise = motion.samples_mv(0, motion.n_samples)[lead]
        # em118 was taken out of 118e00, so it is at 0 dB of this record.
        qrs_mv = qrs_amplitude_mv(signal, normal_beats(clean), FS)
        gain = noise_gain(qrs_mv, noise_gain(qrs_mv, 1.0, 0.0), snr_db)
        ours = add_noise(signal, noise, gain, FS, NoiseSchedule(noise_runs=False))
        # The last second of em118 is not the noise record's.
        difference = (ours - theirs.samples_mv(0, theirs.n_samples)[lead])[:-360]
        assert np.abs(difference - np.median(difference)).max() < 0.08
        assert np.abs(np.diff(difference)).mean() < 0.005


@pytest.mark.full_data
def test_our_measure_of_qrs_and_noise_is_that_of_nst():
    data = Path(os.environ["ECGMON_DATA"])
    clean = read_record(data / "mitdb" / "118")
    motion = read_record(data / "nstdb" / "em118")
    lead = clean.samples_mv(0, clean.n_samples)[1]
    noise = motion.samples_mv(0, motion.n_samples)[1]
    gain = noise_gain(qrs_amplitude_mv(lead, normal_beats(clean), FS), noise_rms_mv(noise, FS), 0.0)
    assert gain == pytest.approx(1.0, abs=0.06)
