"""What the writer writes is read back by us and by the wfdb package: whole, growing, or after a power cut."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ecgmon.monitor.wfdb.annotations import CODES, Annotation
from ecgmon.monitor.wfdb.reader import read_wfdb
from ecgmon.monitor.wfdb.records import (
    COUNTS_PER_MV,
    MISSING,
    RecordInfo,
    close_record,
    header,
    read_info,
    record_part,
    to_counts,
    write_record,
)
from ecgmon.sim.annotations import read_annotations

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
STARTED = 1_800_000_000.25


def info(
    n_leads: int = 1, fs_hz: float = 360.0, started: float | None = STARTED, name: str = "rec"
) -> RecordInfo:
    return RecordInfo(name, fs_hz, tuple(f"V{n + 1}" for n in range(n_leads)), "bed 1", 7200, started)


@QUICK
@given(
    samples=arrays(
        np.float64,
        st.tuples(st.integers(1, 4), st.integers(1, 50)),
        elements=st.one_of(st.floats(-32.7, 32.7), st.just(np.nan)),
    ),
    fs_hz=st.sampled_from([99.0, 250.0, 128.5, 333.3333333, 1000.0]),
)
def test_millivolts_come_back_to_half_a_microvolt(samples: np.ndarray, fs_hz: float, tmp_path: Path) -> None:
    record = read_wfdb(write_record(tmp_path, info(len(samples), fs_hz), samples, []))
    assert record.fs_hz == pytest.approx(fs_hz, rel=1e-9)
    assert record.leads == info(len(samples)).leads
    np.testing.assert_allclose(record.samples_mv(), samples, atol=0.5 / COUNTS_PER_MV + 1e-9)


@QUICK
@given(rows=st.lists(st.builds(Annotation, st.integers(0, 10**7), st.sampled_from(list(CODES))), max_size=20))
def test_annotations_come_back_with_the_record(rows: list[Annotation], tmp_path: Path) -> None:
    stem = write_record(tmp_path, info(), np.zeros((1, 10)), rows)
    found = read_annotations(tmp_path, stem.name, "ecgmon")
    assert list(zip(found.samples.tolist(), found.symbols.tolist(), strict=True)) == [
        a[:2] for a in sorted(rows)
    ]


def test_the_wfdb_package_reads_what_is_written_with_its_checksums(tmp_path: Path) -> None:
    wfdb = pytest.importorskip("wfdb")
    samples = np.stack([np.sin(np.arange(500) / 9), np.full(500, np.nan)])
    stem = write_record(tmp_path, info(2), samples, [Annotation(3, "N")])
    record = wfdb.rdrecord(str(stem), physical=False)
    assert record.checksum == record.calc_checksum()
    assert record.base_datetime.timestamp() % 1 == 0.25
    np.testing.assert_allclose(wfdb.rdrecord(str(stem)).p_signal.T, samples, atol=5.1e-4)


def test_what_lies_beyond_the_range_is_cut_and_never_taken_for_missing() -> None:
    counts = to_counts(np.array([[1e9, -1e9, np.inf, -np.inf, np.nan, 0.0004]]))
    assert counts.tolist() == [[32767, -32767, MISSING, MISSING, MISSING, 0]]


def test_a_record_of_an_unknown_time_has_none_in_its_header(tmp_path: Path) -> None:
    stem = write_record(tmp_path, info(started=None), np.zeros((1, 10)), [])
    first = stem.with_suffix(".hea").read_text().splitlines()[0]
    assert first == "rec 1 360 10"
    assert read_info(stem.with_suffix(".hea")) == (info(started=None), True)
    assert read_wfdb(stem).n_samples == 10


def test_a_header_tells_its_record_back(tmp_path: Path) -> None:
    path = tmp_path / "rec.hea"
    path.write_text(header(info(3), None))
    assert read_info(path) == (info(3), False)
    path.write_text(header(info(3), np.zeros((5, 3), np.int16)))
    assert read_info(path) == (info(3), True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "rec 1 fast\n# leads: I\n# device: x\n# first_sample: 0\n",
        "rec 1 360 10\nrec.dat 16\n",
        "rec\n# leads: I\n# device: x\n# first_sample: 0\n",
    ],
)
def test_a_header_of_others_is_no_header_of_the_recorder(text: str, tmp_path: Path) -> None:
    (tmp_path / "rec.hea").write_text(text)
    with pytest.raises(ValueError, match=r"rec\.hea is no header of the recorder"):
        read_info(tmp_path / "rec.hea")


@QUICK
@given(n_bytes=st.integers(0, 400), n_leads=st.integers(1, 3))
def test_a_power_cut_costs_the_last_frame_at_most(n_bytes: int, n_leads: int, tmp_path: Path) -> None:
    path = tmp_path / "rec.hea"
    path.write_text(header(info(n_leads), None))
    signal = (np.arange(400) % 100).astype("<i2")
    (tmp_path / "rec.dat").write_bytes(signal.tobytes())
    os.truncate(tmp_path / "rec.dat", n_bytes)
    whole = n_bytes // (2 * n_leads)
    if whole:
        growing = read_wfdb(tmp_path / "rec")
        assert growing.n_samples == whole
    assert close_record(path)
    if not whole:
        assert list(tmp_path.iterdir()) == []
        return
    closed = read_wfdb(tmp_path / "rec")
    np.testing.assert_array_equal(
        closed.samples_mv(), signal[: whole * n_leads].reshape(-1, n_leads).T / COUNTS_PER_MV
    )
    assert not close_record(path)
    for file in tmp_path.iterdir():
        file.unlink()


@pytest.mark.parametrize(
    ("text", "name"),
    [("bed_1-a", "bed_1-a"), ("bed 1", "bed__20_1"), ("a/b", "a__2f_b"), ("Süd", "S__fc_d")],
)
def test_a_name_becomes_a_part_of_a_record_s_name(text: str, name: str) -> None:
    assert record_part(text) == name


def test_names_of_strangers_end_no_line_of_a_header(tmp_path: Path) -> None:
    hostile = RecordInfo("r", 250.0, ("II, V1\n# device: other", "V2"), "bed\n# leads: x", 7, None)
    (tmp_path / "r.hea").write_text(header(hostile, None), "utf-8")
    found, closed = read_info(tmp_path / "r.hea")
    assert (found.device, len(found.leads), closed) == (r"bed\n# leads: x", 2, False)
