"""A rail and a device that is stuck are told at every rate, and nothing else is taken for them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgmon.monitor.core.events import Quality
from ecgmon.monitor.dsp.source_faults import SourceFaults, SourceSignal
from ecgmon.monitor.pipeline.pipeline import Pipeline

RATES = [50.0, 100.0, 125.0, 128.0, 200.0, 250.0, 360.0, 500.0, 999.7, 1000.0]
RNG = np.random.default_rng(19)


def ecg(fs_hz: float, seconds: float = 24.0, noise_mv: float = 0.01) -> np.ndarray:
    """Beats of 1 mV at uneven distances with a T wave, and the noise of an amplifier, in steps of 5 µV."""
    t = np.arange(round(seconds * fs_hz)) / fs_hz
    beats = np.cumsum(np.random.default_rng(3).uniform(0.7, 1.0, round(seconds / 0.6)))
    waves = [(1.0, 0.0, 0.012), (-0.2, 0.03, 0.012), (0.3, 0.28, 0.05)]
    clean = sum(
        height * np.exp(-0.5 * ((t - at - late) / wide) ** 2) for at in beats for height, late, wide in waves
    )
    return np.round((clean + RNG.normal(0.0, noise_mv, t.size)) / 0.005) * 0.005


def seconds(samples: np.ndarray, fs_hz: float, what: str, missing: np.ndarray | None = None) -> list[int]:
    """Numbers of the seconds that have a fault."""
    found = SourceFaults(source_hz=fs_hz).process(SourceSignal(0, samples, missing))
    return [fault.second for fault in found if getattr(fault, what)]


WOBBLES: dict[str, Callable[[int], np.ndarray]] = {
    "none": np.zeros,
    "even": lambda n: RNG.uniform(-0.01, 0.01, n),
    "normal": lambda n: RNG.normal(0.0, 0.01, n),
    "slow": lambda n: 0.01 * np.sin(np.linspace(0.0, 40.0, n)),
}


@pytest.mark.parametrize("fs_hz", RATES)
@pytest.mark.parametrize("wobble", WOBBLES)
@pytest.mark.parametrize(("rail_mv", "onset_s"), [(5.0, 10.05), (-5.0, 10.95), (2.4, 10.5)])
def test_a_rail_is_told_within_two_seconds_at_every_rate_until_it_is_left(fs_hz, wobble, rail_mv, onset_s):
    samples = ecg(fs_hz)
    on = slice(round(onset_s * fs_hz), round((onset_s + 6.0) * fs_hz))
    samples[on] = rail_mv * (1.0 + WOBBLES[wobble](on.stop - on.start))
    told = seconds(samples, fs_hz, "saturated")
    assert told[0] + 1 - onset_s <= 2.0
    assert set(range(12, 16)) <= set(told) <= set(range(10, 17))
    assert seconds(samples, fs_hz, "stuck") == []


@pytest.mark.parametrize("fs_hz", RATES)
def test_an_ecg_whose_peaks_are_cut_off_is_saturated(fs_hz):
    cut = np.clip(8.0 * ecg(fs_hz), -1.5, 1.5)
    assert len(seconds(cut, fs_hz, "saturated")) > 10
    assert len(seconds(cut * (1.0 + WOBBLES["even"](cut.size)), fs_hz, "saturated")) > 10


@pytest.mark.parametrize("fs_hz", [100.0, 360.0, 1000.0])
@pytest.mark.parametrize(
    "wave",
    [
        lambda t: 1.5 * np.sin(2 * np.pi * 4.5 * t),
        lambda t: 3.0 * np.sin(2 * np.pi * 0.3 * t),
        lambda t: np.where(t < 12.4, 0.0, 10.0),
        lambda t: np.where(t < 12.4, 0.0, -300.0),
        lambda t: np.where(t < 12.4, 0.0, 4.0 * np.exp(-(t - 12.4) / 1.5)),
    ],
    ids=["flutter", "breathing", "offset", "great offset", "electrode"],
)
def test_waves_drifts_and_jumps_are_no_rail_for_long(fs_hz, wave):
    samples = ecg(fs_hz)
    samples += wave(np.arange(samples.size) / fs_hz)
    assert len(seconds(samples, fs_hz, "saturated")) <= 1


def test_a_plateau_that_something_of_late_was_beyond_is_no_rail():
    samples = ecg(250.0)
    samples[2300:2320] = 4.0
    samples[2600:3600] = 2.4
    assert seconds(samples, 250.0, "saturated") == []


@pytest.mark.parametrize("fs_hz", [125.0, 250.0, 360.0, 1000.0])
@pytest.mark.parametrize("buffer_s", [0.1, 0.25, 0.5, 1.0, 1.5, 2.0])
def test_a_device_that_sends_its_last_buffer_again_and_again_is_stuck(fs_hz, buffer_s):
    samples, size, at = ecg(fs_hz), round(buffer_s * fs_hz), round(12.3 * fs_hz)
    samples[at:] = np.resize(samples[at - size : at], samples.size - at)
    told = seconds(samples, fs_hz, "stuck")
    assert told[0] + 1 - 12.3 <= 1.5 * buffer_s + 2.6
    assert told == list(range(told[0], 24))


@pytest.mark.parametrize("fs_hz", RATES)
def test_a_device_that_stands_still_is_stuck_but_not_at_zero(fs_hz):
    samples, at = ecg(fs_hz), round(12.3 * fs_hz)
    samples[at:] = 0.125
    assert seconds(samples, fs_hz, "stuck") == list(range(13, 24))
    samples[at:] = 0.0
    assert seconds(samples, fs_hz, "stuck") == []


def test_a_coarse_converter_may_stand_still_for_longer():
    coarse = np.round(ecg(250.0) / 0.1) * 0.1
    coarse[3000:] = 0.1
    assert seconds(coarse, 250.0, "stuck")[0] >= 15


@pytest.mark.parametrize("noise_mv", [0.0, 0.01])
def test_a_computed_ecg_that_repeats_itself_from_its_beginning_is_not_stuck(noise_mv):
    beat = ecg(250.0, 0.8, noise_mv)
    assert seconds(np.tile(beat, 30), 250.0, "stuck") == []


def test_a_computed_ecg_without_noise_may_change_its_rate():
    slow, fast = ecg(250.0, 1.0, 0.0), ecg(250.0, 0.8, 0.0)
    assert seconds(np.concatenate((np.tile(slow, 10), np.tile(fast, 15))), 250.0, "stuck") == []


def test_what_stands_for_missing_samples_is_neither_on_a_rail_nor_stuck():
    samples = ecg(250.0)
    missing = np.zeros(samples.size, dtype=np.bool_)
    missing[3000:4250] = True
    samples[3000:4250] = 5.0
    assert seconds(samples, 250.0, "saturated", missing) == []
    assert seconds(samples, 250.0, "stuck", missing) == []


@pytest.mark.parametrize("start", [0, 1, 249, 250, 1000])
def test_seconds_stand_on_the_absolute_grid_and_a_cut_one_is_left_out(start):
    faults = SourceFaults(source_hz=250.0)
    found = [
        fault.second
        for at in range(0, 1500, 7)
        for fault in faults.process(SourceSignal(start + at, np.arange(at, min(at + 7, 1500)) * 0.01))
    ]
    assert found == list(range(-(-start // 250), (start + 1500) // 250))


def test_an_array_that_is_filled_anew_for_each_block_does_no_harm():
    samples, buffer = ecg(250.0), np.empty(25)
    samples[3050:3175] = 5.0
    faults, told = SourceFaults(source_hz=250.0), []
    for at in range(0, samples.size, 25):
        buffer[:] = samples[at : at + 25]
        told += [fault.second for fault in faults.process(SourceSignal(at, buffer)) if fault.saturated]
    assert told == [12]


@settings(max_examples=12, deadline=None)
@given(st.sampled_from([125.0, 250.0, 360.0, 999.7]), st.floats(0.004, 3.0), st.integers(0, 700))
def test_pieces_do_not_matter_to_what_the_pipeline_tells(fs_hz, piece_s, start):
    samples = ecg(fs_hz, 18.0)
    samples[round(5.3 * fs_hz) : round(8.0 * fs_hz)] = 5.0 + RNG.uniform(-0.05, 0.05)
    size, at = round(0.3 * fs_hz), round(12.3 * fs_hz)
    samples[at:] = np.resize(samples[at - size : at], samples.size - at)

    def told(piece: int) -> list[tuple[int, int, tuple[str, ...]]]:
        pipeline = Pipeline(fs_hz=fs_hz)
        blocks = (
            pipeline.process(samples[i : i + piece], start=start + i) for i in range(0, samples.size, piece)
        )
        events = [event for block in blocks for event in block if isinstance(event, Quality)]
        return [(event.sample, event.known_at, event.reasons) for event in events]

    whole = told(samples.size)
    assert told(max(1, round(piece_s * fs_hz))) == whole
    assert {"saturated", "stuck"} <= {reason for *_, reasons in whole for reason in reasons}
