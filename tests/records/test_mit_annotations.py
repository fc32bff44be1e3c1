"""Annotations come back from the MIT format as they went in, from our files and from everybody's."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
import wfdb
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.wfdb.annotation_file import ORDER_WINDOW_S, AnnotationFile
from ecgmon.monitor.wfdb.annotations import (
    CODES,
    Annotation,
    annotation_bytes,
    decode,
    encode,
    read_annotation_file,
)
from ecgmon.monitor.wfdb.header import DamagedError
from ecgmon.sim.annotations import read_annotations
from ecgmon.sim.library import BUNDLED

NOTES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60).filter(
    lambda note: not note.startswith("##")
)
ANNOTATIONS = st.lists(
    st.builds(Annotation, st.integers(0, 2**33), st.sampled_from(list(CODES)), NOTES, st.integers(-128, 127)),
    max_size=30,
)


def word(code: int, value: int) -> bytes:
    return struct.pack("<H", code << 10 | value)


@given(ANNOTATIONS)
def test_annotations_come_back_in_order_over_gaps_of_any_length(annotations: list[Annotation]) -> None:
    found, rate = decode(annotation_bytes(annotations))
    assert found == sorted(annotations)
    assert rate is None


@given(st.integers(0, 2**40), st.sampled_from("NV+"))
def test_one_step_of_any_length_survives(step: int, symbol: str) -> None:
    found, _ = decode(encode(Annotation(step, symbol), step) + b"\0\0")
    assert found == [Annotation(step, symbol)]


@given(ANNOTATIONS, st.integers(0, 400))
def test_a_file_cut_anywhere_gives_what_is_whole_or_is_refused(
    annotations: list[Annotation], cut: int
) -> None:
    data = annotation_bytes(annotations)[:cut]
    try:
        found, _ = decode(data)
    except DamagedError:
        return
    # a note may be what was cut off
    assert [a[:2] for a in found] == [a[:2] for a in sorted(annotations)[: len(found)]]


@given(st.binary(max_size=200))
def test_any_bytes_are_annotations_or_refused(data: bytes) -> None:
    try:
        found, _ = decode(data)
    except DamagedError:
        return
    assert all(isinstance(a.sample, int) and a.symbol for a in found)


def test_subtype_channel_and_number_belong_to_an_annotation_and_the_last_two_are_passed_over() -> None:
    data = (
        word(1, 100)
        + word(61, 3)
        + word(62, 1)
        + word(60, 200)
        + word(63, 4)
        + b"(N\0\0"
        + word(5, 20)
        + b"\0\0"
    )
    assert decode(data)[0] == [Annotation(100, "N", "(N", 3), Annotation(120, "V")]


@pytest.mark.parametrize("subtype", [-128, -1, 1, 127])
def test_a_subtype_keeps_its_sign_and_ends_with_its_annotation(subtype: int) -> None:
    written = [Annotation(5, "~", "", subtype), Annotation(9, "~", "loose", subtype), Annotation(12, "N")]
    assert decode(annotation_bytes(written))[0] == written


def test_subtypes_are_those_that_the_wfdb_package_reads() -> None:
    path = BUNDLED / "mitdb" / "200.atr"
    theirs = wfdb.rdann(str(path.with_suffix("")), "atr")
    ours = read_annotation_file(path)
    assert ours.subtypes.tolist() == theirs.subtype.tolist()
    assert set(ours.subtypes.tolist()) != {0}


def test_a_note_of_odd_length_is_padded() -> None:
    data = word(28, 5) + word(63, 5) + b"(AFIB\0" + word(1, 7) + b"\0\0"
    assert decode(data)[0] == [Annotation(5, "+", "(AFIB"), Annotation(12, "N")]


def test_a_long_step_may_lead_back() -> None:
    back = struct.pack("<HHH", 59 << 10, 0xFFFF, 0x10000 - 50)
    data = word(1, 100) + back + word(5, 0) + b"\0\0"
    assert decode(data)[0] == [Annotation(100, "N"), Annotation(50, "V")]


def test_symbols_that_a_file_defines_are_its_own_and_undefined_ones_show_their_code() -> None:
    def note(text: str) -> bytes:
        return word(22, 0) + word(63, len(text)) + text.encode() + b"\0" * (len(text) % 2)

    head = note("## annotation type definitions") + note("42 Z extra beat") + note("## end of definitions")
    data = head + word(42, 10) + word(43, 10) + word(22, 10) + b"\0\0"
    assert decode(data)[0] == [Annotation(10, "Z"), Annotation(20, "[43]"), Annotation(30, '"')]


def test_a_comment_at_the_first_sample_is_kept() -> None:
    data = annotation_bytes([Annotation(0, '"', "asystole: No beat")])
    assert decode(data)[0] == [Annotation(0, '"', "asystole: No beat")]


def test_nothing_behind_the_mark_of_the_end_is_read() -> None:
    assert decode(word(1, 5) + b"\0\0" + b"\xff" * 7 + b"\xff")[0] == [Annotation(5, "N")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x01", "odd"),
        (word(63, 4) + b"(N\0\0", "begin with an annotation"),
        (word(61, 4), "begin with an annotation"),
        (word(1, 5) + word(63, 40) + b"(N", "middle of a note"),
        (word(59, 0) + b"\1\0", "middle of a long step"),
        (b"\xff" * 300, "begin with an annotation"),
    ],
)
def test_a_damaged_file_is_refused_with_what_is_wrong(data: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(DamagedError, match=reason):
        decode(data)
    (tmp_path / "200.qrs").write_bytes(data)
    with pytest.raises(RecordError, match=rf"200\.qrs is damaged: .*{reason}"):
        read_annotations(tmp_path, "200", "qrs")


def test_a_missing_annotation_file_names_what_to_correct(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"no annotation file .*200\.qrs.*--annotator"):
        read_annotations(tmp_path, "200", "qrs")


@pytest.mark.parametrize("record", ["100", "200", "207", "232"])
def test_reference_annotations_are_those_that_the_wfdb_package_reads(record: str) -> None:
    wfdb = pytest.importorskip("wfdb")
    expected = wfdb.rdann(str(BUNDLED / "mitdb" / record), "atr")
    found = read_annotation_file(BUNDLED / "mitdb" / f"{record}.atr")
    assert found.samples.tolist() == expected.sample.tolist()
    assert found.symbols.tolist() == expected.symbol
    assert found.notes.tolist() == [note.strip("\0 ") for note in expected.aux_note]


def test_the_wfdb_package_reads_long_steps_and_notes_of_ours(tmp_path: Path) -> None:
    wfdb = pytest.importorskip("wfdb")
    written = [Annotation(3, "N", "first"), Annotation(2000, "+", "(VT"), Annotation(2**31 + 2000, "V")]
    (tmp_path / "x.ecgmon").write_bytes(annotation_bytes(written))
    found = wfdb.rdann(str(tmp_path / "x"), "ecgmon")
    assert found.sample.tolist() == [a.sample for a in written]
    assert found.symbol == [a.symbol for a in written]
    assert found.aux_note == [a.note for a in written]


@given(st.lists(st.tuples(st.integers(0, 100_000), st.sampled_from("NV")), unique=True, max_size=40))
def test_a_growing_file_is_in_order_however_late_annotations_become_known(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, str]]
) -> None:
    path = tmp_path_factory.mktemp("grow") / "200.ecgmon"
    file = AnnotationFile(path)
    span_s = 100_000 / ORDER_WINDOW_S  # so that all fit into the window in which order is put right
    for sample, symbol in rows:
        file.add(Annotation(sample, symbol), sample / span_s)
    assert not path.exists()
    file.finish(whole=True)
    assert decode(path.read_bytes())[0] == sorted(Annotation(*row) for row in rows)


def test_a_growing_file_that_failed_has_another_name_and_a_discarded_one_none(tmp_path: Path) -> None:
    failed = AnnotationFile(tmp_path / "a.ecgmon")
    failed.add(Annotation(1, "N"), 0.0)
    failed.finish(whole=False)
    AnnotationFile(tmp_path / "b.ecgmon").discard()
    assert [path.name for path in tmp_path.iterdir()] == ["a.ecgmon.incomplete"]
