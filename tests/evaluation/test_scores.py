"""Scores mean what EC57 says they mean."""

import numpy as np
import pytest

from ecgmon.monitor.evaluation.annotations import Annotations
from ecgmon.monitor.evaluation.beats.report import beat_table, confusion_table, qrs_table, run_table
from ecgmon.monitor.evaluation.beats.score import DetectedBeats, ScoringSettings, pool, score_record

FS = 360.0


def train(symbols, start=1000, interval=300):
    samples = start + interval * np.arange(len(symbols))
    return Annotations(samples.astype(np.int64), np.array(list(symbols)))


def heard(annotations, symbols=None, shift=0):
    labels = annotations.symbols if symbols is None else np.array(list(symbols))
    return DetectedBeats(annotations.samples + shift, labels)


def row(table, number=0):
    return [*table.rows, *table.summary][number]


def test_a_missed_and_an_extra_beat_are_counted_once_each():
    reference = train("NNNNNNNNNN")
    samples = np.sort(np.append(np.delete(reference.samples, 3), 1150))
    score = score_record("r", reference, DetectedBeats(samples, np.full(10, "N")), FS)
    figures = row(qrs_table([score]))
    assert (figures["tp"], figures["fn"], figures["fp"]) == (9, 1, 1)
    assert figures["der_percent"] == pytest.approx(20.0)
    assert figures["se_percent"] == pytest.approx(90.0)


def test_r_error_is_measured_in_time():
    reference = train("N" * 20)
    score = score_record("r", reference, heard(reference, shift=18), FS)
    assert row(qrs_table([score]))["r_error_mean_ms"] == pytest.approx(50.0)


def test_what_is_found_in_flutter_is_left_out_but_what_is_missed_outside_is_not():
    beats = train("NNNNNNNNNN")
    marks = Annotations(
        np.concatenate([beats.samples[:5], [2300, 2950], beats.samples[7:]]),
        np.array([*"NNNNN", "[", "]", *"NNN"]),
    )
    found = np.sort(np.concatenate([beats.samples[:4], [2400, 2500, 2600], beats.samples[7:]]))
    score = score_record("r", marks, DetectedBeats(found, np.full(found.size, "N")), FS)
    assert (score.found, score.missed, score.extra) == (7, 1, 0)
    strict = score_record(
        "r", marks, DetectedBeats(found, np.full(found.size, "N")), FS, ScoringSettings(skip_flutter=False)
    )
    assert strict.extra == 3


def test_the_learning_period_is_not_scored():
    reference = train("N" * 40)
    found = heard(train("N" * 40)).samples[25:]
    settings = ScoringSettings(learning_s=reference.samples[25] / FS)
    score = score_record("r", reference, DetectedBeats(found, np.full(found.size, "N")), FS, settings)
    assert (score.found, score.missed, score.extra) == (15, 0, 0)


def test_a_fusion_beat_called_ventricular_is_no_false_positive_but_a_normal_one_is():
    reference = train("NNNFVVAQ")
    score = score_record("r", reference, heard(reference, "NNVVVNAA"), FS)
    figures = row(beat_table([score]))
    assert figures["veb_se_percent"] == pytest.approx(50.0)
    assert figures["veb_ppv_percent"] == pytest.approx(50.0)
    assert figures["sveb_se_percent"] == pytest.approx(100.0)
    assert figures["sveb_ppv_percent"] == pytest.approx(100.0)


def test_a_missed_ventricular_beat_counts_against_sensitivity():
    reference = train("NNVN")
    found = DetectedBeats(np.delete(reference.samples, 2), np.array(list("NNN")))
    score = score_record("r", reference, found, FS)
    assert row(beat_table([score]))["veb_se_percent"] == 0.0
    assert row(confusion_table(score), 2) == {
        "reference": "V",
        "N": 0,
        "S": 0,
        "V": 0,
        "F": 0,
        "Q": 0,
        "none": 1,
    }


def test_a_couplet_and_a_run_are_found_only_if_as_long():
    reference = train("NVVNNVVVNNVVVVVVVN")
    score = score_record("r", reference, heard(reference, "NVVNNVVNNNVVVVVVVN"), FS)
    couplets, short, long = run_table(score).rows[:3]
    assert (couplets["detected"], couplets["test"], couplets["confirmed"]) == (1, 2, 2)
    assert (short["reference"], short["detected"]) == (1, 0)
    assert (long["reference"], long["detected"]) == (1, 1)


def test_a_run_within_flutter_is_not_held_against_the_test():
    beats = train("NNNNNNNNNN")
    flutter = Annotations(
        np.insert(beats.samples, [3, 8], beats.samples[[3, 7]] + [-20, 20]),
        np.insert(beats.symbols, [3, 8], ["[", "]"]),
    )
    score = score_record("r", flutter, heard(beats, "NNNVVVVVNN"), FS)
    assert run_table(score).rows[1]["test"] == 0


def test_gross_weighs_beats_and_average_weighs_records():
    long, short = train("N" * 90), train("N" * 10)
    scores = [
        score_record("long", long, heard(long), FS),
        score_record("short", short, DetectedBeats(short.samples[:5], np.full(5, "N")), FS),
    ]
    table = qrs_table(scores)
    assert row(table, 2)["se_percent"] == pytest.approx(95.0)
    assert row(table, 3)["se_percent"] == pytest.approx(75.0)
    assert pool("all", scores).found == 95


def test_paced_records_are_listed_but_do_not_count_for_classes():
    plain, paced = train("NNVN"), train("//V/")
    scores = [
        score_record("plain", plain, heard(plain), FS),
        score_record("paced", paced, heard(paced, "NNNN"), FS),
    ]
    table = beat_table(scores)
    assert row(table, 1)["veb_se_percent"] == 0.0
    assert row(table, 2)["veb_se_percent"] == 100.0
    assert row(qrs_table(scores), 2)["beats"] == 8


def test_tables_read_back_as_csv_and_line_up_as_text():
    reference = train("NNVN")
    table = qrs_table([score_record("a", reference, heard(reference), FS)])
    head, values = table.to_csv().splitlines()
    assert dict(zip(head.split(","), values.split(","), strict=True))["tp"] == "4"
    assert len({len(line) for line in table.to_text().splitlines()}) == 1
