"""Hum is cut at any rate, where it is set or found; without it the signal stays as it is."""

from __future__ import annotations

import numpy as np
import pytest

from ecgmon.monitor.core.events import HeartRate, Quality
from ecgmon.monitor.dsp.filters import FilterSettings
from ecgmon.monitor.dsp.hum import HumFilter
from ecgmon.monitor.pipeline.pipeline import Pipeline, PipelineSettings
from ecgmon.sim.library import find_record
from ecgmon.sim.record import read_record

T = np.arange(360 * 30) / 360.0


@pytest.fixture(scope="module")
def ecg() -> np.ndarray:
    return read_record(find_record("100")).samples_mv(0, T.size, (0,))[0]


def filtered(samples: np.ndarray, mains_hz: object) -> np.ndarray:
    return HumFilter(FilterSettings.model_validate({"mains_hz": mains_hz})).process(samples)


def gain(frequency_hz: float, mains_hz: int) -> float:
    return float(np.sqrt(2.0) * filtered(np.sin(2 * np.pi * frequency_hz * T), mains_hz)[-3600:].std())


@pytest.mark.parametrize(("mains", "other"), [(50, 60), (60, 50)])
def test_a_notch_takes_out_its_own_mains_and_their_harmonics_only(mains, other):
    assert gain(mains, mains) < 0.01
    assert gain(2.0 * mains, mains) < 0.01
    assert gain(other, mains) > 0.98
    assert gain(25.0, mains) > 0.99


def test_without_mains_the_signal_itself_comes_back(ecg):
    assert filtered(ecg, None) is ecg
    np.testing.assert_array_equal(filtered(ecg, "auto"), ecg)


@pytest.mark.parametrize("mains_hz", [50, 60, "auto"])
def test_an_offset_makes_no_step(mains_hz):
    np.testing.assert_allclose(filtered(np.full(3600, 300.0), mains_hz), 300.0, atol=1e-8)


@pytest.mark.parametrize("hum_hz", [49.8, 50.0, 60.0, 60.2])
def test_mains_are_found_in_three_seconds_and_others_after_them(ecg, hum_hz):
    hum = 0.3 * np.sin(2 * np.pi * hum_hz * T)
    left = filtered(ecg + hum, "auto") - ecg
    assert np.abs(left[: 3 * 360]).max() > 0.25
    assert np.abs(left[5 * 360 :]).max() < 0.15
    moved = filtered(
        np.concatenate((ecg + hum, ecg + 0.3 * np.sin(2 * np.pi * (110.0 - hum_hz) * T))), "auto"
    )
    assert np.abs(moved[-3600:] - ecg[-3600:]).max() < 0.15


@pytest.mark.parametrize("fs_hz", [125.0, 250.0, 360.0, 1000.0])
@pytest.mark.parametrize("hum_hz", [50, 60])
@pytest.mark.parametrize("is_auto", [False, True])
def test_with_the_notch_hum_takes_no_heart_rate_away(ecg, fs_hz, hum_hz, is_auto):
    t = np.arange(int(28 * fs_hz)) / fs_hz
    samples = np.interp(t, T, ecg) + 0.6 * np.sin(2 * np.pi * hum_hz * t)
    filters = {"mains_hz": "auto" if is_auto else hum_hz}
    settings = PipelineSettings.model_validate({"front_end": {"filters": filters}})
    events = Pipeline(settings, fs_hz=fs_hz).process(samples)
    quality = [event for event in events if isinstance(event, Quality)][8:]
    assert all("hum" not in event.reasons and event.index > 0.5 for event in quality)
    rates = [event.bpm for event in events if isinstance(event, HeartRate) and event.sample > 12 * fs_hz]
    assert rates
    assert all(rate == pytest.approx(74, abs=5) for rate in rates)
