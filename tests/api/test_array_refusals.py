"""What cannot be understood is refused, and the error says what to do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ecgmon
from ecgmon.monitor.core.samples import as_millivolts


@pytest.fixture(scope="module")
def pipeline() -> ecgmon.Pipeline:
    return ecgmon.Pipeline(fs_hz=250)


def refusal(pipeline: ecgmon.Pipeline, values: object, **words: object) -> str:
    """Return why values are refused; nothing of them may have been taken."""
    before = pipeline.processed
    with pytest.raises(ecgmon.SignalError) as caught:
        pipeline.process(values, **words)
    assert pipeline.processed == before
    assert caught.value.hint
    assert isinstance(caught.value, ValueError)
    return str(caught.value)


@pytest.mark.parametrize("shape", [(3, 4), (8, 8), (1, 10), (10, 1), (16, 16), (500, 500), (17, 17)])
def test_axes_that_cannot_be_told_apart_are_refused(pipeline, shape):
    said = refusal(pipeline, np.zeros(shape))
    assert str(shape) in said
    assert "leads=" in said


@pytest.mark.parametrize("values", [np.zeros((2, 3, 100)), np.float64(0.3), 0.3])
def test_neither_a_single_number_nor_three_dimensions_are_a_signal(pipeline, values):
    assert "one dimension, or two" in refusal(pipeline, values)


@pytest.mark.parametrize(
    "values", [[1, 2, 3], np.arange(50), np.arange(50, dtype=np.uint8), [[1] * 40, [2] * 40]]
)
def test_whole_numbers_without_a_gain_are_refused_with_the_way_out(pipeline, values):
    said = refusal(pipeline, values)
    assert "gain=" in said
    assert "floats" in said


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.zeros(40, complex), "complex128"),
        (["0.1"] * 40, "<U3"),
        ("0.1 0.2", "<U7"),
        (np.zeros(40, bool), "bool"),
        (np.zeros(40, "datetime64[s]"), "datetime64"),
        ([0.1, None, 0.2], "not a number"),
        ([0.1, "x", object()], "not a number"),
        ({"ecg": [0.1]}, "not a number"),
        ([[0.1, 0.2], [0.3]], "different lengths"),
    ],
)
def test_what_is_no_real_number_is_refused(pipeline, values, words):
    assert words in refusal(pipeline, values)


def test_a_column_of_pandas_that_holds_objects_is_refused_with_the_way_out(pipeline):
    pandas = pytest.importorskip("pandas")
    column = pandas.Series([100, None, 120] * 20, dtype=object)
    assert "to_numpy" in refusal(pipeline, column, gain=200)
    taken = as_millivolts(column.to_numpy(float, na_value=np.nan), fs_hz=250, gain=200)
    np.testing.assert_array_equal(taken[0, :3], [0.5, np.nan, 0.6])


def test_a_column_of_times_in_front_is_refused(pipeline):
    seconds = np.arange(500) / 250
    wave = np.sin(seconds * 7)
    for clock in (seconds, seconds + 1.7e9, np.rint(seconds * 1000)):
        assert "column of times" in refusal(pipeline, np.stack([clock, wave], axis=1))
        assert "[:, 1:]" in refusal(pipeline, np.stack([clock, wave]))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**16), st.sampled_from([125.0, 250.0, 1000.0]), st.floats(0.0, 0.5))
def test_a_drifting_ecg_is_not_taken_for_a_clock(seed, fs_hz, drift_mv_per_s):
    rng = np.random.default_rng(seed)
    seconds = np.arange(int(3 * fs_hz)) / fs_hz
    beats = np.exp(-(((seconds % 0.8) - 0.4) ** 2) / 2e-4)
    lead = beats + drift_mv_per_s * seconds + rng.normal(0, 0.01, seconds.size)
    assert as_millivolts(np.stack([lead, lead]), fs_hz=fs_hz).shape == (2, seconds.size)


@pytest.mark.parametrize("gain", [0, -200, float("nan"), float("inf"), [200, 200, 200]])
def test_a_gain_that_makes_no_sense_is_refused(pipeline, gain):
    assert "gain" in refusal(pipeline, np.arange(80).reshape(2, 40)[:, ::-1], gain=gain)


def test_zero_without_gain_is_refused(pipeline):
    assert "zero= is given without gain=" in refusal(pipeline, np.zeros(40), zero=512)


def test_zeros_for_other_leads_are_refused(pipeline):
    assert "zero=" in refusal(pipeline, np.zeros((2, 40), int), gain=200, zero=[1, 2, 3])


@pytest.mark.parametrize("leads", [("I",), ("I", "II", "III")])
def test_names_that_do_not_fit_the_leads_are_refused(leads):
    with pytest.raises(ecgmon.SignalError, match="do not fit"):
        ecgmon.SampleBlock.of(np.zeros((2, 400)), fs_hz=250, leads=leads)
    with pytest.raises(ecgmon.SignalError, match="do not fit"):
        ecgmon.SampleBlock.of(np.zeros(400), fs_hz=250, leads=("I", "II"))


def test_what_a_block_says_itself_is_not_said_again(pipeline):
    block = ecgmon.SampleBlock.of(np.zeros(250), fs_hz=250)
    assert "says itself" in refusal(pipeline, block, start=10)
    assert "says itself" in refusal(pipeline, block, gain=200)
    assert "says itself" in refusal(pipeline, block, zero=512)


def test_a_block_of_another_rate_is_refused(pipeline):
    assert "360 Hz, the stream at 250 Hz" in refusal(
        pipeline, ecgmon.SampleBlock.of(np.zeros(360), fs_hz=360)
    )
    stream = ecgmon.Stream("bed-1", fs_hz=250)
    with pytest.raises(ecgmon.SignalError, match="360 Hz"):
        stream.process(ecgmon.SampleBlock.of(np.zeros(360), fs_hz=360))


def test_a_stream_of_two_named_leads_refuses_three():
    stream = ecgmon.Stream("bed-1", 250, ("I", "II"))
    with pytest.raises(ecgmon.SignalError, match="do not fit 2 leads"):
        stream.process(np.zeros((3, 250)))


def test_a_refused_array_leaves_the_stream_as_it_was(millivolts):
    stream, other = ecgmon.Stream("bed-1", 360), ecgmon.Stream("bed-1", 360)
    events = stream.process(millivolts[0, :4000])
    with pytest.raises(ecgmon.SignalError):
        stream.process(["x"])
    events += stream.process(millivolts[0, 4000:])
    assert events == other.process(millivolts[0, :4000]) + other.process(millivolts[0, 4000:])


@pytest.mark.parametrize("fs_hz", [0.0, 20.0, 49.99, 10_000.5, 44_100.0, float("nan"), float("inf"), -250.0])
@pytest.mark.parametrize("make", [lambda fs: ecgmon.Pipeline(fs_hz=fs), lambda fs: ecgmon.Stream("a", fs)])
def test_a_rate_that_cannot_be_served_is_refused_with_the_way_out(make, fs_hz):
    with pytest.raises(ecgmon.SignalError, match=r"50 to 10,000 Hz can.*Resample the signal first.*fs_hz"):
        make(fs_hz)


@pytest.mark.parametrize(
    "words", [{"gain": "x"}, {"gain": 200, "zero": "a"}, {"gain": np.nan}, {"gain": np.inf}]
)
def test_a_gain_that_is_no_finite_number_is_refused_as_such(
    pipeline: ecgmon.Pipeline, words: dict[str, object]
) -> None:
    told = refusal(pipeline, np.ones(100), **words)
    assert "is no number" in told or "is not finite" in told


def test_a_table_without_a_lead_holds_nothing(pipeline: ecgmon.Pipeline) -> None:
    assert pipeline.process(np.empty((0, 100))) == []


@pytest.mark.parametrize("start", [1.5, "1", np.nan, 800.0])
def test_a_start_that_is_no_index_is_refused(pipeline: ecgmon.Pipeline, start: object) -> None:
    assert "no whole number" in refusal(pipeline, np.ones(100), start=start)


def test_a_rate_in_the_place_of_the_settings_is_told_how_to_write_it():
    with pytest.raises(ecgmon.SettingsError, match=r"Write Pipeline\(fs_hz=360\)"):
        ecgmon.Pipeline(360)
