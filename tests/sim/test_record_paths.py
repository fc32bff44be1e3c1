"""Any path that people have in hand leads to its record, or to the advice what to name instead."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.ingest.replay import ReplaySource
from ecgmon.sim.library import BUNDLED, device_name, find_record
from ecgmon.sim.record import read_record

HEADER = "{0} 1 300 600 12-May-2020 12:33:59\n{1} 16+24 1000/mV 16 0 0 0 0 II\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ECGMON_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "no cache"))
    monkeypatch.chdir(tmp_path)


def put(folder: Path, name: str = "A1", signal: str | None = None) -> Path:
    """Write a small record of a challenge; return its path without suffix."""
    folder.mkdir(parents=True, exist_ok=True)
    signal = signal or f"{name}.mat"
    (folder / f"{name}.hea").write_text(HEADER.format(name, signal))
    (folder / signal).write_bytes(bytes(24) + bytes(1200))
    return folder / name


@pytest.mark.parametrize(
    "text", ["./A1", "A1.mat", "./A1.mat", "A1.hea", "./A1.hea", "{here}/A1", "{here}/A1.mat", "A1", "."]
)
def test_a_record_beside_the_user_is_found_by_any_of_its_names(text: str, tmp_path: Path) -> None:
    put(tmp_path)
    found = find_record(text.format(here=tmp_path), download=False)
    assert found.resolve() == tmp_path / "A1"
    assert read_record(text.format(here=tmp_path), download=False).n_samples == 600


@pytest.mark.parametrize("text", ["set/A1", "set/A1.mat", "./set/A1.hea", "set", "set/", "./set"])
def test_a_record_in_a_folder_is_found_with_or_without_a_leading_dot(text: str, tmp_path: Path) -> None:
    put(tmp_path / "set")
    assert find_record(text, download=False).resolve() == tmp_path / "set" / "A1"


def test_a_name_is_a_name_though_a_file_of_that_name_lies_beside(tmp_path: Path) -> None:
    put(tmp_path, "100")
    assert find_record("100") == BUNDLED / "mitdb" / "100"
    assert find_record("./100").resolve() == tmp_path / "100"


def test_annotation_files_of_any_annotator_lead_to_the_record(tmp_path: Path) -> None:
    put(tmp_path)
    for suffix in ("atr", "qrs", "ecgmon"):
        (tmp_path / f"A1.{suffix}").write_bytes(b"\0\0")
        assert find_record(f"A1.{suffix}") == Path("A1")


def test_a_name_with_a_dot_is_not_cut(tmp_path: Path) -> None:
    put(tmp_path, "visit.2")
    put(tmp_path, "visit")
    assert find_record("./visit.2") == Path("visit.2")
    assert device_name("./visit.2") == "visit.2"


def test_a_signal_file_of_another_name_leads_to_the_header_that_names_it(tmp_path: Path) -> None:
    put(tmp_path, "A1", signal="raw.dat")
    assert find_record("./raw.dat") == Path("A1")


def test_a_home_folder_may_be_written_as_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    put(tmp_path / "ecg")
    assert find_record("~/ecg/A1.mat") == tmp_path / "ecg" / "A1"


def test_a_folder_of_several_records_lists_them_and_says_how_to_name_one(tmp_path: Path) -> None:
    for number in range(12):
        put(tmp_path / "set", f"r{number:02}")
    with pytest.raises(
        RecordError, match=r"folder of 12 records: r00, .*r07 and 4 more\. Name one, such as \./set/r00"
    ):
        find_record("set", download=False)


def test_segments_of_a_record_are_no_records_of_a_folder(tmp_path: Path) -> None:
    put(tmp_path / "set", "s1")
    put(tmp_path / "set", "s2")
    (tmp_path / "set" / "whole.hea").write_text("whole/2 1 300\ns1 600\ns2 600\n")
    assert find_record("./set") == Path("set/whole")


def test_a_folder_of_databases_says_how_to_name_a_record(tmp_path: Path) -> None:
    put(tmp_path / "data" / "mitdb", "100")
    put(tmp_path / "data" / "svdb", "800")
    with pytest.raises(
        RecordError,
        match=r"folder of databases: mitdb, svdb\. Name a record, such as --data-dir data mitdb/100",
    ):
        find_record("./data")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("holter.bdf", "Convert it to EDF"),
        ("holter.csv", "wrsamp"),
        ("holter.mat", "WFDB header"),
        ("holter.zip", "Unpack"),
        ("holter.dat", r"header file holter\.hea beside it"),
        ("holter.xyz", r"header file holter\.hea beside it"),
        ("holter", r"header file holter\.hea beside it"),
    ],
)
def test_a_file_that_is_no_record_gets_advice(name: str, advice: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"something")
    with pytest.raises(RecordError, match=advice):
        find_record(f"./{name}")


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("./A2", r"Did you mean \./A1\?"),
        ("./A2.mat", r"Expected a header file A2\.hea|Did you mean"),
        ("./zzzzzz", r"Expected a header file zzzzzz\.hea there"),
        ("./nowhere/A1", r"The folder nowhere does not exist"),
        ("./pipe", "neither a file nor a folder"),
        ("./" + "x" * 5000, r"There is no record at .*… The path cannot be used|There is no record"),
        ("x" * 5000, "is not here"),
        ("~nobody-of-that-name/A1", "The path cannot be used"),
    ],
)
def test_a_path_with_nothing_there_gets_advice(text: str, advice: str, tmp_path: Path) -> None:
    put(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RecordError, match=advice):
        find_record(text, download=False)


def test_an_empty_folder_says_what_a_record_is(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RecordError, match=r"no record in the folder empty\. A record has a header file"):
        find_record("./empty")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("200", "200"),
        ("svdb/800", "800"),
        ("./set/A1", "A1"),
        ("./set/A1.mat", "A1"),
        ("./set", "A1"),
        ("./set/", "A1"),
        ("holter.edf", "holter"),
        ("./nowhere/x.hea", "x"),
    ],
)
def test_a_replay_is_called_as_its_record(text: str, name: str, tmp_path: Path) -> None:
    put(tmp_path / "set")
    assert device_name(text) == name
    assert ReplaySource(text).name == name


def test_a_record_is_read_by_name_text_or_path_alike(tmp_path: Path) -> None:
    shutil.copytree(BUNDLED / "mitdb", tmp_path / "mine")
    records = [
        read_record(way)
        for way in ("200", "mitdb/200", "./mine/200", "mine/200.dat", Path("mine/200"), Path("mine/200.hea"))
    ]
    for record in records:
        assert (record.name, record.fs_hz, record.leads) == ("200", 360, ("MLII", "V1"))
        assert record.reference is not None
        np.testing.assert_array_equal(record.samples_mv(0, 500), records[0].samples_mv(0, 500))


def test_a_name_is_looked_up_in_a_data_folder(tmp_path: Path) -> None:
    put(tmp_path / "data" / "svdb", "800")
    assert read_record("svdb/800", tmp_path / "data").n_samples == 600
    with pytest.raises(RecordError, match="mitdb/100 is not in"):
        read_record("100", tmp_path / "data")


def test_a_path_is_not_suggested_for_itself(tmp_path: Path) -> None:
    (tmp_path / "A1.hea").mkdir()
    with pytest.raises(RecordError) as caught:
        read_record("./A1")
    assert "Did you mean" not in str(caught.value)
