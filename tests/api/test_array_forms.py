"""However the same samples are handed over, the same events come out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ecgmon
from ecgmon.monitor.core.samples import as_millivolts

FS = 360.0


def said(events: list[ecgmon.Event]) -> list[dict[str, object]]:
    """Return events as they are written, figures rounded to what chunks may change."""
    return [ecgmon.to_json(event) for event in events]


def run(*blocks: object, **words: object) -> list[dict[str, object]]:
    pipeline = ecgmon.Pipeline(fs_hz=FS)
    return said([event for block in blocks for event in pipeline.process(block, **words)] + pipeline.finish())


@pytest.fixture(scope="module")
def expected(millivolts) -> list[dict[str, object]]:
    events = run(ecgmon.SampleBlock(millivolts, 0, FS))
    assert sum(row["type"] == "beat" for row in events) > 25
    return events


def test_one_lead_and_both_in_either_order_of_axes(millivolts, expected):
    one = millivolts[0]
    for form in (one, one[None], one[:, None], millivolts, millivolts.T, np.asfortranarray(millivolts)):
        assert run(form) == expected


def test_lists_and_tuples_are_taken(millivolts, expected):
    assert run(millivolts[0].tolist()) == expected
    assert run(tuple(millivolts[0])) == expected
    assert run(millivolts.T.tolist()) == expected


def test_series_and_tables_of_pandas_are_taken(millivolts, expected):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(millivolts.T, columns=["MLII", "V1"])
    assert run(table) == expected
    assert run(table["MLII"]) == expected


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.int64, np.float32, np.float64])
def test_counts_with_gain_and_zero_are_the_same_signal(calibration, counts, expected, dtype):
    gain, zero = calibration
    assert run(counts.astype(dtype), gain=gain, zero=zero) == expected
    assert run(counts[0].astype(dtype), gain=gain[0], zero=zero[0]) == expected


def test_unsigned_counts_do_not_wrap_below_zero(calibration, counts, expected):
    gain, zero = calibration
    assert counts.min() < zero[0]
    assert run(counts.astype(np.uint16), gain=gain, zero=zero) == expected


def test_a_gain_of_1000_takes_microvolts_and_of_a_thousandth_volts(millivolts):
    one = millivolts[0]
    np.testing.assert_allclose(as_millivolts(one * 1000, fs_hz=FS, gain=1000)[0], one)
    np.testing.assert_allclose(as_millivolts(one / 1000, fs_hz=FS, gain=0.001)[0], one)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    cuts=st.lists(st.integers(1, 24 * 360 - 1), max_size=20, unique=True),
    form=st.sampled_from(["flat", "list", "counts", "block"]),
)
def test_arrays_go_on_where_the_last_one_ended(calibration, counts, millivolts, expected, cuts, form):
    pipeline = ecgmon.Pipeline(fs_hz=FS)
    events = []
    for a, b in itertools.pairwise([0, *sorted(cuts), millivolts.shape[1]]):
        part = millivolts[0, a:b]
        if form == "counts":
            events += pipeline.process(counts[0, a:b], gain=calibration[0][0], zero=calibration[1][0])
        elif form == "block":
            events += pipeline.process(ecgmon.SampleBlock.of(part, fs_hz=FS, start=a))
        else:
            events += pipeline.process(part.tolist() if form == "list" else part)
    assert pipeline.processed == millivolts.shape[1]
    rows = said(events + pipeline.finish())
    assert [(r["type"], r["sample"], r["known_at"]) for r in rows] == [
        (r["type"], r["sample"], r["known_at"]) for r in expected
    ]
    assert [r.get("symbol") for r in rows] == [r.get("symbol") for r in expected]


def test_blocks_and_arrays_may_take_turns(millivolts, expected):
    half = millivolts.shape[1] // 2
    assert run(ecgmon.SampleBlock.of(millivolts[:, :half], fs_hz=FS), millivolts[0, half:]) == expected


@pytest.mark.parametrize(
    "empty", [[], np.zeros(0), np.zeros((1, 0)), np.zeros((0, 1)), np.zeros((2, 0)), np.zeros(0, int)]
)
def test_empty_arrays_change_nothing(millivolts, expected, empty):
    assert run(empty, millivolts[0], empty) == expected


def test_samples_that_came_already_are_left_out(millivolts, expected):
    pipeline = ecgmon.Pipeline(fs_hz=FS)
    events = pipeline.process(millivolts[0, :4000])
    events += pipeline.process(millivolts[0, 3000:5000], start=3000)
    events += pipeline.process(millivolts[0, 1000:2000], start=1000)
    assert pipeline.processed == 5000
    events += pipeline.process(millivolts[0, 5000:])
    assert said(events + pipeline.finish()) == expected


def test_samples_that_start_late_tell_of_a_gap(millivolts):
    pipeline = ecgmon.Pipeline(fs_hz=FS)
    events = pipeline.process(millivolts[0, :3600])
    events += pipeline.process(millivolts[0, 5400:], start=5400)
    (gap,) = (event for event in events if isinstance(event, ecgmon.Gap))
    assert (gap.sample, gap.length_samples, gap.known_at) == (3600, 1800, 5400)
    first = next(event for event in events if isinstance(event, ecgmon.Beat) and event.sample > 5400)
    assert first.rr_s is None
    assert not any(3600 <= event.sample < 5400 for event in events if isinstance(event, ecgmon.Beat))


def test_not_a_number_and_what_a_mask_hides_are_missing_samples(millivolts):
    one = millivolts[0].copy()
    hidden = np.ma.masked_array(one.copy(), mask=np.zeros(one.size, bool))
    one[3600:4320] = np.nan
    hidden[3600:4320] = np.ma.masked
    events = run(one)
    assert run(hidden) == events
    missing = {
        row["sample"] // 360 for row in events if row["type"] == "quality" and "missing" in row["reasons"]
    }
    assert {10, 11} <= missing
    assert not any(3650 < row["sample"] < 4270 for row in events if row["type"] == "beat")


def test_a_mask_over_counts_hides_them_too(counts):
    hidden = np.ma.masked_array(counts[0], mask=counts[0] > 1100)
    rows = as_millivolts(hidden, fs_hz=FS, gain=200, zero=1024)
    np.testing.assert_array_equal(np.isnan(rows[0]), counts[0] > 1100)


def test_a_stream_takes_the_same_and_adds_alarms(millivolts, expected):
    stream = ecgmon.Stream("bed-1", fs_hz=FS)
    events = stream.process(millivolts[0, :4000]) + stream.process(millivolts[:, 4000:].T) + stream.finish()
    assert {event.device for event in events} == {"bed-1"}
    alarms = {event.kind for event in events if isinstance(event, ecgmon.Alarm)}
    assert alarms == {"ventricular_beats_per_minute", "ventricular_couplet"}
    others = [row | {"device": "ecg"} for row in said(events) if row["type"] != "alarm"]
    assert others == expected


def test_a_stream_that_begins_elsewhere_begins_there(millivolts):
    stream = ecgmon.Stream("bed-1", fs_hz=FS, first_sample=100_000)
    events = stream.process(millivolts[0])
    assert min(event.sample for event in events) >= 100_000
    assert not any(isinstance(event, ecgmon.Gap) for event in events)


def test_a_flat_line_raises_asystole_in_a_stream_fed_with_arrays(millivolts):
    stream = ecgmon.Stream("bed-1", fs_hz=FS)
    stream.process(millivolts[0])
    still = np.random.default_rng(1).normal(0, 0.002, 10 * 360) + millivolts[0, -1]
    alarms = [event for event in stream.process(still) if isinstance(event, ecgmon.Alarm)]
    assert ("asystole", "high", "active") in {(a.kind, a.priority, a.state) for a in alarms}


def test_a_stream_with_named_leads_knows_a_single_frame(millivolts):
    stream = ecgmon.Stream("bed-1", FS, ("MLII", "V1"))
    for at in range(40):
        stream.process(millivolts[:, at : at + 1])
        assert stream.pipeline.processed == at + 1
    stream.process(millivolts[:, 40:60].T)
    assert stream.pipeline.processed == 60


def test_a_block_of_what_is_in_hand_names_its_leads(millivolts):
    of = ecgmon.SampleBlock.of
    assert of(millivolts[0], fs_hz=FS).leads == ("ECG",)
    assert of(millivolts, fs_hz=FS).leads == ("ECG 1", "ECG 2")
    named = of(millivolts.T, fs_hz=FS, leads=["MLII", "V1"], start=7, device="band")
    assert (named.leads, named.start, named.end, named.device) == (
        ("MLII", "V1"),
        7,
        7 + millivolts.shape[1],
        "band",
    )
    np.testing.assert_array_equal(named.samples_mv, millivolts)


def test_named_leads_tell_which_axis_is_time():
    frame = np.arange(12.0).reshape(3, 4)
    of = ecgmon.SampleBlock.of
    assert of(frame, fs_hz=FS, leads=("I", "II", "III")).samples_mv.shape == (3, 4)
    assert of(frame, fs_hz=FS, leads=("I", "II", "III", "V1")).samples_mv.shape == (4, 3)
    assert of(np.zeros((1, 12)), fs_hz=FS, leads=tuple("abcdefghijkl")).samples_mv.shape == (12, 1)
    assert of(np.zeros((12, 1)), fs_hz=FS, leads=("I",)).samples_mv.shape == (1, 12)


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(17, 400),
    leads=st.integers(1, 16),
    seed=st.integers(0, 2**16),
    scale=st.sampled_from([1, 1000]),
)
def test_the_longer_axis_is_time_and_no_value_is_changed(n, leads, seed, scale):
    rows = np.random.default_rng(seed).normal(0, 0.4, (leads, n))
    for form in (rows, rows.T, rows.astype(np.float32), rows.T.tolist()):
        out = as_millivolts(form, fs_hz=FS)
        assert out.shape == (leads, n)
        assert out.dtype == np.float64
        np.testing.assert_allclose(out, rows, atol=1e-6)
    counts = np.rint(rows * scale).astype(np.int32)
    np.testing.assert_allclose(as_millivolts(counts.T, fs_hz=FS, gain=scale, zero=5), (counts - 5) / scale)


def test_the_array_in_hand_is_not_changed(counts, calibration):
    before = counts.copy()
    run(counts, gain=calibration[0], zero=calibration[1])
    np.testing.assert_array_equal(counts, before)
