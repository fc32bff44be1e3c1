"""The leads that are only looked at: cleaned as the analysed one is, sample for sample."""

import itertools

import numpy as np
import pytest

from ecgmon.monitor.core.events import SampleBlock
from ecgmon.monitor.run.companions import row_name
from ecgmon.monitor.run.stream import Stream
from ecgmon.sim.library import BUNDLED
from ecgmon.sim.record import read_record

SECONDS = 12


@pytest.fixture(scope="module")
def samples():
    record = read_record(BUNDLED / "mitdb" / "200")
    return record.samples_mv(0, round(SECONDS * record.fs_hz))


def stream_of(samples, cuts=(), *, fs_hz=360.0, all_leads=True, lost=None, rows=None):
    stream = Stream("two", fs_hz, ("MLII", "V1"), all_leads=all_leads)
    edges = [0, *cuts, samples.shape[1]]
    for start, stop in itertools.pairwise(edges):
        if lost is None or not lost[0] <= start < lost[1]:
            stream.process(SampleBlock(samples[:rows, start:stop], start, fs_hz, "two", ("MLII", "V1")))
    return stream


def kept(stream, kind, lead):
    row = row_name(kind, lead)
    return stream.ring.copy(row, 0, stream.ring.row_end(row))


@pytest.mark.parametrize("fs_hz", [360.0, 250.0])
def test_a_second_lead_is_cleaned_as_it_would_be_were_it_the_first(samples, fs_hz):
    both = stream_of(samples, fs_hz=fs_hz)
    alone = stream_of(samples[::-1], fs_hz=fs_hz)
    for kind in ("raw", "clean"):
        np.testing.assert_array_equal(kept(both, kind, 1), kept(alone, kind, 0))


@pytest.mark.parametrize("step", [1, 7, 360])
def test_a_second_lead_does_not_depend_on_how_the_signal_was_cut(samples, step):
    short = samples[:, :1500]
    whole = stream_of(short)
    cut = stream_of(short, range(step, short.shape[1], step))
    np.testing.assert_allclose(kept(cut, "clean", 1), kept(whole, "clean", 1), atol=1e-6)


def test_both_leads_have_the_same_hole_where_samples_were_lost(samples):
    stream = stream_of(samples, (1440, 2160), lost=(1440, 2160))
    for kind in ("raw", "clean"):
        holes = [np.isnan(kept(stream, kind, lead)) for lead in (0, 1)]
        np.testing.assert_array_equal(*holes)
        assert holes[0][1440:2160].all()


def test_a_replay_wound_back_begins_both_leads_anew(samples):
    stream = stream_of(samples)
    stream.process(SampleBlock(samples[:, 360:1440], 360, 360.0, "two", ("MLII", "V1"), rewound=True))
    assert stream.ring.start == 360
    assert stream.ring.row_end("raw1") == 1440
    assert np.isfinite(stream.ring.copy("clean1", 360, stream.ring.row_end("clean1"))).all()


def test_samples_sent_twice_are_taken_once(samples):
    stream = stream_of(samples[:, :720])
    stream.process(SampleBlock(samples[:, 360:1080], 360, 360.0, "two", ("MLII", "V1")))
    np.testing.assert_array_equal(kept(stream, "raw", 1), kept(stream_of(samples[:, :1080]), "raw", 1))


def test_a_block_that_lacks_the_second_lead_leaves_a_hole_there(samples):
    stream = stream_of(samples, rows=1)
    assert np.isnan(kept(stream, "raw", 1)).all()
    assert np.isfinite(kept(stream, "raw", 0)).all()


def test_nobody_pays_for_leads_that_nobody_looks_at(samples):
    stream = stream_of(samples, all_leads=False)
    assert stream.shown_leads == ("MLII",)
    assert stream.ring.rows == ("raw", "clean", "attribution")
