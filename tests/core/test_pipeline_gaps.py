"""Lost samples: short holes are bridged, longer ones filled, and only a very long one begins anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecgmon.monitor.core.events import Alarm, Beat, Event, Gap, HeartRate, Quality, SampleBlock, to_json
from ecgmon.monitor.core.ring import RingBuffer
from ecgmon.monitor.pipeline.pipeline import Pipeline
from ecgmon.monitor.run.stream import Stream
from ecgmon.sim.library import BUNDLED
from ecgmon.sim.record import read_record
from ecgmon.sim.synthetic import Episode, SyntheticSettings, synthesise

FS = 360

Lost = list[tuple[int, int]]
"""First sample and length of each hole."""


@pytest.fixture(scope="module")
def ecg() -> np.ndarray:
    return read_record(BUNDLED / "mitdb" / "100").samples_mv(0, 30 * FS)[0]


def blocks(samples: np.ndarray, lost: Lost, step: int, fs_hz: float = FS) -> list[SampleBlock]:
    """Cut what is left of a signal into blocks of at most ``step`` samples."""
    begins = [0, *(at + length for at, length in lost)]
    ends = [*(at for at, _ in lost), samples.size]
    return [
        SampleBlock(samples[None, at : min(at + step, end)], at, fs_hz)
        for begin, end in zip(begins, ends, strict=True)
        for at in range(begin, end, step)
    ]


def run(chain: Pipeline | Stream, samples: np.ndarray, lost: Lost, step: int = 97) -> list[Event]:
    events = [event for block in blocks(samples, lost, step, chain.fs_hz) for event in chain.process(block)]
    return events + chain.finish()


def of(events: list[Event], kind: type) -> list:
    return [event for event in events if isinstance(event, kind)]


def told(events: list[Event]) -> list[dict]:
    return [to_json(event) for event in events]


@pytest.mark.parametrize("length", [1, 2, 18, 36, 43])
def test_a_short_hole_is_bridged_and_nothing_begins_anew(ecg, length):
    whole = run(Pipeline(), ecg, [])
    lost = [(round(beat.sample) + 90, length) for beat in of(whole, Beat)[2:-3:3]]
    events = run(Pipeline(), ecg, lost)
    gaps = of(events, Gap)
    assert [(gap.sample, gap.length_samples, gap.known_at) for gap in gaps] == [
        (at, length, at + length) for at, length in lost
    ]
    assert all(gap.bridged for gap in gaps)
    assert [beat.sample for beat in of(events, Beat)] == pytest.approx(
        [beat.sample for beat in of(whole, Beat)], abs=FS // 10
    )
    assert all(beat.rr_s is not None for beat in of(events, Beat)[1:])
    assert all(rate.bpm is not None for rate in of(events, HeartRate))
    seconds = of(events, Quality)
    assert [second.sample for second in seconds] == list(range(0, 30 * FS, FS))
    assert all(second.index > 0.85 and not second.reasons for second in seconds)


def test_a_sample_that_is_no_number_counts_as_one_that_is_lost(ecg):
    lost = [(at, 20) for at in range(1000, 9000, 777)]
    broken = ecg.copy()
    for at, length in lost:
        broken[at : at + length] = np.nan
    assert told(run(Pipeline(), broken, [])) == told(run(Pipeline(), ecg, lost))


@pytest.mark.parametrize("length_s", [0.15, 0.5, 1.3, 3.0, 9.9, 10.1, 40.0])
@pytest.mark.parametrize("begin", [10 * FS, 10 * FS + 200])
def test_every_second_has_a_quality_whatever_the_gap(ecg, length_s, begin):
    length = round(length_s * FS)
    samples = np.tile(ecg, 3)
    events = run(Pipeline(), samples, [(begin, length)])
    seconds = of(events, Quality)
    assert [second.sample for second in seconds] == list(range(0, samples.size - FS + 1, FS))
    gap = of(events, Gap)
    assert [(g.sample, g.length_samples, g.known_at, g.bridged) for g in gap] == [
        (begin, length, begin + length, False)
    ]
    hidden = [s for s in seconds if begin <= s.sample and s.sample + FS <= begin + length]
    assert all((s.index, s.reasons) == (0.0, ("missing",)) for s in hidden)
    assert all(
        s.index > 0.6 for s in seconds if s.sample + FS <= begin or s.sample >= begin + length + 4 * FS
    )
    assert not [beat for beat in of(events, Beat) if begin <= beat.sample < begin + length]
    assert not [event for event in events if begin <= event.known_at < begin + length]


@pytest.mark.parametrize(("length_s", "known"), [(0.5, True), (1.5, True), (2.5, False), (15.0, False)])
def test_the_heart_rate_stays_known_over_a_gap_unless_it_is_long(ecg, length_s, known):
    begin = 10 * FS
    events = run(Pipeline(), np.tile(ecg, 2), [(begin, round(length_s * FS))])
    assert all(rate.bpm is not None for rate in of(events, HeartRate)) is known
    first_behind = next(beat for beat in of(events, Beat) if beat.sample > begin + length_s * FS)
    assert first_behind.rr_s is None or length_s < 1.0


@pytest.mark.parametrize("fs_hz", [128.0, 250.0, 360.0])
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    lost=st.lists(st.sampled_from([1, 2, 9, 30, 45, 90, 400, 800, 4000]), min_size=1, max_size=6),
    step=st.sampled_from([1, 7, 50, 333, 100_000]),
    broken=st.booleans(),
)
def test_events_do_not_depend_on_how_the_signal_between_gaps_is_cut(ecg, fs_hz, lost, step, broken):
    seconds = np.arange(int(30 * fs_hz)) / fs_hz
    samples = np.interp(seconds, np.arange(ecg.size) / FS, ecg)
    samples = np.tile(samples, 2 + sum(lost) // samples.size)
    if broken:
        samples[500:530] = samples[900:1600] = np.nan
    holes, at = [], 333
    for length in lost:
        holes.append((at, length))
        at += length + 417
    whole = run(Stream("one", fs_hz), samples[: at + 1500], holes, 200)
    assert told(run(Stream("one", fs_hz), samples[: at + 1500], holes, step)) == told(whole)


@pytest.mark.parametrize("at", [1000, 1010, 1200, 1500])
def test_a_restored_pipeline_goes_on_within_a_hole(ecg, at):
    broken = ecg.copy()
    broken[1005:1030] = broken[1100:1600] = np.nan
    first, second = Pipeline(), Pipeline()
    first.process(SampleBlock(broken[None, :at], 0, FS))
    second.restore(first.snapshot())
    rest = SampleBlock(broken[None, at + 20 :], at + 20, FS)
    assert told(second.process(rest)) == told(first.process(rest))


def test_a_hole_is_no_number_in_the_raw_row_and_the_clean_line_goes_on_over_a_short_one_only(ecg):
    ring = RingBuffer(40 * FS)
    run(Pipeline(ring=ring), ecg, [(1000, 1), (2000, 36), (3000, 200)])
    raw, clean = (np.isnan(ring.copy(row, 0, 20 * FS)) for row in ("raw", "clean"))
    assert np.flatnonzero(raw).tolist() == [1000, *range(2000, 2036), *range(3000, 3200)]
    assert np.flatnonzero(clean).tolist() == list(range(3000, 3200))


def test_one_sample_in_eleven_costs_no_beat_and_packets_cost_the_beats_in_them(ecg):
    singles = run(Pipeline(), ecg, [(at, 1) for at in range(10, ecg.size - 1, 11)])
    whole = of(run(Pipeline(), ecg, []), Beat)
    assert [b.sample for b in of(singles, Beat)] == pytest.approx([b.sample for b in whole], abs=2)
    size, random = FS // 10, np.random.default_rng(5)
    lost = [(int(at) * size, size) for at in np.flatnonzero(random.random(ecg.size // size - 5) < 0.1) if at]
    packets = of(run(Pipeline(), ecg, lost), Beat)
    assert len(packets) > 0.8 * len(whole)
    assert not [b for b in packets if min(abs(b.sample - other.sample) for other in whole) > 54]


def rhythm(name: str, **more: float) -> np.ndarray:
    episodes = [Episode(seconds=15.0, bpm=70.0), Episode(rhythm=name, seconds=25.0, **more)]  # type: ignore[arg-type]
    return synthesise(episodes, SyntheticSettings(seed=3, noise_mv=0.01, variability=0.04)).samples_mv


@pytest.mark.parametrize(
    ("kind", "samples"),
    [
        ("asystole", rhythm("asystole")),
        ("extreme_bradycardia", rhythm("sinus", bpm=30.0)),
        ("ventricular_fibrillation", rhythm("vf")),
        ("ventricular_tachycardia", rhythm("vt", bpm=170.0)),
    ],
)
@pytest.mark.parametrize(
    "lost",
    [
        [(at, 1) for at in range(100, 40 * FS, round(3.5 * FS))],
        [(at, 36) for at in range(100, 40 * FS, 360)],
        [(at, 108) for at in range(100, 40 * FS, 1440)],
    ],
    ids=["1 in 3.5 s", "10 % of packets", "0.3 s in 4 s"],
)
def test_an_alarm_that_begins_under_loss_is_told_in_time(kind, samples, lost):
    def at_s(lost: Lost) -> float:
        alarms = of(
            run(Stream("one", FS), samples, [hole for hole in lost if sum(hole) < samples.size]), Alarm
        )
        return next(alarm.known_at for alarm in alarms if alarm.kind == kind) / FS

    assert 15.0 < at_s(lost) <= at_s([]) + 5.0
