"""Nothing that a folder can hold makes the reader hang, fill the memory, or fail without naming the fault."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from files import Signal, ramp, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.wfdb.reader import MOST_HEADER_BYTES, read_wfdb

HUGE = 10**12


@pytest.fixture(autouse=True)
def _little_memory() -> Iterator[None]:
    """Let nobody allocate what a header promises: 2 GiB more than there is now at the most."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 2**31, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, limits)


def refused(stem: Path, reason: str) -> None:
    with pytest.raises(RecordError, match=reason) as refusal:
        read_wfdb(stem)
    text = str(refusal.value)
    assert "\n" not in text
    assert len(text) < 500
    assert str(stem) in text


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (f"rec 1 250 {HUGE}\nrec.dat 16\n", f"{HUGE} samples announced, 50 found"),
        (f"rec 1 250 {HUGE}\nrec.dat 212\n", "truncated"),
        (f"rec 1 250 50\nrec.dat 16x{HUGE}\n", "truncated"),
        (f"rec 1 250\nrec.dat 16x{HUGE}\n", "no samples"),
        (f"rec {HUGE} 250 50\nrec.dat 16\n", f"number of signals, '{HUGE}', is absurd"),
        (f"rec/{HUGE} 1 250 50\nrec 50\nrec 50\n", "number of segments, .* is absurd"),
        (f"rec 1 250 {HUGE}\n~ 0\n", "no samples"),
        (f"rec 1 250 50\nrec.dat 16+{HUGE}\n", "truncated"),
        (f"rec 1 250\nrec.dat 16+{HUGE}\n", "no samples"),
        ("rec 1 250 50\n../rec.dat 16\n", "outside its folder"),
        ("rec 1 250 50\n/etc/passwd 16\n", "outside its folder"),
        ("rec 1 250 50\nrec.da\0t 16\n", "outside its folder"),
        ("rec 1 250 50\n- 16\n", "- is missing"),
        ("rec 1 250 50\nother.dat 16\n", "signal file other.dat is missing"),
        ("rec 1 250 50\nfolder 16\n", "signal file folder is not a regular file"),
        ("rec 1 250 50\npipe 16\n", "signal file pipe is not a regular file"),
        ("rec 1 250 50\nsocket 16\n", "signal file socket is not a regular file"),
        ("rec 1 250 50\nzero 16\n", "signal file zero is not a regular file"),
        ("rec 1 250\nhuge 16\n", "larger than 4 GiB"),
        ("rec 1 250 50\nrec.dat 16x2\n", "truncated"),
        ("rec 2 250 25\nrec.dat 16\nrec.dat 212\n", "differ in format or offset"),
        ("rec 0 250 50\n", "no signal in volts"),
    ],
)
def test_a_header_that_promises_too_much_or_leads_astray_is_refused(
    header: str, reason: str, tmp_path: Path
) -> None:
    stem = write(tmp_path, "rec", [Signal(ramp(50))])
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(2**33)  # a hole: it takes no disk
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.relpath(tmp_path / "socket"))
    stem.with_suffix(".hea").write_text(header)
    refused(stem, reason)
    listener.close()


@pytest.mark.timeout(10)
def test_a_million_signals_are_refused_soon(tmp_path: Path) -> None:
    stem = write(tmp_path, "rec", [Signal(ramp(50))])
    lines = "rec.dat 16\n" * 10**6
    stem.with_suffix(".hea").write_text(f"rec {10**6} 250 50\n{lines}")
    refused(stem, "number of signals, '1000000', is absurd")


@pytest.mark.timeout(10)
def test_segments_that_are_too_much_for_memory_are_refused_before_they_are_read(tmp_path: Path) -> None:
    write(tmp_path, "s1", [Signal(ramp(50)) for _ in range(20)])
    parts = "s1 100000000\n" * 5
    (tmp_path / "rec.hea").write_text(f"rec/5 20 250\n{parts}")
    refused(tmp_path / "rec", "more than 4 GiB")


@pytest.mark.timeout(10)
def test_a_header_of_many_megabytes_is_not_even_read(tmp_path: Path) -> None:
    with (tmp_path / "rec.hea").open("wb") as file:
        file.truncate(MOST_HEADER_BYTES + 1)
    refused(tmp_path / "rec", "too large to be one")


