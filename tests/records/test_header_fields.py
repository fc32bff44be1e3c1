"""A header is understood field by field, whatever stands where nothing is needed, or one field is blamed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.monitor.wfdb.header import DamagedError, Header, SegmentHeader, decode_text, parse_header


def header(*lines: str) -> Header:
    return parse_header("\n".join(lines))


def test_every_field_of_a_header_is_understood() -> None:
    read = header(
        "rec 2 62.5/1000(3) 1875 12:30:00.5 01/02/2003",
        "rec.dat 16x4:2+24 1000.5(-3411)/uV 16 7 -17 -18130 512 MCL1 of the chest",
        "rec.dat 16 200/mV",
    )
    assert (read.frame_hz, read.n_frames) == (62.5, 1875)
    first, second = read.signals
    assert (first.file, first.format, first.samples_per_frame) == ("rec.dat", 16, 4)
    assert (first.skew_frames, first.byte_offset) == (2, 24)
    assert (first.gain, first.baseline, first.unit) == (1000.5, -3411, "uV")
    assert (first.first, first.checksum, first.name) == (-17, -18130, "MCL1 of the chest")
    assert (second.gain, second.baseline, second.checksum, second.name) == (200, 0, None, "")


def test_what_a_header_leaves_out_has_the_defaults_of_the_format() -> None:
    read = header("rec 1", "rec.dat 212")
    assert (read.frame_hz, read.n_frames) == (250, None)
    (signal,) = read.signals
    assert (signal.gain, signal.baseline, signal.unit, signal.samples_per_frame) == (200, 0, "mV", 1)


def test_a_baseline_that_is_left_out_is_the_zero_of_the_converter() -> None:
    (signal,) = header("100 1 360 650000", "100.dat 212 200 11 1024 995 -22131 0 MLII").signals
    assert signal.baseline == 1024


@pytest.mark.parametrize("gain", ["0", "0.0", "0(5)/mV"])
def test_a_gain_of_zero_means_uncalibrated_and_two_hundred_is_taken(gain: str) -> None:
    assert header("rec 1 250 10", f"rec.dat 16 {gain}").signals[0].gain == 200


@pytest.mark.parametrize(
    "date",
    [
        "",
        " 08:00:00 2006",
        " 12-May-2020 12:33:59",
        " 12:33:59 31/02/2020",
        " [nobody knows] ?",
        " 25:61:61 99/99/9999",
        " 8:00",
    ],
)
def test_time_and_date_may_be_anything(date: str) -> None:
    assert header(f"rec 1 300 6000{date}", "rec.dat 16").n_frames == 6000


def test_a_time_in_place_of_the_length_leaves_the_length_open() -> None:
    assert header("rec 1 300 12:00:00", "rec.dat 16").n_frames is None


@pytest.mark.parametrize(
    "text",
    [
        "# first a comment\n\nrec 1 250 10\n\n# and one between\nrec.dat 16\n# and last\n",
        "rec 1 250 10\r\nrec.dat 16\r\n",
        "\ufeffrec 1 250 10\nrec.dat 16\n",
        "  rec\t1  250\t10  \n\trec.dat\t16\t\n",
    ],
    ids=["comments", "dos", "byte order mark", "blanks and tabs"],
)
def test_comments_blank_lines_and_other_systems_line_ends_do_no_harm(text: str) -> None:
    read = parse_header(decode_text(text.encode("utf-8")))
    assert read.n_frames == 10
    assert read.signals[0].file == "rec.dat"


@pytest.mark.parametrize("unit", ["uV", "UV", "µV", "\u03bcV", "microvolts"])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_microvolts_are_microvolts_in_any_spelling(unit: str, encoding: str) -> None:
    if encoding == "latin-1" and not unit.isascii():
        unit = "\u00b5V"  # the only micro sign that Latin-1 has
    data = f"rec 1 250 10\nrec.dat 16 1000/{unit} 16 0 0 0 0 II\n".encode(encoding)
    assert parse_header(decode_text(data)).signals[0].mv_per_unit == 1e-3


@pytest.mark.parametrize(
    ("unit", "mv"), [("V", 1000), ("mV", 1), ("nV", 1e-6), ("mmHg", None), ("bpm", None), ("NU", None)]
)
def test_only_volts_become_millivolts(unit: str, mv: float | None) -> None:
    assert header("rec 1 250 10", f"rec.dat 16 200/{unit}").signals[0].mv_per_unit == mv


def test_segments_are_named_with_their_lengths_and_gaps() -> None:
    read = header("rec/3 2 250 700", "rec_layout 0", "~ 200", "rec_1 500")
    assert read.segments == (
        SegmentHeader("rec_layout", 0),
        SegmentHeader("~", 200),
        SegmentHeader("rec_1", 500),
    )
    assert read.signals == ()


def test_a_name_with_its_database_is_not_taken_for_segments() -> None:
    read = header("svdb/800 2 128 230400", "800.dat 212 200", "800.dat 212 200")
    assert len(read.signals) == 2
    assert read.segments == ()


@pytest.mark.parametrize(
    ("lines", "blamed"),
    [
        ([""], "empty"),
        (["# only a comment"], "empty"),
        (["rec"], "number of signals"),
        (["rec two 250 10"], "number of signals"),
        (["rec -1 250 10"], "number of signals"),
        (["rec 1 0 10", "rec.dat 16"], "sampling rate is 0"),
        (["rec 1 -250 10", "rec.dat 16"], "sampling rate is -250"),
        (["rec 1 nan 10", "rec.dat 16"], "sampling rate is nan"),
        (["rec 1 inf 10", "rec.dat 16"], "sampling rate is inf"),
        (["rec 1 fast 10", "rec.dat 16"], "sampling rate, 'fast'"),
        (["rec 1 250 ten", "rec.dat 16"], "number of samples, 'ten'"),
        (["rec 1 250 -10", "rec.dat 16"], "number of samples, '-10'"),
        (["rec 2 250 10", "rec.dat 16"], "announces 2 signals and describes 1"),
        (["rec 1 250 10", "rec.dat"], "signal 0 lacks a format"),
        (["rec 1 250 10", "rec.dat sixteen"], "format of signal 0, 'sixteen'"),
        (["rec 1 250 10", "rec.dat 16 1e999/mV"], "gain of signal 0"),
        (["rec/2 3 250 10", "part 10"], "announces 2 segments and names 1"),
        (["rec/0 1 250 10", "part 10"], "number of segments is 0"),
        (["rec/1 2 250 10", "part"], "lacks a length"),
        (["rec/1 2 250 10", "part ten"], "length of segment part"),
        (["rec 1 250 " + "9" * 5000, "rec.dat 16"], "is absurd"),
        (["rec " + "9" * 5000 + " 250 10"], "is absurd"),
        (["rec 1 250 10", "rec.dat " + "1" * 5000], "makes no sense"),
    ],
)
def test_a_field_that_makes_no_sense_is_named(lines: list[str], blamed: str) -> None:
    with pytest.raises(DamagedError, match=blamed) as refusal:
        header(*lines)
    assert len(str(refusal.value)) < 200


@given(st.binary(max_size=300))
def test_any_bytes_are_understood_or_refused(data: bytes) -> None:
    try:
        read = parse_header(decode_text(data))
    except DamagedError:
        return
    assert read.frame_hz > 0


FIELD = st.one_of(
    st.sampled_from(
        ["rec", "rec/2", "0", "1", "2", "250", "16", "212x4:1+8", "-1", "200(3)/mV", "~", "1e400", "#"]
    ),
    st.text(max_size=6),
    st.integers(-(10**20), 10**20).map(str),
)


@given(st.lists(st.lists(FIELD, max_size=9).map(" ".join), max_size=5).map("\n".join))
def test_any_arrangement_of_fields_is_understood_or_refused(text: str) -> None:
    try:
        read = parse_header(text)
    except DamagedError:
        return
    assert read.frame_hz > 0
    assert all(signal.samples_per_frame >= 1 for signal in read.signals)


def test_comments_are_kept_wherever_they_stand_and_empty_ones_are_not() -> None:
    read = header("# before", "rec 1 250 10", "#<age>: 60", "rec.dat 16", "#", "#   ", "#last  ")
    assert read.comments == ("before", "<age>: 60", "last")
    assert header("rec/1 1 250 10", "rec_0 10", "# of segments").comments == ("of segments",)
    assert header("rec 1", "rec.dat 212").comments == ()
