"""What is not read here is read by the wfdb package in a process of its own, or the way to it is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ecgmon.monitor.core.errors import MissingExtraError, RecordError
from ecgmon.monitor.wfdb import foreign
from ecgmon.monitor.wfdb.formats import MISSING
from ecgmon.monitor.wfdb.reader import read_wfdb

wfdb = pytest.importorskip("wfdb")
RAMP = np.arange(400) % 100 - 50


def flac(folder: Path, fmt: str = "516") -> Path:
    """Write a record whose signal file is compressed."""
    wfdb.wrsamp(
        "f1",
        250,
        ["mV", "mV"],
        ["II", "V1"],
        d_signal=np.stack([RAMP, -RAMP], axis=1),
        fmt=[fmt, fmt],
        adc_gain=[200.0, 100.0],
        baseline=[0, 7],
        write_dir=str(folder),
    )
    return folder / "f1"


@pytest.mark.parametrize("fmt", ["508", "516", "524"])
def test_a_compressed_record_is_read_with_the_gain_of_each_lead(fmt: str, tmp_path: Path) -> None:
    record = read_wfdb(flac(tmp_path, fmt))
    assert record.leads == ("II", "V1")
    np.testing.assert_allclose(record.samples_mv(), [RAMP / 200, (-RAMP - 7) / 100])


def test_the_checksum_of_a_compressed_signal_is_compared_too(tmp_path: Path) -> None:
    header = flac(tmp_path).with_suffix(".hea")
    first, line, *rest = header.read_text().splitlines()
    fields = line.split()
    fields[6] = str(int(fields[6]) + 1)
    header.write_text("\n".join([first, " ".join(fields), *rest]) + "\n")
    with pytest.raises(RecordError, match="signal 0 does not match the checksum"):
        read_wfdb(tmp_path / "f1")


@pytest.mark.parametrize(("number", "missing"), [(508, -(2**7)), (516, -(2**15)), (524, -(2**23))])
def test_compressed_formats_mark_missing_samples_as_their_plain_ones(number: int, missing: int) -> None:
    assert MISSING[number] == missing


def test_without_the_wfdb_package_the_formats_and_the_command_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stem = flac(tmp_path)
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "wfdb.py").write_text("raise ModuleNotFoundError('no wfdb')\n")
    monkeypatch.setenv("PYTHONPATH", str(blocked))
    with pytest.raises(MissingExtraError, match=r"format 516 needs the package wfdb.*pip install.*\[sim\]"):
        read_wfdb(stem)


def test_a_format_that_nobody_knows_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.dat").write_bytes(bytes(100))
    (tmp_path / "x.hea").write_text("x 1 250 50\nx.dat 999 200\n")
    with pytest.raises(RecordError, match="the wfdb package does not read either") as refusal:
        read_wfdb(tmp_path / "x")
    assert "\n" not in str(refusal.value)


def test_a_damaged_compressed_file_is_refused(tmp_path: Path) -> None:
    stem = flac(tmp_path)
    stem.with_suffix(".dat").write_bytes(b"fLaC no more")
    with pytest.raises(RecordError, match="signal file"):
        read_wfdb(stem)


def test_the_helper_is_not_led_astray_by_folders_named_like_our_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stem = flac(tmp_path)
    for name in ("ecgmon", "sim", "numpy", "wfdb"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('astray')\n")
    monkeypatch.chdir(tmp_path)
    assert read_wfdb(stem).n_samples == 400


def test_a_helper_that_dies_or_hangs_is_an_error_of_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stem = flac(tmp_path)
    monkeypatch.setattr(foreign, "_TIMEOUT_S", 0.01)
    with pytest.raises(RecordError, match="did not read it within"):
        read_wfdb(stem)
    monkeypatch.undo()
    monkeypatch.setattr(foreign, "_READER", "this")  # a module that prints a poem
    with pytest.raises(RecordError, match="answer is damaged"):
        read_wfdb(stem)
    monkeypatch.setattr(foreign, "_READER", "no.such.module")
    with pytest.raises(RecordError, match=r"no\.such"):
        read_wfdb(stem)


def test_wfdb_and_pandas_never_enter_the_monitor_itself(tmp_path: Path) -> None:
    stem = flac(tmp_path)
    code = (
        "import sys; from pathlib import Path; from ecgmon.sim.record import read_record; "
        f"print(read_record(Path({str(stem)!r})).n_samples, 'wfdb' in sys.modules, 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["400", "False", "False"]
