import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecgmon.monitor.core.events import Beat, Event, Gap, HeartRate, Quality, SampleBlock
from ecgmon.monitor.core.ring import RingBuffer
from ecgmon.monitor.pipeline.pipeline import Pipeline, PipelineSettings
from ecgmon.sim.library import find_record
from ecgmon.sim.record import Record, read_record

FS = 360


@pytest.fixture(scope="module")
def record() -> Record:
    return read_record(find_record("200"))


@pytest.fixture(scope="module")
def ecg(record) -> np.ndarray:
    """Forty seconds of record 200 with ventricular beats."""
    return record.samples_mv(0, 40 * FS)[0]


def block(samples: np.ndarray, start: int, fs_hz: float = FS, **more: bool) -> SampleBlock:
    return SampleBlock(samples[None, :], start=start, fs_hz=fs_hz, **more)


def run(pipeline: Pipeline, samples: np.ndarray, cuts: list[int], start: int = 0) -> list[Event]:
    events = []
    edges = [0, *sorted(cuts), len(samples)]
    for a, b in itertools.pairwise(edges):
        events += pipeline.process(block(samples[a:b], start + a, pipeline.fs_hz))
    return events + pipeline.finish()


def same(ours: list[Event], theirs: list[Event]) -> None:
    assert [type(e) for e in ours] == [type(e) for e in theirs]
    for a, b in zip(ours, theirs, strict=True):
        assert (a.sample, a.known_at) == (b.sample, b.known_at), (a, b)
        assert a.time_s == pytest.approx(b.time_s, abs=1e-6)
        if isinstance(a, Beat) and isinstance(b, Beat):
            assert (a.symbol, a.aami, a.r_known_at) == (b.symbol, b.aami, b.r_known_at)
            assert a.probabilities == pytest.approx(b.probabilities, abs=1e-6)
            assert a.quality == pytest.approx(b.quality, abs=1e-6)
        if isinstance(a, HeartRate) and isinstance(b, HeartRate):
            assert a.bpm == pytest.approx(b.bpm, abs=1e-6)
        if isinstance(a, Quality) and isinstance(b, Quality):
            assert a.index == pytest.approx(b.index, abs=1e-6)
            assert a.reasons == b.reasons


@pytest.fixture(scope="module")
def whole(ecg) -> list[Event]:
    return run(Pipeline(), ecg, [])


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(cuts=st.lists(st.integers(0, 40 * FS), max_size=60))
def test_events_do_not_depend_on_how_the_signal_is_cut(ecg, whole, cuts):
    same(run(Pipeline(), ecg, cuts), whole)


def test_one_sample_at_a_time_gives_the_events_of_the_whole(ecg):
    short = ecg[: 6 * FS]
    same(
        run(Pipeline(), short, list(range(1, len(short)))),
        run(Pipeline(), short, []),
    )


@pytest.mark.parametrize("fs_hz", [128.0, 250.0, 500.0, 129.4])
def test_other_rates_are_chunk_invariant_and_find_the_same_beats(ecg, whole, fs_hz):
    seconds = np.arange(int(40 * fs_hz)) / fs_hz
    samples = np.interp(seconds, np.arange(len(ecg)) / FS, ecg)
    at_once = run(Pipeline(fs_hz=fs_hz), samples, [])
    same(run(Pipeline(fs_hz=fs_hz), samples, list(range(0, len(samples), 7))), at_once)
    ours = [e.time_s for e in at_once if isinstance(e, Beat)]
    theirs = [e.time_s for e in whole if isinstance(e, Beat)]
    assert ours == pytest.approx(theirs, abs=0.012)


def test_events_come_in_the_order_in_which_they_were_known(whole):
    known = [event.known_at for event in whole]
    assert known == sorted(known)


def test_a_beat_is_known_after_it_happened_and_within_the_bars(whole):
    beats = [e for e in whole if isinstance(e, Beat) and e.probabilities]
    assert len(beats) > 40
    assert all(b.r_known_at - b.sample > 0 for b in beats)
    r_latency = np.percentile([(b.r_known_at - b.sample) / FS for b in beats], 99)
    class_latency = np.percentile([(b.known_at - b.sample) / FS for b in beats], 99)
    assert r_latency <= 0.25
    assert class_latency <= 0.70


def test_ventricular_beats_of_record_200_are_named_at_the_annotated_places(record, whole):
    reference = record.reference
    wanted = {s for s, symbol in zip(reference.samples, reference.symbols, strict=True) if symbol == "V"}
    wanted = {s for s in wanted if 2 * FS < s < 38 * FS}
    found = [e.sample for e in whole if isinstance(e, Beat) and e.symbol == "V"]
    assert wanted
    hits = sum(any(abs(f - w) <= 54 for f in found) for w in wanted)
    assert hits >= 0.9 * len(wanted)


def test_empty_blocks_change_nothing(ecg, whole):
    pipeline = Pipeline()
    events = pipeline.process(block(ecg[:0], 0))
    for at in range(0, len(ecg), 1000):
        events += pipeline.process(block(ecg[at : at + 1000], at))
        events += pipeline.process(block(ecg[:0], at + 5))
    same(events + pipeline.finish(), whole)


