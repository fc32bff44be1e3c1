"""The quality index calls noise noise, leaves ventricular rhythms alone, and names the fault."""

from __future__ import annotations

import numpy as np
import pytest
import wfdb
from chunking import cuts, pieces
from hypothesis import given, settings
from hypothesis import strategies as st
from resealing import reseal

from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.core.zoo import shipped_file
from ecgmon.monitor.dsp.quality import SecondQuality, SignalQuality
from ecgmon.monitor.dsp.quality_features import NAMES, look
from ecgmon.monitor.dsp.quality_model import QualityModel
from ecgmon.monitor.dsp.sanitise import Sanitiser
from ecgmon.sim.library import find_record

RNG = np.random.default_rng(11)


@pytest.fixture(scope="module")
def record_100() -> np.ndarray:
    return wfdb.rdrecord(str(find_record("100")), sampto=360 * 120).p_signal[:, 0]


@pytest.fixture(scope="module")
def record_207() -> tuple[np.ndarray, np.ndarray]:
    stem = str(find_record("207"))
    notes = wfdb.rdann(stem, "atr")
    flutter = np.zeros(1806, dtype=np.bool_)
    for begin, end in zip(
        notes.sample[np.equal(notes.symbol, "[")],
        notes.sample[np.equal(notes.symbol, "]")],
        strict=True,
    ):
        flutter[begin // 360 + 1 : end // 360] = True
    return wfdb.rdrecord(stem).p_signal[:, 0], flutter


def judge(signal: np.ndarray, **masks: np.ndarray) -> list[SecondQuality]:
    return SignalQuality().process(signal, **masks)


def reasons(verdicts: list[SecondQuality]) -> set[str]:
    return {reason for verdict in verdicts for reason in verdict.reasons}


def shaken(size: int, rms_mv: float) -> np.ndarray:
    """Slow, steep-edged excursions like those of a loose electrode."""
    walk = np.cumsum(RNG.standard_normal(size) * (RNG.random(size) < 0.02))
    slow = walk - np.convolve(walk, np.full(720, 1 / 720), "same")
    return slow * rms_mv / slow.std()


def test_a_clean_record_is_clean(record_100):
    index = np.array([verdict.index for verdict in judge(record_100)])
    assert index.size == 120
    assert np.mean(index > 0.8) > 0.98


@pytest.mark.parametrize("gain", [0.5, 2.0])
def test_gain_within_a_factor_of_two_does_not_matter(record_100, gain):
    index = np.array([verdict.index for verdict in judge(gain * record_100)])
    assert np.mean(index > 0.5) > 0.98


def test_muscle_noise_as_strong_as_the_beats_is_bad_and_called_muscle(record_100):
    verdicts = judge(record_100[: 360 * 30] + RNG.standard_normal(360 * 30) * 0.45)[4:]
    assert max(verdict.index for verdict in verdicts) < 0.5
    assert all("muscle" in verdict.reasons for verdict in verdicts)


def test_electrode_motion_is_bad_and_called_motion(record_100):
    verdicts = judge(record_100[: 360 * 60] + shaken(360 * 60, 1.5))[4:]
    assert np.mean([verdict.index < 0.5 for verdict in verdicts]) > 0.9
    assert np.mean(["motion" in verdict.reasons for verdict in verdicts]) > 0.8


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
def test_strong_hum_is_named(record_100, mains_hz):
    t = np.arange(360 * 20) / 360.0
    verdicts = judge(record_100[: t.size] + 0.5 * np.sin(2 * np.pi * mains_hz * t))[4:]
    assert all("hum" in verdict.reasons and verdict.index < 0.5 for verdict in verdicts)


def test_ventricular_flutter_is_not_called_noise(record_207):
    signal, flutter = record_207
    index = np.array([verdict.index for verdict in judge(signal)])
    assert flutter.sum() > 120
    assert np.mean(index[flutter[: index.size]] > 0.5) > 0.95


def test_a_quiet_line_without_beats_is_not_called_noise():
    line = 0.005 * RNG.standard_normal(360 * 30)
    assert min(verdict.index for verdict in judge(line)[4:]) > 0.5


def test_a_flat_line_is_flat_after_four_seconds(record_100):
    signal = record_100[: 360 * 20].copy()
    signal[360 * 10 :] = signal[360 * 10 - 1]
    flat = [("flat" in verdict.reasons) for verdict in judge(signal)]
    assert flat == [False] * 13 + [True] * 7


def test_a_signal_on_its_rail_is_saturated(record_100):
    signal = np.minimum(record_100[: 360 * 10].copy(), 5.0)
    signal[1500:1700] = 5.0
    marked = [verdict.start // 360 for verdict in judge(signal) if "saturated" in verdict.reasons]
    assert marked == [4]
    assert "saturated" not in reasons(judge(record_100))


def test_a_repeated_buffer_is_stuck_and_one_value_is_flat_as_well(record_100):
    repeated, still = record_100[: 360 * 20].copy(), record_100[: 360 * 20].copy()
    repeated[360 * 10 :] = np.resize(repeated[360 * 10 - 90 : 360 * 10], 360 * 10)
    still[360 * 10 :] = 0.1
    assert {(verdict.reasons, verdict.index) for verdict in judge(repeated)[13:]} == {(("stuck",), 0.0)}
    assert all({"flat", "stuck"} <= {*verdict.reasons} for verdict in judge(still)[14:])


@pytest.mark.parametrize(("length", "useless"), [(4, False), (150, False), (200, True)])
def test_missing_and_lead_off_make_their_second_useless_and_no_other(record_100, length, useless):
    signal = record_100[: 360 * 6].copy()
    signal[400 : 400 + length] = np.nan
    held, missing = Sanitiser().process(signal)
    off = np.zeros(signal.size, dtype=np.bool_)
    off[1450] = True
    verdicts = judge(held, missing=missing, lead_off=off)
    assert [verdict.index == 0.0 for verdict in verdicts] == [False, useless, False, False, True, False]
    assert verdicts[1].reasons == (("missing",) if useless else ())
    assert verdicts[1].index == pytest.approx(0.0 if useless else 1.0 - length / 360, abs=0.05)
    assert "lead_off" in verdicts[4].reasons


def test_seconds_stand_on_the_absolute_grid_and_a_cut_one_is_not_judged(record_100):
    quality = SignalQuality()
    quality.reset(1000)
    verdicts = quality.process(record_100[:2000])
    assert [verdict.start for verdict in verdicts] == [1080, 1440, 1800, 2160, 2520]
    assert [verdict.known_at for verdict in verdicts] == [1439, 1799, 2159, 2519, 2879]


@settings(max_examples=25, deadline=None)
@given(cuts(2500), st.integers(0, 1000))
def test_chunks_do_not_matter(points, start):
    signal = np.random.default_rng(2).standard_normal(2500)
    signal[800:1500] = 0.0
    quality = SignalQuality()
    quality.reset(start)
    whole = quality.process(signal)
    quality.reset(start)
    parts = [verdict for chunk in pieces(signal, points) for verdict in quality.process(chunk)]
    assert [(v.start, v.reasons) for v in parts] == [(v.start, v.reasons) for v in whole]
    np.testing.assert_allclose([v.index for v in parts], [v.index for v in whole], atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2500))
def test_a_restored_operator_goes_on_as_if_nothing_had_happened(at):
    signal = np.concatenate((np.zeros(1100), np.random.default_rng(4).standard_normal(1400)))
    quality = SignalQuality()
    quality.process(signal[:at])
    state = quality.snapshot()
    expected = quality.process(signal[at:])
    other = SignalQuality()
    other.process(signal[::-1])
    other.restore(state)
    assert other.process(signal[at:]) == expected


def test_band_powers_are_those_of_the_signal():
    t = np.arange(1440) / 360.0
    rows, hum_mv, _ = look((0.5 * np.sin(2 * np.pi * 8.0 * t) + 0.2 * np.sin(2 * np.pi * 50.0 * t))[None])
    power = dict(zip(NAMES, rows[0], strict=True))
    assert 10 ** power["power 6-12 Hz"] == pytest.approx(0.125, rel=0.01)
    assert hum_mv[0] == pytest.approx(0.2 / np.sqrt(2), rel=0.02)
    assert 10 ** power["power 24-40 Hz"] < 1e-4


def test_a_model_of_other_features_is_refused(tmp_path):
    shipped = shipped_file("quality").read_bytes()
    path = tmp_path / "model.json"
    path.write_bytes(reseal(shipped.replace(b"slope kurtosis", b"slope kurtoses")))
    with pytest.raises(ModelError, match="another program: features"):
        QualityModel.load(path)


def test_probabilities_of_the_three_classes_sum_to_one():
    rows = RNG.standard_normal((5, len(NAMES)))
    np.testing.assert_allclose(QualityModel.load().probabilities(rows).sum(axis=1), 1.0)
