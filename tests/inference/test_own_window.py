"""A model gets the window that it was made for, and events still do not depend on how the signal is cut."""

import itertools

import numpy as np
import pytest
from resealing import swap

from ecgmon.monitor.core.errors import SettingsError
from ecgmon.monitor.core.events import Beat, SampleBlock
from ecgmon.monitor.dsp.segment import SegmentSettings
from ecgmon.monitor.inference import find_model
from ecgmon.monitor.inference.classification import ClassifierSettings
from ecgmon.monitor.pipeline.pipeline import Pipeline, PipelineSettings
from ecgmon.sim.library import find_record
from ecgmon.sim.record import read_record

BEFORE = 306
SECONDS = 20


@pytest.fixture(scope="module")
def ecg():
    return read_record(find_record("200")).samples_mv(0, 360 * SECONDS)[0]


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """Settings of a model that looks further back than the default one and not as far on."""
    found = find_model("arrhythminet-v2")
    data, was = found.path.read_bytes(), found.contract()
    for side, old, new in (("before", was.window_before, BEFORE), ("after", was.window_after, 360 - BEFORE)):
        data = swap(data, f"window_{side}", str(old), str(new).rjust(len(str(old)), "0"))
    path = tmp_path_factory.mktemp("models") / "other.onnx"
    path.write_bytes(data)
    return PipelineSettings(classifier=ClassifierSettings(model=str(path)))


def run(pipeline, samples, cuts=(), start=0):
    events = []
    for a, b in itertools.pairwise([0, *cuts, len(samples)]):
        events += pipeline.process(SampleBlock(samples[None, a:b], start + a, 360))
    return events + pipeline.finish()


def told(events):
    rows = [(type(event), event.sample, event.known_at) for event in events]
    beats = [event for event in events if isinstance(event, Beat)]
    return (
        rows,
        [beat.symbol for beat in beats],
        np.array([[*beat.probabilities.values()] for beat in beats[2:-1]]),
    )


def same(ours, theirs):
    (rows, symbols, chances), (others, names, expected) = told(ours), told(theirs)
    assert rows == others
    assert symbols == names
    np.testing.assert_allclose(chances, expected, rtol=0, atol=1e-6)


def test_the_window_lies_where_the_model_wants_it(ecg, settings):
    def beats(events):
        return {event.sample: event for event in events if isinstance(event, Beat)}

    usual, other = beats(run(Pipeline(), ecg)), beats(run(Pipeline(settings), ecg))
    assert usual.keys() == other.keys()
    named = [at for at, beat in other.items() if beat.attribution is not None]
    assert len(named) > 20
    assert {at - other[at].attribution_start for at in named} == {BEFORE}
    assert all(other[at].known_at < usual[at].known_at for at in named)


def test_a_window_that_the_model_does_not_take_is_refused():
    with pytest.raises(SettingsError, match=r"pipeline.segment.before_samples is 100, but .* takes 216"):
        Pipeline(PipelineSettings(segment=SegmentSettings(before_samples=100)))
    Pipeline(PipelineSettings(segment=SegmentSettings(before_samples=216, history_s=4.0)))


def test_its_events_do_not_depend_on_the_cuts(ecg, settings):
    short = ecg[: 8 * 360]
    whole = run(Pipeline(settings), short)
    same(run(Pipeline(settings), short, range(1, len(short))), whole)
    same(run(Pipeline(settings), short, [7, 900, 901, 2000]), whole)


def test_it_goes_on_from_a_snapshot(ecg, settings):
    first, second = Pipeline(settings), Pipeline(settings)
    begun = first.process(SampleBlock(ecg[None, :1000], 0, 360))
    second.restore(first.snapshot())
    same(begun + run(second, ecg[1000:], start=1000), run(Pipeline(settings), ecg))