def test_lost_samples_become_a_gap_that_no_interval_spans(ecg):
    pipeline = Pipeline()
    events = pipeline.process(block(ecg[: 12 * FS], 0))
    events += pipeline.process(block(ecg[15 * FS :], 15 * FS))
    gaps = [e for e in events if isinstance(e, Gap)]
    assert [(g.sample, g.length_samples, g.known_at) for g in gaps] == [(12 * FS, 3 * FS, 15 * FS)]
    first_behind = next(e for e in events if isinstance(e, Beat) and e.sample > 15 * FS)
    assert first_behind.rr_s is None
    rate = next(e for e in events if isinstance(e, HeartRate) and e.known_at >= 15 * FS)
    assert rate.bpm is None


def test_samples_that_came_before_are_left_out(ecg, whole):
    pipeline = Pipeline()
    events = []
    for at in range(0, len(ecg), 900):
        events += pipeline.process(block(ecg[max(0, at - 100) : at + 900], max(0, at - 100)))
        events += pipeline.process(block(ecg[max(0, at - 100) : at], max(0, at - 100)))
    same(events + pipeline.finish(), whole)


def test_missing_values_do_not_spread(ecg, whole):
    broken = ecg.copy()
    broken[20 * FS : 22 * FS] = np.nan
    events = run(Pipeline(), broken, [])
    bad = [e for e in events if isinstance(e, Quality) and "missing" in e.reasons]
    assert {e.sample // FS for e in bad} >= {20, 21}
    late = [e.sample for e in events if isinstance(e, Beat) and e.sample > 25 * FS]
    assert late == pytest.approx(
        [e.sample for e in whole if isinstance(e, Beat) and e.sample > 25 * FS], abs=3
    )
    assert all(np.isfinite(list(e.probabilities.values())).all() for e in events if isinstance(e, Beat))


def test_a_saturated_second_is_seen_and_survived(ecg):
    broken = ecg.copy()
    broken[20 * FS : 21 * FS] = 5.0
    events = run(Pipeline(), broken, [])
    bad = {e.sample // FS: e for e in events if isinstance(e, Quality)}[20]
    assert bad.index < 0.5
    assert any(isinstance(e, Beat) and 21 * FS < e.sample < 23 * FS for e in events)


def test_a_block_at_another_rate_is_refused(ecg):
    pipeline = Pipeline()
    with pytest.raises(ValueError, match="250"):
        pipeline.process(block(ecg, 0, 250))
    with pytest.raises(ValueError, match="50 to 10,000"):
        Pipeline(fs_hz=20)


def test_a_restored_pipeline_goes_on_as_if_nothing_had_happened(ecg, whole):
    first = Pipeline()
    events = first.process(block(ecg[:7001], 0))
    second = Pipeline()
    second.restore(first.snapshot())
    first.process(block(ecg[7001:9000], 7001))
    events += second.process(block(ecg[7001:], 7001))
    same(events + second.finish(), whole)


def test_a_snapshot_of_another_rate_is_refused():
    with pytest.raises(ValueError, match="does not fit"):
        Pipeline().restore(Pipeline(fs_hz=250).snapshot())


def test_the_ring_holds_raw_clean_and_the_reason_of_a_beat(ecg):
    ring = RingBuffer(60 * FS)
    pipeline = Pipeline(ring=ring)
    events = run(pipeline, ecg, list(range(0, len(ecg), 360)))
    np.testing.assert_allclose(ring.view("raw", 0, len(ecg)), ecg, atol=1e-5)
    clean = ring.view("clean", 0, ring.row_end("clean"))
    assert len(ecg) - 120 < len(clean) < len(ecg)
    assert np.corrcoef(clean[FS:], ecg[FS : len(clean)])[0, 1] > 0.8
    beat = next(e for e in events if isinstance(e, Beat) and e.symbol == "V")
    shading = ring.view("attribution", beat.attribution_start, beat.attribution_start + 360)
    assert np.all(shading >= beat.attribution - 1e-6)


def test_a_rewound_block_begins_a_new_stream(ecg):
    ring = RingBuffer(60 * FS)
    pipeline = Pipeline(ring=ring)
    pipeline.process(block(ecg, 0))
    events = pipeline.process(block(ecg[5 * FS :], 5 * FS, rewound=True))
    assert not any(isinstance(e, Gap) for e in events)
    assert next(e for e in events if isinstance(e, Beat)).rr_s is None
    assert ring.start == 5 * FS


def test_a_signal_whose_quality_is_not_assessed_counts_as_clean_unless_it_is_missing():
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 1.0, 20 * 360)
    noise[10 * 360 : 12 * 360] = np.nan
    assessed, unassessed = (
        [
            event
            for event in Pipeline(PipelineSettings(assess_quality=believed)).process(
                SampleBlock(noise[None], 0, 360.0)
            )
            if isinstance(event, Quality)
        ]
        for believed in (True, False)
    )
    assert min(event.index for event in assessed[:9]) < 0.5
    assert all(event.index == 1.0 and not event.reasons for event in unassessed[:9])
    assert ["missing" in event.reasons for event in unassessed] == ["missing" in e.reasons for e in assessed]
