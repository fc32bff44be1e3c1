"""EDF and EDF+ files are read as they were written, in millivolts, or refused with what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecgmon.monitor.core.errors import MissingExtraError, RecordError
from ecgmon.sim.edf import load_edfio, read_edf
from ecgmon.sim.record import read_record

edfio = pytest.importorskip("edfio")
SECONDS = 4


def wave(fs: int, amplitude: float = 1.0) -> np.ndarray:
    return amplitude * np.sin(np.arange(SECONDS * fs) / 7)


def put(path: Path, *signals: tuple[np.ndarray, int, str, str]) -> Path:
    """Write signals given as samples, rate, label and unit."""
    made = [edfio.EdfSignal(x, fs, label=label, physical_dimension=unit) for x, fs, label, unit in signals]
    edfio.Edf(made, annotations=[edfio.EdfAnnotation(1.0, None, "N")]).write(path)
    return path


@pytest.mark.parametrize(("unit", "scale"), [("mV", 1.0), ("uV", 1e-3), ("V", 1e3)])
def test_a_lead_is_in_millivolts_whatever_its_unit(unit: str, scale: float, tmp_path: Path) -> None:
    record = read_edf(put(tmp_path / "h.edf", (wave(250), 250, "ECG II", unit)))
    assert (record.name, record.fs_hz, record.leads, record.n_samples) == ("h", 250, ("II",), 1000)
    np.testing.assert_allclose(record.samples_mv()[0], wave(250) * scale, atol=1e-4 * scale)
    assert record.reference is None


def test_leads_share_the_rate_of_the_ecg_and_the_rest_is_left_out(tmp_path: Path) -> None:
    path = put(
        tmp_path / "sleep.edf",
        (wave(500), 500, "EEG C3", "uV"),
        (wave(200), 200, "ECG V1", "mV"),
        (wave(200), 200, "EKG V5", "mV"),
        (wave(50), 50, "Resp", "L"),
    )
    record = read_record(str(path))
    assert (record.fs_hz, record.leads) == (200, ("V1", "V5"))
    assert record.left_out == ("EEG C3", "Resp")


def test_what_the_recorder_writes_is_read_back(tmp_path: Path) -> None:
    from ecgmon.monitor.recorder.strips import write_edf
    from ecgmon.monitor.wfdb.records import RecordInfo

    samples = np.stack([wave(360), wave(360, 0.3)])
    info = RecordInfo("strip", 360.0, ("I", "II"), "bed 1", 0, 1_800_000_000.0)
    write_edf(tmp_path / "strip.edf", info, samples, [])
    record = read_edf(tmp_path / "strip.edf")
    assert record.leads == ("I", "II")
    np.testing.assert_allclose(record.samples_mv(), samples, atol=1e-4)


def test_a_file_with_gaps_is_refused_with_a_way_out(tmp_path: Path) -> None:
    path = put(tmp_path / "gaps.edf", (wave(250), 250, "ECG", "mV"))
    data = path.read_bytes()
    assert data[192:197] == b"EDF+C"
    path.write_bytes(data[:192] + b"EDF+D" + data[197:])
    with pytest.raises(RecordError, match=r"EDF\+D.*EDF\+C"):
        read_edf(path)


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "does not begin as"), (b"\xffBIOSEMI" + bytes(300), "does not begin as")],
)
def test_what_is_no_edf_is_refused(data: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "x.edf").write_bytes(data)
    with pytest.raises(RecordError, match=reason):
        read_edf(tmp_path / "x.edf")


@pytest.mark.parametrize("keep", [256, 300, 700, 2000])
def test_a_file_cut_short_is_refused_in_one_line(keep: int, tmp_path: Path) -> None:
    path = put(tmp_path / "cut.edf", (wave(250), 250, "ECG", "mV"))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(RecordError, match="cannot be read") as refusal:
        read_edf(path)
    assert "\n" not in str(refusal.value)


def test_a_file_without_an_ecg_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path / "breath.edf", (wave(50), 50, "Resp", "L"))
    with pytest.raises(RecordError, match="no signal in volts"):
        read_edf(path)


def test_without_edfio_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "edfio", None)
    with pytest.raises(MissingExtraError, match=r"Writing EDF\+ strips needs the package edfio.*\[edf\]"):
        load_edfio("Writing EDF+ strips")
