"""The trainings read what the wfdb package reads, to the bit: samples, beats, flutter and noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecgmon.models.adaptive.data import build_sequence
from ecgmon.models.adaptive.patients import IGNORED
from ecgmon.models.quality.data import CLEAN, clean, feature_rows
from ecgmon.models.rpeak.data import read_raw
from ecgmon.monitor.core.ecg_codes import AAMI_OF_SYMBOL
from ecgmon.monitor.core.errors import RecordError
from ecgmon.sim.library import BUNDLED

RECORDS = sorted(path.stem for path in (BUNDLED / "mitdb").glob("*.hea"))


def theirs(record: str) -> tuple[np.ndarray, wfdb.Annotation]:
    stem = str(BUNDLED / "mitdb" / record)
    return wfdb.rdrecord(stem).p_signal, wfdb.rdann(stem, "atr")


@pytest.mark.parametrize("lead", [0, 1])
@pytest.mark.parametrize("record", RECORDS)
def test_a_lead_and_its_beats_are_those_of_the_wfdb_package(record: str, lead: int) -> None:
    signal, notes = theirs(record)
    ours = read_raw(BUNDLED, f"mitdb/{record}", lead)
    assert ours.samples.tobytes() == np.nan_to_num(signal[:, lead]).tobytes()
    beats = np.isin(notes.symbol, list(AAMI_OF_SYMBOL))
    assert ours.beats.tolist() == notes.sample[beats].tolist()


def test_flutter_lasts_from_its_opening_to_its_closing_mark() -> None:
    _, notes = theirs("207")
    opened, closed = (notes.sample[np.equal(notes.symbol, mark)] for mark in "[]")
    spans = read_raw(BUNDLED, "mitdb/207", 0).ignored
    assert len(spans) == len(opened) == 6
    assert spans[:, 0].tolist() == opened.tolist()
    assert set(spans[:, 1].tolist()) <= {*closed.tolist()}


@pytest.mark.parametrize("record", RECORDS)
def test_seconds_that_the_annotators_call_noisy_in_the_first_signal_are_left_out(record: str) -> None:
    signal, notes = theirs(record)
    (part,) = clean(BUNDLED, (record,))
    rows = feature_rows(np.nan_to_num(signal[:, 0]))
    noisy = np.zeros(len(rows) + 3, dtype=bool)
    changes = [
        (int(at), kind)
        for at, symbol, kind in zip(notes.sample, notes.symbol, notes.subtype, strict=True)
        if symbol == "~"
    ]
    ends = [*(at for at, _ in changes[1:]), len(noisy) * 360]
    for (at, kind), end in zip(changes, ends, strict=False):
        if kind in (1, 3, -1):  # the first signal, both, or no signal at all
            noisy[at // 360 : end // 360 + 1] = True
    np.testing.assert_array_equal(part.rows, rows[~noisy[3:]])
    assert set(part.label.tolist()) == {CLEAN}


def test_the_beats_of_a_lead_are_described_beside_those_of_the_other() -> None:
    one, other = (build_sequence(BUNDLED, "mitdb", "232", lead) for lead in (0, 1))
    assert (one.lead, other.lead) == (0, 1)
    assert one.samples.size > 1500
    assert np.count_nonzero(one.labels != IGNORED) > 0.97 * one.samples.size
    shared, mine, its = np.intersect1d(one.samples, other.samples, return_indices=True)
    assert shared.size >= 5  # where both leads put the R wave on the same sample
    np.testing.assert_allclose(one.others_mv[mine], other.points_mv[its], atol=0.02)


@pytest.mark.parametrize("suffix", [".hea", ".dat"])
def test_a_record_without_one_of_its_files_is_refused_by_name(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "mitdb").mkdir()
    for path in (BUNDLED / "mitdb").glob("100.*"):
        if path.suffix != suffix:
            (tmp_path / "mitdb" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(RecordError, match="100"):
        read_raw(tmp_path, "mitdb/100", 0)


def test_a_record_that_nobody_annotated_trains_nothing(tmp_path: Path) -> None:
    (tmp_path / "mitdb").mkdir()
    for suffix in (".hea", ".dat"):
        source = (BUNDLED / "mitdb" / "100").with_suffix(suffix)
        (tmp_path / "mitdb" / source.name).write_bytes(source.read_bytes())
    for read in (
        lambda: read_raw(tmp_path, "mitdb/100", 0),
        lambda: build_sequence(tmp_path, "mitdb", "100", 0),
        lambda: list(clean(tmp_path, ("100",))),
    ):
        with pytest.raises(RecordError, match="has no reference annotations"):
            read()


def test_a_lead_that_a_record_lacks_is_refused_with_those_it_has() -> None:
    with pytest.raises(RecordError, match=r"no channel 2.*0 \(MLII\), 1 \(V5\)"):
        read_raw(BUNDLED, "mitdb/100", 2)
