"""The R-peak detector as an operator: chunks, state, gain, troubles, and where R waves are."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from chunking import cuts, pieces
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.dsp.rpeak import RPeak, RPeakDetector, RPeakSettings
from ecgmon.monitor.evaluation.beats.matching import match_beats
from ecgmon.sim.record import read_record

RECORDS = Path(__file__).parents[2] / "sim" / "records" / "mitdb"
BEATS = list("NLRejAaJSVEFQ/f")
FS = 360


@cache
def record(name: str) -> tuple[np.ndarray, np.ndarray]:
    whole = read_record(RECORDS / name)
    assert whole.reference is not None
    beats = whole.reference.samples[np.isin(whole.reference.symbols, BEATS)]
    return whole.samples_mv(0, whole.n_samples, (0,))[0], beats


def detect(samples: np.ndarray, chunk: int = 10 * FS, start: int = 0) -> list[RPeak]:
    detector = RPeakDetector()
    detector.reset(start)
    found = []
    for first in range(0, samples.size, chunk):
        found += detector.process(samples[first : first + chunk])
    return found


def places(beats: list[RPeak]) -> np.ndarray:
    return np.array([beat.sample for beat in beats])


def assert_same(left: list[RPeak], right: list[RPeak]) -> None:
    assert [beat.known_at for beat in left] == [beat.known_at for beat in right]
    np.testing.assert_allclose(places(left), places(right), rtol=0, atol=1e-3)
    np.testing.assert_allclose([b.score for b in left], [b.score for b in right], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "most_missed", "most_false"),
    [("100", 1, 0), ("200", 4, 5), ("232", 2, 12)],
)
def test_finds_the_beats_of_a_record(name: str, most_missed: int, most_false: int) -> None:
    samples, reference = record(name)
    matches = match_beats(reference, np.round(places(detect(samples))), 0.15 * FS)
    assert matches.missed.size <= most_missed
    assert matches.extra.size <= most_false


def test_r_waves_are_where_cardiologists_put_them_and_known_soon() -> None:
    samples, reference = record("200")
    beats = detect(samples)
    matches = match_beats(reference, np.round(places(beats)), 0.15 * FS)
    error_ms = np.abs(places(beats)[matches.test] - reference[matches.reference]) / FS * 1000
    known = np.array([beat.known_at for beat in beats])[matches.test]
    late_ms = (known - reference[matches.reference]) / FS * 1000
    assert error_ms.mean() <= 4.0
    assert np.percentile(error_ms, 95) <= 12.0
    assert np.percentile(late_ms, 99) <= 250.0


EXCERPT = record("200")[0][40 * FS : 50 * FS]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(points=cuts(EXCERPT.size))
def test_any_chunks_give_the_same_beats(points: list[int]) -> None:
    detector = RPeakDetector()
    found = [beat for piece in pieces(EXCERPT, points) for beat in detector.process(piece)]
    assert_same(found, detect(EXCERPT, EXCERPT.size))


def test_empty_chunks_change_nothing() -> None:
    detector = RPeakDetector()
    assert detector.process(np.zeros(0)) == []
    found = []
    for piece in np.array_split(EXCERPT, 7):
        found += detector.process(piece) + detector.process(np.zeros(0))
    assert_same(found, detect(EXCERPT))


def test_beats_are_known_from_samples_that_arrived() -> None:
    detector = RPeakDetector()
    for first in range(EXCERPT.size):
        for beat in detector.process(EXCERPT[first : first + 1]):
            assert beat.known_at == first
            assert beat.sample < first


@given(cut=st.integers(1, EXCERPT.size - 1))
@settings(max_examples=10, deadline=None)
def test_a_restored_detector_goes_on_as_if_nothing_happened(cut: int) -> None:
    detector = RPeakDetector()
    before = detector.process(EXCERPT[:cut])
    state = detector.snapshot()
    after = detector.process(EXCERPT[cut:])
    detector.process(np.ones(500))
    detector.restore(state)
    assert_same(detector.process(EXCERPT[cut:]), after)
    other = RPeakDetector()
    other.restore(state)
    assert_same(before + other.process(EXCERPT[cut:]), before + after)


def test_a_reset_starts_over_at_the_given_index() -> None:
    detector = RPeakDetector()
    detector.process(np.random.default_rng(1).standard_normal(1000))
    detector.reset(5000)
    first = detect(EXCERPT)
    again = detector.process(EXCERPT)
    np.testing.assert_allclose(places(again) - 5000, places(first), atol=1e-3)
    assert [beat.known_at - 5000 for beat in again] == [beat.known_at for beat in first]


@pytest.mark.parametrize("factor", [0.2, 5.0, -1.0, -0.2])
@pytest.mark.parametrize("name", ["100", "232"])
def test_gain_and_polarity_change_no_beats(name: str, factor: float) -> None:
    samples = record(name)[0][: 300 * FS]
    plain = detect(samples)
    scaled = detect(samples * factor)
    assert abs(len(plain) - len(scaled)) <= 1
    matches = match_beats(np.round(places(plain)), np.round(places(scaled)), 0.05 * FS)
    assert matches.missed.size + matches.extra.size <= 1


TIME = np.arange(60 * FS) / FS
NOTHING = {
    "a flat line": np.full(TIME.size, 0.7),
    "mains hum": np.sin(2 * np.pi * 50 * TIME),
    "mains hum at 60 Hz": 0.5 * np.sin(2 * np.pi * 60 * TIME),
    "tiny noise": np.random.default_rng(3).uniform(-0.075, 0.075, TIME.size),
    "tiny beats": 0.15 * np.clip(1 - np.abs((TIME + 0.5) % 1 - 0.5) / 0.04, 0, None),
    "drift": 0.5 * np.sin(2 * np.pi * 0.2 * TIME),
}


@pytest.mark.parametrize("what", NOTHING)
def test_no_beats_in(what: str) -> None:
    assert detect(NOTHING[what]) == []


def test_no_beats_once_the_heart_stops() -> None:
    samples = record("100")[0][: 60 * FS].copy()
    samples[30 * FS :] = samples[30 * FS] + np.random.default_rng(4).normal(0, 0.01, 30 * FS)
    assert (places(detect(samples)) < 30.2 * FS).all()


def troubled(kind: str) -> tuple[np.ndarray, int]:
    """The first minute of record 100 with a trouble at 30 s, and where that ends."""
    samples = record("100")[0][: 60 * FS].copy()
    begin = 30 * FS
    if kind == "step":
        samples[begin:] += 5.0
        return samples, begin
    samples[begin : begin + FS] = 5.0 if kind == "saturation" else 0.0
    return samples, begin + FS


@pytest.mark.parametrize("kind", ["step", "saturation", "lead off"])
def test_beats_are_found_again_within_two_seconds(kind: str) -> None:
    samples, end = troubled(kind)
    reference = record("100")[1]
    wanted = reference[(reference > end + 2 * FS) & (reference < samples.size - FS)]
    found = np.round(places(detect(samples)))
    matches = match_beats(wanted, found[(found > end + 2 * FS - 54) & (found < samples.size - FS + 54)], 54)
    assert matches.missed.size == 0
    assert matches.extra.size <= 1
    calm = found[(found > 2 * FS) & (found < 29 * FS)]
    assert calm.size == ((reference > 2 * FS) & (reference < 29 * FS)).sum()


def test_beats_are_followed_when_their_height_falls_to_a_fifth() -> None:
    samples, reference = record("100")
    samples = samples[: 60 * FS].copy()
    samples[30 * FS :] *= 0.2
    wanted = reference[(reference > 32 * FS) & (reference < 59 * FS)]
    found = np.round(places(detect(samples)))
    matches = match_beats(wanted, found[(found > 32 * FS - 54) & (found < 59 * FS + 54)], 54)
    assert matches.missed.size + matches.extra.size <= 1


def test_low_waves_that_look_like_beats_do_not_pass_beside_high_ones() -> None:
    samples, reference = record("100")
    samples = samples[: 120 * FS].copy()
    reference = reference[reference < samples.size - FS]
    qrs = samples[reference[10] - 20 : reference[10] + 21]
    between = ((reference[20:-1] + reference[21:]) // 2)[::3]
    for middle in between:
        samples[middle - 20 : middle + 21] += 0.25 * (qrs - qrs[0])
    matches = match_beats(reference, np.round(places(detect(samples))), 0.15 * FS)
    assert matches.missed.size <= 2
    assert matches.extra.size <= 0.2 * between.size


def test_a_file_that_is_no_detector_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"broken\.onnx"):
        RPeakDetector(model=path)
    with pytest.raises(ModelError, match="absent"):
        RPeakDetector(model=tmp_path / "absent.onnx")


def test_the_stated_delay_is_the_usual_latency() -> None:
    detector = RPeakDetector()
    beats = detector.process(record("100")[0][: 60 * FS])
    usual = np.median([beat.known_at - beat.sample for beat in beats])
    assert abs(usual - detector.delay_samples) <= 8
    assert detector.delay_samples <= 0.25 * FS


def test_settings_outside_their_limits_are_refused() -> None:
    with pytest.raises(ValueError, match="threshold"):
        RPeakSettings(threshold=1.5)
