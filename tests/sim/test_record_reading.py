"""A bundled record is what the wfdb package says it is, and a damaged copy is refused in one line."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecgmon.monitor.core.errors import RecordError
from ecgmon.sim.library import BUNDLED
from ecgmon.sim.record import read_record

MITDB = BUNDLED / "mitdb"


@pytest.fixture(scope="module")
def record_100():  # type: ignore[no-untyped-def]
    return read_record(MITDB / "100")


def test_millivolts_are_those_of_wfdb(record_100) -> None:  # type: ignore[no-untyped-def]
    expected = wfdb.rdrecord(str(MITDB / "100")).p_signal.T
    assert record_100.leads == ("MLII", "V5")
    assert record_100.fs_hz == 360
    assert record_100.n_samples == 650_000
    np.testing.assert_allclose(record_100.samples_mv(0, 650_000), expected, atol=1e-12)


def test_samples_are_kept_as_compact_integers(record_100) -> None:  # type: ignore[no-untyped-def]
    (stretch,) = record_100.stretches
    assert stretch.digital.dtype == np.int16


def test_rows_come_in_the_order_asked_for(record_100) -> None:  # type: ignore[no-untyped-def]
    forward, swapped = record_100.samples_mv(10, 20), record_100.samples_mv(10, 20, (1, 0))
    np.testing.assert_array_equal(swapped, forward[::-1])


def test_reference_annotations_are_those_of_wfdb(record_100) -> None:  # type: ignore[no-untyped-def]
    expected = wfdb.rdann(str(MITDB / "100"), "atr")
    np.testing.assert_array_equal(record_100.reference.samples, expected.sample)
    assert record_100.reference.symbols.tolist() == expected.symbol
    assert record_100.reference.notes[0] == "(N"


def test_missing_samples_and_microvolts_are_understood(tmp_path: Path) -> None:
    signal = np.array([[100.0], [np.nan], [-250.0], [3.0]])
    wfdb.wrsamp(
        "odd", 250, ["uV"], ["II"], signal, fmt=["16"], adc_gain=[1.0], baseline=[0], write_dir=tmp_path
    )
    record = read_record(tmp_path / "odd")
    np.testing.assert_allclose(record.samples_mv(0, 4)[0], [0.1, np.nan, -0.25, 0.003])
    assert record.reference is None


def cut_signal(folder: Path) -> None:
    os.truncate(folder / "100.dat", 1_000_000)


def flip_a_bit(folder: Path) -> None:
    data = bytearray((folder / "100.dat").read_bytes())
    data[5000] ^= 1
    (folder / "100.dat").write_bytes(data)


def lose_signal(folder: Path) -> None:
    (folder / "100.dat").unlink()


def empty_header(folder: Path) -> None:
    (folder / "100.hea").write_bytes(b"")


def garble_header(folder: Path) -> None:
    (folder / "100.hea").write_bytes(bytes(range(256)))


def cut_header(folder: Path) -> None:
    text = (folder / "100.hea").read_text()
    (folder / "100.hea").write_text("\n".join(text.splitlines()[:2]) + "\n")


def garble_reference(folder: Path) -> None:
    (folder / "100.atr").write_bytes(b"\xff" * 301)


def pressure_only(folder: Path) -> None:
    header = folder / "100.hea"
    header.write_text(header.read_text().replace(" 200 ", " 200/mmHg "))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (cut_signal, "truncated"),
        (flip_a_bit, "checksum"),
        (lose_signal, "missing"),
        (empty_header, "header"),
        (garble_header, "header"),
        (cut_header, "header"),
        (garble_reference, "reference annotations"),
        (pressure_only, "no signal in volts"),
    ],
)
def test_a_damaged_record_is_refused_with_its_reason(
    damage: Callable[[Path], None], reason: str, tmp_path: Path
) -> None:
    for suffix in ("hea", "dat", "atr"):
        shutil.copy(MITDB / f"100.{suffix}", tmp_path)
    damage(tmp_path)
    with pytest.raises(RecordError, match=reason) as refusal:
        read_record(tmp_path / "100")
    assert "\n" not in str(refusal.value)


@pytest.mark.full_data
def test_every_record_of_the_databases_is_what_the_wfdb_package_reads() -> None:
    headers = sorted(Path(os.environ["ECGMON_DATA"]).glob("*/*.hea"))
    for header in headers[:: max(1, len(headers) // 40)]:
        stem = header.with_suffix("")
        record, expected = read_record(stem), wfdb.rdrecord(str(stem))
        np.testing.assert_allclose(record.samples_mv(), expected.p_signal.T, atol=1e-9)
        assert record.fs_hz == expected.fs
        if record.reference is not None:
            notes = wfdb.rdann(str(stem), "atr")
            np.testing.assert_array_equal(record.reference.samples, notes.sample)
            assert record.reference.symbols.tolist() == notes.symbol


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 0), (5, 5), (9, 3), (649_990, 700_000), (-10, None), (700_000, 800_000)]
)
def test_any_slice_is_that_of_the_whole(start: int, stop: int | None, record_100) -> None:  # type: ignore[no-untyped-def]
    whole = record_100.samples_mv()
    np.testing.assert_array_equal(record_100.samples_mv(start, stop), whole[:, start:stop])
