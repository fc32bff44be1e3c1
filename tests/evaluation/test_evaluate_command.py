"""``ecgmon evaluate`` scores the live pipeline and anybody's annotation files alike."""

import csv

import numpy as np
import pytest
import wfdb

from ecgmon.monitor.cli import main
from ecgmon.monitor.evaluation.beats.jobs import find_beats
from ecgmon.sim.library import BUNDLED
from ecgmon.sim.record import read_record


def rows(path):
    with path.open(newline="") as file:
        return {row["record"]: row for row in csv.DictReader(file)}


@pytest.fixture(autouse=True)
def bundled_only(monkeypatch):
    monkeypatch.delenv("ECGMON_DATA", raising=False)


def test_the_live_pipeline_finds_the_beats_of_record_100(tmp_path, capsys):
    assert main(["evaluate", "qrs", "100", "--out", str(tmp_path)]) == 0
    figures = rows(tmp_path / "qrs.csv")["100"]
    assert int(figures["tp"]) >= 2270
    assert int(figures["fp"]) <= 2
    assert float(figures["r_latency_p99_ms"]) <= 250
    assert "2273" in capsys.readouterr().out
    assert (tmp_path / "qrs.png").stat().st_size > 10_000


def test_reference_annotations_score_perfectly_against_themselves(tmp_path, capsys):
    folder = str(BUNDLED / "mitdb")
    command = ["evaluate", "beats", "200", "207", "--annotations", folder, "--annotator", "atr"]
    assert main([*command, "--jobs", "2", "--out", str(tmp_path)]) == 0
    figures = rows(tmp_path / "beats.csv")["gross"]
    assert float(figures["veb_se_percent"]) == 100.0
    assert float(figures["sveb_ppv_percent"]) == 100.0
    assert "VEB couplets" in capsys.readouterr().out


def test_a_foreign_annotation_file_is_scored(tmp_path):
    record = read_record(BUNDLED / "mitdb" / "232")
    beats = record.reference.samples[np.isin(record.reference.symbols, ["R", "A"])]
    wfdb.wrann("232", "qrs", beats[10:], np.full(beats.size - 10, "N"), write_dir=str(tmp_path))
    command = ["evaluate", "qrs", "232", "--annotations", str(tmp_path), "--annotator", "qrs"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    figures = rows(tmp_path / "out" / "qrs.csv")["232"]
    assert int(figures["fn"]) >= 10
    assert int(figures["fp"]) == 0


def test_a_missing_annotation_file_is_named(tmp_path, capsys):
    assert main(["evaluate", "qrs", "100", "--annotations", str(tmp_path)]) == 5
    assert "100.ecgmon" in capsys.readouterr().err


def test_a_channel_that_is_not_there_is_refused(capsys):
    assert main(["evaluate", "qrs", "100", "--channel", "7"]) == 5
    assert "MLII" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_named(tmp_path, capsys):
    blocked = tmp_path / "file"
    blocked.write_text("")
    folder = str(BUNDLED / "mitdb")
    command = ["evaluate", "qrs", "100", "--annotations", folder, "--annotator", "atr"]
    assert main([*command, "--out", str(blocked)]) == 8
    assert str(blocked) in capsys.readouterr().err


def test_scores_do_not_depend_on_the_size_of_the_blocks():
    record = read_record(BUNDLED / "mitdb" / "200")
    lead = record.samples_mv(0, 360 * 60)[0]
    small = find_beats(lead, record.fs_hz, block_samples=36)
    large = find_beats(lead, record.fs_hz, block_samples=3600)
    assert small.samples.tolist() == large.samples.tolist()
    assert small.symbols.tolist() == large.symbols.tolist()
    assert small.class_latency_s.tolist() == large.class_latency_s.tolist()
