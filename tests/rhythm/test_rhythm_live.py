"""Rhythms of real records through the whole chain, whatever the blocks, the gaps and the restarts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecgmon.monitor.core.events import Alarm, Episode, Event, RhythmChange, SampleBlock
from ecgmon.monitor.pipeline.pipeline import Pipeline
from ecgmon.monitor.run.stream import Stream
from ecgmon.sim.library import find_record
from ecgmon.sim.record import read_record

FS = 360


def lead(name: str, start_s: int, end_s: int) -> np.ndarray:
    samples: np.ndarray = read_record(find_record(name)).samples_mv(start_s * FS, end_s * FS, (0,))[0]
    return samples


def run(chain: Pipeline | Stream, samples: np.ndarray, cuts: list[int], start: int = 0) -> list[Event]:
    events: list[Event] = []
    edges = [0, *sorted(min(cut, len(samples)) for cut in cuts), len(samples)]
    for a, b in itertools.pairwise(edges):
        events += chain.process(SampleBlock(samples[None, a:b], start + a, FS))
    return events + chain.finish()


def told(events: list[Event]) -> list[RhythmChange | Episode]:
    return [event for event in events if isinstance(event, RhythmChange | Episode)]


@pytest.fixture(scope="module")
def bigeminy() -> np.ndarray:
    return lead("200", 80, 125)


@pytest.fixture(scope="module")
def whole(bigeminy):
    return told(run(Pipeline(), bigeminy, []))


def test_record_200_shows_bigeminy_and_ventricular_beats_in_a_row(whole):
    assert {"N", "B"} <= {event.rhythm for event in whole if isinstance(event, RhythmChange)}
    rows = [event for event in whole if isinstance(event, Episode)]
    # Three by the annotators; the classifier may call the last of them fused.
    assert [row.kind for row in rows] in (["ventricular_couplet"], ["ventricular_run"])
    assert rows[0].sample == pytest.approx(29.2 * FS, abs=0.1 * FS)
    assert rows[0].end_sample > rows[0].sample


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(cuts=st.lists(st.integers(0, 45 * FS), max_size=40))
def test_rhythms_do_not_depend_on_how_the_signal_is_cut(bigeminy, whole, cuts):
    same(told(run(Pipeline(), bigeminy, cuts)), whole)


def same(some: list[RhythmChange | Episode], others: list[RhythmChange | Episode]) -> None:
    for ours, theirs in zip(some, others, strict=True):
        assert (type(ours), ours.sample, ours.known_at) == (type(theirs), theirs.sample, theirs.known_at)
        if isinstance(ours, RhythmChange) and isinstance(theirs, RhythmChange):
            assert (ours.rhythm, ours.beneath) == (theirs.rhythm, theirs.beneath)
            assert ours.confidence == pytest.approx(theirs.confidence, abs=1e-6)


def test_a_restored_pipeline_goes_on_with_the_rhythm(bigeminy, whole):
    first, second = Pipeline(), Pipeline()
    cut = 21 * FS + 17
    events = first.process(SampleBlock(bigeminy[None, :cut], 0, FS))
    second.restore(first.snapshot())
    events += run(second, bigeminy[cut:], [], cut)
    same(told(events), whole)


def test_ten_minutes_of_sinus_rhythm_are_one_rhythm():
    found = told(run(Pipeline(), lead("100", 0, 600), list(range(0, 600 * FS, 3600))))
    assert [event.rhythm for event in found if isinstance(event, RhythmChange)] == ["N"]


def test_the_flutter_of_record_207_is_told_and_raises_its_alarm_within_seconds():
    events = run(Stream("207", FS), lead("207", 1530, 1580), list(range(0, 50 * FS, FS)))
    flutter = next(e for e in events if isinstance(e, RhythmChange) and e.rhythm == "VFL")
    assert flutter.time_s == pytest.approx(10.9, abs=2)
    alarm = next(e for e in events if isinstance(e, Alarm) and e.kind == "ventricular_fibrillation")
    assert alarm.known_at == flutter.known_at
    assert alarm.known_at / FS < 10.9 + 6


def test_the_pauses_of_record_232_are_asystole_in_the_rhythm_as_in_the_alarm():
    events = run(Stream("232", FS), lead("232", 940, 1100), list(range(0, 160 * FS, FS)))
    rhythm = [e.known_at for e in events if isinstance(e, RhythmChange) and e.rhythm == "ASYS"]
    alarms = [
        e.known_at for e in events if isinstance(e, Alarm) and e.kind == "asystole" and e.state == "active"
    ]
    assert alarms
    assert len(rhythm) == len(alarms)
    assert all(min(abs(known - ours) for ours in rhythm) <= FS // 2 for known in alarms)
    assert any(isinstance(e, Episode) and e.kind == "pause" for e in events)


def test_a_signal_of_noise_has_no_rhythm():
    noise = np.random.default_rng(1).normal(0.0, 0.8, 40 * FS)
    samples = np.concatenate((lead("100", 0, 30), noise))
    changes = [e for e in run(Pipeline(), samples, []) if isinstance(e, RhythmChange)]
    assert [(e.rhythm, e.beneath) for e in changes[:2]] == [("N", ""), ("NOISE", "N")]


def test_a_stream_that_is_wound_elsewhere_begins_without_a_rhythm():
    pipeline = Pipeline()
    samples = lead("100", 0, 30)
    pipeline.process(SampleBlock(samples[None], 0, FS))
    events = pipeline.process(SampleBlock(samples[None], 3600, FS, rewound=True))
    changes = [event for event in events if isinstance(event, RhythmChange)]
    assert [change.rhythm for change in changes] == ["N"]
    assert changes[0].sample >= 3600
