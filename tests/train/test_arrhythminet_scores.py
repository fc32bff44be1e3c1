"""ArrhythmiNet is scored on what it did not learn, and its card and page say what was found."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.models.arrhythminet import card
from ecgmon.models.arrhythminet.augment import Augmentation, augment
from ecgmon.models.arrhythminet.data import Beats, split_beats, split_patients
from ecgmon.models.arrhythminet.network import CLASSES, build
from ecgmon.models.arrhythminet.report import page
from ecgmon.models.arrhythminet.scores_file import FalseName, RunScores, load_scores, save_scores
from ecgmon.models.arrhythminet.scoring import Confusion, calibration_error
from ecgmon.models.arrhythminet.training import Result, TrainingPlan, train
from ecgmon.models.common.windows import MARGIN_SAMPLES
from ecgmon.monitor.core.errors import ModelError, RecordError

WIDTH = 360 + 2 * MARGIN_SAMPLES
COUNTS = [[90, 0, 0, 5, 5], [0, 100, 0, 0, 0], [0, 0, 99, 0, 1], [10, 0, 0, 90, 0], [1, 0, 0, 0, 99]]


def some_beats(records: list[str], each: int = 4) -> Beats:
    """Every record has some beats of every class."""
    count = len(records) * 5 * each
    labels = np.tile(np.repeat(np.arange(5), each), len(records))
    rng = np.random.default_rng(0)
    return Beats(
        rng.normal(0, 0.3, (count, 2, WIDTH)).astype(np.float32), labels, np.repeat(records, 5 * each),
        np.arange(count), np.zeros((count, 2), dtype=np.int64),
    )  # fmt: skip


def scores(seed: int = 0) -> RunScores:
    return RunScores(
        "v2", seed, 60, 38733, 56100, 1.2, 0.003, 0.98, 21.5, COUNTS,
        [FalseName("A", "N", 10, {"232": 7, "222": 3}, 0.71)],
    )  # fmt: skip


@given(st.sets(st.sampled_from(["100", "101", "103", "200"]), min_size=1, max_size=3), st.integers(0, 99))
def test_no_beat_of_a_tested_patient_is_trained_or_validated_on(tested: set[str], seed: int) -> None:
    beats = some_beats(["100", "101", "103", "200"])
    split = split_patients(beats, tested, seed, validation=1)
    assert set(beats.records[split.test]) == tested
    assert not tested & set(beats.records[np.concatenate((split.train, split.validation))])
    everything = np.concatenate((split.train, split.validation, split.test))
    assert sorted(everything.tolist()) == list(range(len(beats.labels)))
    assert np.bincount(beats.labels[split.validation]).tolist() == [1] * 5


@given(st.integers(0, 2**31))
def test_the_sides_of_a_split_never_meet(seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 5, 400)
    split = split_beats(labels, seed, held_out=20, validation=5)
    together = np.concatenate((split.train, split.validation, split.test))
    assert len(set(together.tolist())) == len(together) == 400


def test_records_that_leave_a_class_without_beats_are_refused(tmp_path: Path) -> None:
    beats = some_beats(["100"])
    split = split_beats(beats.labels, 0, held_out=4, validation=0)
    with pytest.raises(RecordError, match="no beats of class N, L, R, A, V"):
        train(beats, split, TrainingPlan(epochs=1), tmp_path / "run.pt")


@given(st.integers(0, 2**31))
def test_augmented_windows_are_normal_and_finite(seed: int) -> None:
    rng = np.random.default_rng(seed)
    windows = rng.normal(0, 0.5, (6, 2, WIDTH)).astype(np.float32)
    varied = augment(windows, rng.integers(-20, 20, (6, 2)), rng, Augmentation())
    assert varied.shape == (6, 360)
    assert np.isfinite(varied).all()
    np.testing.assert_allclose(varied.mean(axis=1), 0.0, atol=1e-4)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
def test_confusion_adds_up_whatever_is_named(pairs: list[tuple[int, int]]) -> None:
    truth, named = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    table = Confusion.of(truth, named)
    assert table.counts.sum() == len(pairs)
    assert table.accuracy == pytest.approx(float((truth == named).mean()))
    for values in (table.precision, table.recall, table.f1):
        assert ((values >= 0) & (values <= 1)).all()
    np.testing.assert_allclose(Confusion.of(named, truth).recall, table.precision)


def test_a_model_that_is_always_sure_and_right_is_calibrated() -> None:
    sure = np.eye(5, dtype=np.float32)
    assert calibration_error(sure, np.arange(5)) == 0.0
    assert calibration_error(sure, (np.arange(5) + 1) % 5) == 1.0


def test_scores_are_read_as_they_were_written(tmp_path: Path) -> None:
    save_scores(tmp_path, scores())
    assert load_scores(tmp_path) == scores()
    assert scores().summary()["accuracy"] == pytest.approx(478 / 500, abs=1e-4)
    assert scores().summary()["f1_L"] == 1.0


@pytest.mark.parametrize("lost", ["counts", "mistakes", "seed"])
def test_scores_of_another_version_are_refused(tmp_path: Path, lost: str) -> None:
    row = asdict(scores())
    del row[lost]
    (tmp_path / "scores.json").write_text(json.dumps(row), encoding="utf-8")
    with pytest.raises(ModelError, match="another version"):
        load_scores(tmp_path)


def test_the_page_sets_each_seed_beside_the_paper() -> None:
    text = page([scores(0), scores(1)], "ecgmon train arrhythminet evaluate a b --report docs/x.md")
    assert "Made by `ecgmon train arrhythminet evaluate a b --report docs/x.md`" in text
    assert "## V2: classes" in text
    assert "## V1: classes" not in text
    assert "0: 0.9560, 1: 0.9560" in text
    assert "| A | N | 10 | 232 (7), 222 (3) | 0.71 |" in text
    assert "| **N** | 90 | 0 | 0 | 5 | 5 |" in text


def test_the_card_names_version_seed_and_every_class() -> None:
    result = Result(build("v2"), TrainingPlan(version="v2", seed=3), ("100", "207"), [1.0], [0.9])
    about = card.contract(result, scores(3).summary())
    text = card.page(about, 38733, card.scores_page(3, scores(3).confusion, scores(3).summary()))
    assert about.extra["records"] == "100 207", "a file says what it was trained on, were it only a trial"
    assert text.startswith("# arrhythminet-v2\n")
    assert "ecgmon train arrhythminet export --version v2 --seed 3" in text
    assert "Seed 3: accuracy 0.9560" in text
    for symbol in CLASSES:
        assert f"| {symbol} | {card.AAMI[symbol]} |" in text
