"""Annotation files are what wfdb reads: every symbol, any gap, in order, whole or not there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.events import Beat, Event, Quality, RhythmChange, SampleBlock
from ecgmon.monitor.outputs.annotations import AnnotationOutput
from ecgmon.monitor.wfdb.annotations import CODES, Annotation, encode

FS_HZ = 360.0


def beat(sample: int, symbol: str = "N", device: str = "200") -> Beat:
    return Beat(
        sample=sample,
        time_s=sample / FS_HZ,
        known_at=sample,
        device=device,
        symbol=symbol,
        aami="N",
        probabilities={},
        r_known_at=sample,
        rr_s=None,
        quality=1.0,
    )


def rhythm(sample: int, name: str, device: str = "200") -> RhythmChange:
    return RhythmChange(sample=sample, time_s=sample / FS_HZ, known_at=sample, rhythm=name, device=device)


def write(folder: Path, events: Iterable[Event]) -> None:
    with AnnotationOutput(folder) as output:
        for event in events:
            output.write([event])


def read(folder: Path, name: str = "200") -> list[tuple[int, str, str]]:
    found = wfdb.rdann(str(folder / name), "ecgmon")
    return [
        (int(s), y, (n or "").strip("\0"))
        for s, y, n in zip(found.sample, found.symbol, found.aux_note, strict=True)
    ]


def test_beats_and_rhythms_are_read_back(tmp_path: Path) -> None:
    write(tmp_path, [beat(0, "V"), beat(300), rhythm(300, "AFIB"), beat(5000, "L"), rhythm(6000, "VT")])
    assert read(tmp_path) == [
        (0, "V", ""),
        (300, "+", "(AFIB"),
        (300, "N", ""),
        (5000, "L", ""),
        (6000, "+", "(VT"),
    ]


@pytest.mark.parametrize("step", [0, 1, 1023, 1024, 65_535, 65_536, 2**24 + 7, 2**31 - 1])
def test_any_step_between_beats_survives(step: int, tmp_path: Path) -> None:
    (tmp_path / "200.ecgmon").write_bytes(
        encode(Annotation(100, "N"), 100) + encode(Annotation(100 + step, "V"), step) + b"\0\0"
    )
    assert read(tmp_path) == [(100, "N", ""), (100 + step, "V", "")]


def test_every_symbol_has_the_code_that_wfdb_knows(tmp_path: Path) -> None:
    path = tmp_path / "200.ecgmon"
    path.write_bytes(b"".join(encode(Annotation(0, symbol), 10) for symbol in CODES) + b"\0\0")
    assert [symbol for _, symbol, _ in read(tmp_path)] == list(CODES)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 60_000), st.sampled_from("NLRAVFQ/")), min_size=1, max_size=40, unique=True
    )
)
def test_events_in_any_order_within_the_window_come_out_in_order(
    rows: list[tuple[int, str]], tmp_path: Path
) -> None:
    write(tmp_path, [beat(sample, symbol) for sample, symbol in rows])
    assert read(tmp_path) == [(sample, symbol, "") for sample, symbol in sorted(rows)]


def test_a_rhythm_known_two_minutes_late_stands_where_it_began(tmp_path: Path) -> None:
    late = [beat(360 * second) for second in range(1, 1000)]
    late.insert(500, rhythm(360 * 380 + 7, "AFIB"))
    write(tmp_path, late)
    found = read(tmp_path)
    assert (360 * 380 + 7, "+", "(AFIB") in found
    assert found == sorted(found)
    assert len(found) == 1000


def test_winding_back_writes_no_beat_twice(tmp_path: Path) -> None:
    write(tmp_path, [beat(100), beat(400), beat(700), beat(400), beat(700), beat(1000)])
    assert [sample for sample, _, _ in read(tmp_path)] == [100, 400, 700, 1000]


def test_each_device_has_its_file_with_a_safe_name(tmp_path: Path) -> None:
    write(tmp_path, [beat(1, device="200"), beat(2, device="../ward/bed 2")])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "200.ecgmon",
        "__2e_.__2f_ward__2f_bed__20_2.ecgmon",
    ]


def test_a_stream_without_beats_has_an_empty_file(tmp_path: Path) -> None:
    write(tmp_path, [Quality(sample=0, time_s=0, known_at=359, device="200", index=0.0, reasons=("flat",))])
    assert (tmp_path / "200.ecgmon").read_bytes() == b"\0\0"


def test_the_file_has_its_name_only_when_whole(tmp_path: Path) -> None:
    with AnnotationOutput(tmp_path) as output:
        output.write([beat(1)])
        assert not (tmp_path / "200.ecgmon").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["200.ecgmon"]


def fail_after_a_beat(folder: Path) -> None:
    with AnnotationOutput(folder) as output:
        output.write([beat(1)])
        raise RuntimeError("the source died")


def test_a_run_that_fails_leaves_no_file_that_looks_whole(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="died"):
        fail_after_a_beat(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["200.ecgmon.incomplete"]


@pytest.mark.parametrize("beats", [700, 20_000], ids=["at the end", "in the middle"])
def test_a_full_disk_is_one_error_and_leaves_nothing(beats: int, tmp_path: Path, small_disk) -> None:
    with small_disk(), pytest.raises(OutputError, match="File too large"):
        write(tmp_path, [beat(360 * second) for second in range(beats)])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written to"):
        write(tmp_path / "file" / "below", [])


def test_a_device_that_changes_its_rate_is_annotated_at_its_first(tmp_path: Path) -> None:
    with AnnotationOutput(tmp_path) as output:
        for fs_hz in (FS_HZ, 180.0, 720.0):
            output.take(SampleBlock(np.zeros((1, 1)), 0, fs_hz, "200"))
            at = round({FS_HZ: 10, 180.0: 20, 720.0: 30}[fs_hz] * fs_hz)
            output.write([replace(beat(at), time_s=at / fs_hz)])
    assert [sample for sample, _, _ in read(tmp_path)] == [3600, 7200, 10800]
