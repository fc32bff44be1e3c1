"""Any rate from 50 to 10,000 Hz: the same beats, whole or in pieces, with the latency that is promised."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

import ecgmon
from ecgmon.monitor.cli import main
from ecgmon.monitor.core.ecg_codes import AAMI_OF_SYMBOL
from ecgmon.monitor.evaluation.beats.matching import match_beats

MINUTES = 3
SLOW = [50.0, 62.5, 80.0, 94.5, 99.0]
FAST = [1200.0, 5000.0, 10_000.0]
AWKWARD = [50.03, 99.99, 128.02, 360.5, 4999.73]


def at_rate(samples_mv: np.ndarray, fs_hz: float) -> np.ndarray:
    """Return a lead of 360 Hz at another rate, free of aliases."""
    step = Fraction(5) if fs_hz > 360 else Fraction(fs_hz).limit_denominator(10) / 360
    near = resample_poly(samples_mv, step.numerator, step.denominator)
    seconds = np.arange(int(samples_mv.size / 360 * fs_hz)) / fs_hz
    return np.interp(seconds, np.arange(near.size) / float(step * 360), near)


def run(samples: np.ndarray, fs_hz: float, chunk: int | None = None) -> list[ecgmon.Event]:
    pipeline = ecgmon.Pipeline(fs_hz=fs_hz)
    chunk = chunk or samples.size
    events = [e for at in range(0, samples.size, chunk) for e in pipeline.process(samples[at : at + chunk])]
    return events + pipeline.finish()


def beats(events: list[ecgmon.Event]) -> list[ecgmon.Beat]:
    return [event for event in events if isinstance(event, ecgmon.Beat)]


@pytest.fixture(scope="module")
def minutes() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The first minutes of two records, with the times of their reference beats."""
    found = {}
    for name in ("100", "200"):
        record = ecgmon.read_record(name)
        length = MINUTES * 60 * 360
        kept = np.isin(record.reference.symbols, list(AAMI_OF_SYMBOL)) & (record.reference.samples < length)
        found[name] = (record.samples_mv(0, length, (0,))[0], record.reference.samples[kept] / 360)
    return found


@pytest.mark.parametrize("fs_hz", [*SLOW, *FAST, *AWKWARD])
@pytest.mark.parametrize("name", ["100", "200"])
def test_every_rate_gives_the_beats_on_its_own_time_axis_and_soon_enough(minutes, name, fs_hz):
    whole, reference = minutes[name]
    samples = at_rate(whole, fs_hz)
    events = run(samples, fs_hz, chunk=round(10 * fs_hz))
    times = np.array([beat.time_s for beat in beats(events)])
    pairs = match_beats(np.rint(reference * 1000), np.rint(times * 1000), 150)
    assert 2 * pairs.test.size / (times.size + reference.size) >= 0.99
    assert np.median(np.abs(times[pairs.test] - reference[pairs.reference])) < 0.010
    for event in events:
        assert 0 <= event.sample <= event.known_at < samples.size
        assert event.time_s == pytest.approx(event.sample / fs_hz, abs=0.51 / fs_hz + 1e-9)
    classified = [beat for beat in beats(events) if beat.probabilities]
    assert max((beat.known_at - beat.sample) / fs_hz for beat in classified) <= 0.70
    assert max((beat.r_known_at - beat.sample) / fs_hz for beat in classified) <= 0.60


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(fs_hz=st.sampled_from([*SLOW, *FAST, *AWKWARD]), chunk_s=st.floats(0.004, 4.0))
def test_pieces_do_not_matter_at_any_rate(minutes, fs_hz, chunk_s):
    samples = at_rate(minutes["200"][0][: 8 * 360], fs_hz)
    whole, pieces = run(samples, fs_hz), run(samples, fs_hz, max(1, round(chunk_s * fs_hz)))
    assert [(type(e), e.sample, e.known_at) for e in whole] == [
        (type(e), e.sample, e.known_at) for e in pieces
    ]
    for ours, theirs in zip(beats(whole), beats(pieces), strict=True):
        assert ours.symbol == theirs.symbol
        assert ours.probabilities == pytest.approx(theirs.probabilities, abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.floats(50.0, 10_000.0))
def test_every_rate_between_the_limits_is_served(fs_hz):
    pipeline = ecgmon.Pipeline(fs_hz=fs_hz)
    seconds = np.arange(int(3 * fs_hz)) / fs_hz
    events = pipeline.process(np.exp(-(((seconds % 0.8) - 0.4) ** 2) / 2e-4))
    assert {event.sample for event in events if isinstance(event, ecgmon.Quality)} >= {0, round(fs_hz)}


@pytest.mark.parametrize("fs_hz", [50.0, 64.0, 80.0, 90.0])
def test_a_clean_record_is_not_called_noise_for_being_slow(minutes, fs_hz):
    quality = [
        e.index for e in run(at_rate(minutes["200"][0], fs_hz), fs_hz) if isinstance(e, ecgmon.Quality)
    ]
    assert np.mean(np.array(quality) < 0.5) < 0.05