@pytest.mark.timeout(10)
@pytest.mark.parametrize("part", ["hea", "dat", "atr"])
def test_a_pipe_in_place_of_a_file_does_not_hang(part: str, tmp_path: Path) -> None:
    stem = write(tmp_path, "rec", [Signal(ramp(50))])
    file = stem.with_suffix(f".{part}")
    file.unlink(missing_ok=True)
    os.mkfifo(file)
    if part == "atr":  # no file of annotations: the record is played without
        assert read_wfdb(stem).reference is None
    else:
        refused(stem, f"{file.name} is not a regular file")


@pytest.mark.parametrize("missing", ["hea", "dat"])
def test_a_missing_file_is_named(missing: str, tmp_path: Path) -> None:
    stem = write(tmp_path, "rec", [Signal(ramp(50))])
    stem.with_suffix(f".{missing}").unlink()
    refused(stem, f"rec.{missing} is missing")


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stem = write(tmp_path, "rec", [Signal(ramp(50))])

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(np, "fromfile", refuse)
    refused(stem, r"rec\.hea cannot be read \(Permission denied\)")


@pytest.mark.parametrize("n_bytes", [0, 1, 99])
def test_a_truncated_signal_file_says_how_much_is_there(n_bytes: int, tmp_path: Path) -> None:
    stem = write(tmp_path, "rec", [Signal(ramp(50))])
    os.truncate(stem.with_suffix(".dat"), n_bytes)
    refused(
        stem, f"rec.dat is truncated or does not fit its header: 50 samples announced, {n_bytes // 2} found"
    )


def test_a_long_gap_takes_no_memory(tmp_path: Path) -> None:
    write(tmp_path, "s1", [Signal(ramp(50))])
    n_gap = 2**31 - 1 - 100
    (tmp_path / "rec.hea").write_text(f"rec/3 1 250\ns1 50\n~ {n_gap}\ns1 50\n")
    record = read_wfdb(tmp_path / "rec")
    assert record.n_samples == 2**31 - 1
    assert np.isnan(record.samples_mv(10**9, 10**9 + 100)).all()
    np.testing.assert_allclose(record.samples_mv(record.n_samples - 50)[0], ramp(50) / 200)


def flip(data: bytearray, at: int, to: int) -> None:
    if data:
        data[at % len(data)] = to


def cut(data: bytearray, at: int, to: int) -> None:
    del data[at % (len(data) + 1) :]


def repeat(data: bytearray, at: int, to: int) -> None:
    data[:] = data * (1 + to % 3)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    part=st.sampled_from(["hea", "dat", "atr"]),
    damages=st.lists(
        st.tuples(st.sampled_from([flip, cut, repeat]), st.integers(0, 999), st.integers(0, 255)), max_size=4
    ),
)
def test_any_damage_is_refused_or_harmless(
    part: str, damages: list[tuple[Callable[[bytearray, int, int], None], int, int]], tmp_path: Path
) -> None:
    stem = write(tmp_path, "rec", [Signal(ramp(50), spf=2), Signal(ramp(25), skew=2)], number=212)
    stem.with_suffix(".atr").write_bytes(b"\x05\x04\x0a\x70\x03\xfc(N\0\0\0\0")
    data = bytearray(stem.with_suffix(f".{part}").read_bytes())
    for damage, at, to in damages:
        damage(data, at, to)
    stem.with_suffix(f".{part}").write_bytes(data)
    try:
        record = read_wfdb(stem)
    except RecordError as error:
        fault = str(error)
    else:
        assert record.n_samples > 0
        assert record.samples_mv(0, 100).shape[0] == len(record.leads)
        return
    assert fault.startswith(f"Record {stem} cannot be read: ")
    assert "\n" not in fault


def test_a_signal_without_a_file_is_a_lead_without_samples(tmp_path: Path) -> None:
    stem = write(tmp_path, "rec", [Signal(ramp(50))])
    text = stem.with_suffix(".hea").read_text().replace("rec 1 ", "rec 2 ")
    stem.with_suffix(".hea").write_text(text + "~ 0 200/mV 12 0 0 0 0 V1\n")
    record = read_wfdb(stem)
    assert record.leads == ("II", "V1")
    assert np.isnan(record.samples_mv()[1]).all()
