"""Rhythm scores: time, episodes, delays, runs; of the live pipeline and of anybody's files."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import wfdb

from ecgmon.monitor.cli import main
from ecgmon.monitor.evaluation.annotations import Annotations
from ecgmon.monitor.evaluation.rhythm.report import episode_table, record_table, rhythm_table
from ecgmon.monitor.evaluation.rhythm.score import (
    CLASSES,
    RhythmTrack,
    count_class,
    count_pauses,
    score_rhythms,
)
from ecgmon.monitor.evaluation.rhythm.spans import Span, annotated_changes, common_s, spans_of, without
from ecgmon.sim.library import BUNDLED

WHOLE = Span(0.0, 100.0, "", "")


def spans(*changes: tuple[float, str] | tuple[float, str, float]) -> list[Span]:
    return spans_of([(c[0], c[1], c[2] if len(c) == 3 else None) for c in changes], 100.0)


def test_a_rhythm_lasts_until_the_next_and_equal_ones_are_one():
    found = spans((0, "N"), (10, "AFIB"), (20, "AFIB"), (30, "N"))
    assert [(s.begin_s, s.end_s, s.rhythm) for s in found] == [(0, 10, "N"), (10, 30, "AFIB"), (30, 100, "N")]


def test_time_with_a_rhythm_is_shared_among_found_missed_and_false():
    counts = count_class(
        CLASSES["af"],
        spans((0, "N"), (20, "AFIB"), (60, "N")),
        spans((0, "N"), (30, "AFIB"), (70, "N")),
        WHOLE,
    )
    assert (counts.reference_s, counts.test_s, counts.common_s) == (40, 40, 30)


def test_atrial_fibrillation_goes_on_beneath_a_run_and_a_pattern():
    reference = spans((0, "AFIB"), (40, "VT"), (42, "AFIB"))
    test = spans((0, "AFIB"), (50, "B"), (60, "AFIB"))
    counts = count_class(CLASSES["af"], reference, test, WHOLE)
    assert counts.common_s == 100
    assert counts.episodes.in_reference == counts.episodes.in_test == 1


def test_unreadable_time_is_not_scored():
    counts = count_class(CLASSES["vf"], spans((0, "N"), (50, "NOISE")), spans((0, "N"), (60, "VFL")), WHOLE)
    assert (counts.scored_s, counts.test_s, counts.episodes.in_test) == (50, 0, 0)


def test_the_delay_counts_from_the_references_onset_to_the_announcement():
    reference = spans((0, "N"), (20, "AFIB"), (60, "N"))
    test = spans((0, "N", 5.0), (18, "AFIB", 34.0), (60, "N", 80.0))
    assert count_class(CLASSES["af"], reference, test, WHOLE).delays_s == (14.0,)


def test_flutter_waves_in_brackets_are_a_rhythm_of_their_own():
    changes = annotated_changes(
        np.array([0, 500, 900]), np.array(["+", "[", "]"]), np.array(["(N", "", ""]), 100.0
    )
    assert [(s.begin_s, s.rhythm) for s in spans_of(changes, 20.0)] == [(0, "N"), (5, "VFL"), (9, "N")]


def test_taking_time_away_leaves_the_rest():
    left = without([WHOLE], [Span(10, 20, "", ""), Span(90, 120, "", "")])
    assert [(span.begin_s, span.end_s) for span in left] == [(0, 10), (20, 90)]
    assert common_s(left, [Span(5, 25, "", "")]) == 10


def test_a_pause_is_found_where_the_other_side_has_one():
    found = count_pauses(np.array([0.0, 1.0, 3.5, 4.5, 7.0]), np.array([0.0, 1.0, 3.4, 4.5, 5.5, 7.0]))
    assert (found.in_reference, found.detected, found.in_test, found.confirmed) == (2, 1, 1, 1)


def test_a_record_that_agrees_with_itself_scores_perfectly():
    beats = Annotations(np.arange(0, 30000, 300), np.array(list("NNVVVVVNNN") * 10))
    track = RhythmTrack(spans((0, "N"), (20, "AFIB"), (60, "VFL"), (70, "N")), beats)
    score = score_rhythms("x", track, track, 100.0, 360.0)
    assert score.ventricular.long.in_reference == score.ventricular.long.detected == 10
    rows = {row["rhythm"]: row for row in rhythm_table([score]).rows}
    assert rows["atrial fibrillation"]["se_percent"] == 100.0
    assert rows["atrial fibrillation"]["sp_percent"] == 100.0
    assert rows["ventricular flutter or fibrillation"]["episode_se_percent"] == 100.0
    assert record_table([score]).rows[0]["vf_reference_s"] == 10
    assert episode_table([score]).rows[2]["se_percent"] == 100.0


@pytest.fixture
def bundled_only(monkeypatch):
    monkeypatch.delenv("ECGMON_DATA", raising=False)


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.usefixtures("bundled_only")
def test_annotation_files_of_anybody_are_scored(tmp_path, capsys):
    samples = np.array([100, 1000, 20000])
    wfdb.wrann(
        "200", "other", samples, np.array(["+"] * 3), aux_note=["(N", "(B", "(N"], write_dir=str(tmp_path)
    )
    command = ["evaluate", "rhythm", "200", "--annotations", str(tmp_path), "--annotator", "other"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    found = {row["rhythm"]: row for row in rows(tmp_path / "out" / "rhythms.csv")}
    assert float(found["ventricular bigeminy"]["test_s"]) == pytest.approx(19000 / 360)
    assert (tmp_path / "out" / "rhythms.png").stat().st_size > 5_000
    assert "1 records, 0.5 hours" in capsys.readouterr().out


@pytest.mark.usefixtures("bundled_only")
def test_the_live_pipeline_finds_the_flutter_and_the_bigeminy_of_two_records(tmp_path):
    command = ["evaluate", "rhythm", "200", "207", "--chunk", "36000", "--jobs", "1", "--out", str(tmp_path)]
    assert main([*command, "--data-dir", str(BUNDLED)]) == 0
    found = {row["rhythm"]: row for row in rows(tmp_path / "rhythms.csv")}
    assert float(found["ventricular flutter or fibrillation"]["episode_se_percent"]) >= 60
    assert float(found["ventricular bigeminy"]["se_percent"]) >= 85