@pytest.mark.parametrize("fs_hz", [50.0, 64.0])
def test_a_shaken_electrode_is_seen_at_a_slow_rate(minutes, fs_hz):
    rng = np.random.default_rng(5)
    samples = minutes["100"][0][: 60 * 360].copy()
    walk = np.cumsum(rng.standard_normal(30 * 360) * (rng.random(30 * 360) < 0.02))
    slow = walk - np.convolve(walk, np.full(720, 1 / 720), "same")
    samples[30 * 360 :] += 2.0 * slow / slow.std()
    quality = [e for e in run(at_rate(samples, fs_hz), fs_hz) if isinstance(e, ecgmon.Quality)]
    before = [e.index for e in quality if e.time_s < 28]
    shaken = [e.index for e in quality if e.time_s > 34]
    assert np.mean(before) > 0.9
    assert np.mean(np.array(shaken) < 0.5) > 0.8


@pytest.mark.parametrize("fs_hz", [50.0, 94.5, 5000.0])
def test_asystole_is_alarmed_in_time_at_the_ends_of_the_range(minutes, fs_hz):
    samples = at_rate(minutes["100"][0][: 20 * 360], fs_hz)
    still = samples[-1] + np.random.default_rng(2).normal(0, 0.002, int(12 * fs_hz))
    stream = ecgmon.Stream("bed-1", fs_hz)
    events = stream.process(samples) + stream.process(still)
    alarms = [
        e for e in events if isinstance(e, ecgmon.Alarm) and e.kind == "asystole" and e.state == "active"
    ]
    assert len(alarms) == 1
    # The first seconds without a beat may look noisy at a slow rate, and noise is no absence.
    assert 24.0 < alarms[0].known_at / fs_hz < (27.0 if fs_hz < 100 else 24.6)


@pytest.mark.parametrize("fs_hz", [50.0, 5000.0])
def test_a_gap_restarts_the_chain_at_any_rate(minutes, fs_hz):
    samples = at_rate(minutes["100"][0][: 40 * 360], fs_hz)
    cut, on = int(15 * fs_hz), int(18 * fs_hz)
    pipeline = ecgmon.Pipeline(fs_hz=fs_hz)
    events = pipeline.process(samples[:cut]) + pipeline.process(samples[on:], start=on)
    (gap,) = (e for e in events if isinstance(e, ecgmon.Gap))
    assert (gap.sample, gap.length_samples) == (cut, on - cut)
    assert sum(beat.sample > on for beat in beats(events)) > 20


def write_record(folder: Path, name: str, samples_mv: np.ndarray, fs_hz: float) -> Path:
    """Write a record of one lead in format 16."""
    counts = np.rint(samples_mv * 200).astype("<i2")
    (folder / f"{name}.dat").write_bytes(counts.tobytes())
    checksum = int(counts.sum(dtype=np.int16))
    (folder / f"{name}.hea").write_text(
        f"{name} 1 {fs_hz:g} {counts.size}\n{name}.dat 16 200/mV 12 0 {counts[0]} {checksum} 0 ECG\n"
    )
    return folder / name


@pytest.mark.parametrize("fs_hz", [50.0, 94.5, 5000.0])
def test_a_replay_plays_a_slow_and_a_fast_record(tmp_path, minutes, capsys, fs_hz):
    stem = write_record(tmp_path, "odd", at_rate(minutes["100"][0][: 20 * 360], fs_hz), fs_hz)
    out = tmp_path / "odd.jsonl"
    assert main(["replay", str(stem), "--speed", "max", "--headless", "--quiet", "--events", str(out)]) == 0
    assert sum('"type": "beat"' in line for line in out.read_text().splitlines()) >= 23


@pytest.mark.parametrize("fs_hz", [20.0, 20_000.0])
def test_a_replay_at_a_rate_that_cannot_be_served_fails_with_a_way_out(tmp_path, capsys, fs_hz):
    stem = write_record(tmp_path, "odd", np.zeros(4000), fs_hz)
    code = main(["replay", str(stem), "--speed", "max", "--headless", "--quiet"])
    said = capsys.readouterr().err
    assert code == ecgmon.SignalError.exit_code == 10
    assert f"{fs_hz:g} Hz cannot be taken; 50 to 10,000 Hz can" in said
    assert "Resample the signal first" in said


@pytest.mark.parametrize("rate", [np.float32(250), np.int64(250), np.array(250)])
def test_a_rate_may_be_a_number_of_numpy(rate: float) -> None:
    assert ecgmon.Pipeline(fs_hz=rate).fs_hz == 250.0
    assert ecgmon.Stream("bed-1", fs_hz=rate).process(np.zeros(500))


@pytest.mark.parametrize("rate", ["fast", [250, 360], 250 + 0j])
def test_a_rate_that_is_no_number_is_refused(rate: object) -> None:
    with pytest.raises(ecgmon.SignalError, match="no number"):
        ecgmon.Pipeline(fs_hz=rate)  # type: ignore[arg-type]
