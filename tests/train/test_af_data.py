"""The classifier of atrial fibrillation learns from what the live pipeline describes, honestly labelled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ecgmon.models.af import __main__ as command
from ecgmon.models.af import card
from ecgmon.models.af.data import BLOCK, Stretches, load_stretches, pure_rhythm, stretches
from ecgmon.models.af.network import fit_logistic
from ecgmon.models.af.scoring import Score, gross, lines, score, summary
from ecgmon.models.af.training import AF_WEIGHT, FULL_WEIGHT, TrainingPlan, lessons, train
from ecgmon.monitor.core.ecg_codes import DS2
from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.rhythm.af_features import CORRELATION_RANGE
from ecgmon.monitor.rhythm.af_model import AfModel
from ecgmon.sim.record import Reference

BLOCK_S = BLOCK / 360


def reference(*changes: tuple[float, str]) -> Reference:
    samples = np.array([round(at * 360) for at, _ in changes])
    notes = np.array([note for _, note in changes])
    return Reference(samples, np.full(len(changes), "+"), notes, np.zeros(len(changes), dtype=np.int64))


def part(record: str, fibrillates: list[bool], value: float = 1.0) -> Stretches:
    rows = np.column_stack((np.full(len(fibrillates), value), np.linspace(0, 1, len(fibrillates))))
    return Stretches(record, rows, np.array(fibrillates))


def test_a_rhythm_counts_once_it_has_held_for_fifteen_seconds() -> None:
    notes = reference((0.0, "(N"), (100.0, "(AFIB"), (200.0, "(N"))
    at_s = np.array([90.0, 105.0, 120.0, 126.0, 150.0, 205.0, 240.0])
    rhythm, pure = pure_rhythm(notes, 360.0, at_s)
    assert rhythm[[0, 4, 6]].tolist() == ["N", "AFIB", "N"]
    assert pure.tolist() == [True, False, False, True, True, False, True]


def test_before_the_first_annotation_there_is_no_rhythm() -> None:
    rhythm, _ = pure_rhythm(reference((60.0, "(N")), 360.0, np.array([20.0, 100.0]))
    assert rhythm.tolist() == ["", "N"]


def test_beat_annotations_change_no_rhythm() -> None:
    samples, texts = np.array([0, 360, 720]), np.array(["(AFIB", "", ""])
    notes = Reference(samples, np.array(["+", "N", "V"]), texts, np.zeros(3, dtype=np.int64))
    rhythm, pure = pure_rhythm(notes, 360.0, np.array([60.0]))
    assert (rhythm.tolist(), pure.tolist()) == (["AFIB"], [True])


def test_no_tested_patient_is_trained_on() -> None:
    trained = set(command.TRAINED)
    assert not trained & {f"mitdb/{name}" for name in (*DS2, "201")}
    assert not trained & set(command.TESTED)


def test_each_stretch_is_shown_twice_and_once_with_a_random_correlation() -> None:
    given = lessons([part("a", [False] * 10), part("b", [True] * 20)], seed=0)
    assert given.rows.shape == (60, 2)
    assert given.truth.tolist() == [0.0] * 20 + [1.0] * 40
    assert given.rows[:10, 1].tolist() == np.linspace(0, 1, 10).tolist()
    assert (given.rows[10:20, 1] <= 0.25).all()
    assert (given.rows[40:, 1] <= 0.5).all()
    assert (given.rows[:, 1] >= CORRELATION_RANGE[0]).all()


def test_a_long_record_weighs_no_more_than_a_full_one_and_fibrillation_weighs_more() -> None:
    given = lessons(
        [part("a", [False] * FULL_WEIGHT), part("b", [False] * 900), part("c", [True] * FULL_WEIGHT)], seed=0
    )
    first, second, third = np.split(given.weight, [2 * FULL_WEIGHT, 2 * FULL_WEIGHT + 1800])
    assert first.sum() == pytest.approx(second.sum())
    assert third.sum() == pytest.approx(AF_WEIGHT * first.sum())
    short = lessons([part("a", [False] * 15), part("b", [True])], seed=0).weight
    assert short[:30].sum() == pytest.approx(first.sum() * 15 / FULL_WEIGHT)


@pytest.mark.parametrize("kind", [True, False])
def test_records_of_one_kind_alone_cannot_be_learnt_from(kind: bool) -> None:
    with pytest.raises(RecordError, match="both atrial fibrillation and other"):
        train([part("a", [kind] * 9)])


def test_the_seed_decides_the_model() -> None:
    parts = [part("a", [False] * 30, 0.2), part("b", [True] * 30, 1.5)]
    assert train(parts) == train(parts, TrainingPlan())
    assert train(parts) != train(parts, TrainingPlan(seed=3))


def test_logistic_regression_finds_the_weights_that_made_the_labels() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(0, 1, (20_000, 2))
    truth = (rng.random(20_000) < 1 / (1 + np.exp(-(2 * rows[:, 0] - rows[:, 1] + 0.5)))).astype(float)
    model = fit_logistic(rows, truth, np.ones(20_000), 40)
    assert model.weights == pytest.approx((2.0, -1.0), abs=0.1)
    assert model.bias == pytest.approx(0.5, abs=0.1)


def test_a_weight_of_two_is_the_row_twice() -> None:
    rng = np.random.default_rng(1)
    rows, truth = rng.normal(0, 1, (50, 2)), (rng.random(50) < 0.5).astype(float)
    weight = np.where(np.arange(50) < 20, 2.0, 1.0)
    twice = np.concatenate((rows, rows[:20])), np.concatenate((truth, truth[:20]))
    weighed = fit_logistic(rows, truth, weight, 30)
    repeated = fit_logistic(*twice, np.ones(70), 30)
    for row in rows[:5].tolist():
        assert weighed.probability(row) == pytest.approx(repeated.probability(row), abs=0.01)


def test_a_score_counts_what_was_called_and_what_was_true() -> None:
    model = AfModel((1.0, 0.0), -1.0)
    rows = np.array([[2.0, 0.0], [0.5, 0.0], [3.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    found = score(model, Stretches("made", rows, np.array([True, True, False, False, False])))
    assert found == Score("made", 2, 1, 3, 2)
    assert lines(found) == [
        "made: fibrillation found in 50.0 % of 2 stretches",
        "made: others left alone in 33.3 % of 3 stretches",
    ]
    whole = gross([found, Score("other", 0, 0, 5, 0)], "all")
    assert whole == Score("all", 2, 1, 8, 2)
    assert summary([found, Score("other", 0, 0, 5, 0)]) == {"se": 0.5, "sp": 0.75}
    assert summary([]) == {}


def test_the_card_shows_the_sum_and_the_records_that_fibrillate() -> None:
    page = card.scores_page([Score("mitdb/202", 4, 3, 10, 1), Score("mitdb/100", 0, 0, 20, 0)])
    assert "| DS2 | 4 | 75.0 % | 30 | 96.7 % |" in page
    assert "| mitdb/202 | 4 | 75.0 % | 10 | 90.0 % |" in page
    assert "mitdb/100" not in page


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Describing a record costs seconds: these tests share what they describe."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("platformdirs.user_cache_path", lambda _: folder)
        yield folder


def test_features_of_a_record_are_those_the_live_pipeline_shows_its_classifier(databases: Path) -> None:
    found = load_stretches(databases, "mitdb/203")
    assert found.source == "mitdb/203"
    assert len(found.rows) > 10
    assert found.fibrillates.all()
    assert np.median(found.rows[:, 0]) > 1.0
    sinus = load_stretches(databases, "mitdb/101")
    assert not sinus.fibrillates.any()
    assert np.median(sinus.rows[:, 0]) < 0.5


def test_of_vfdb_only_atrial_fibrillation_is_used(databases: Path) -> None:
    assert len(stretches(databases / "mitdb" / "100", only_af=True).rows) == 0


def test_a_record_is_described_once_and_then_taken_from_the_cache(databases: Path, cache: Path) -> None:
    first = load_stretches(databases, "mitdb/203")
    (kept,) = cache.rglob("mitdb-203.npz")
    again = load_stretches(Path("/nowhere"), "mitdb/203")
    np.testing.assert_array_equal(again.rows, first.rows)
    whole = kept.read_bytes()
    kept.write_bytes(whole[:100])
    with pytest.raises(RecordError):
        load_stretches(Path("/nowhere"), "mitdb/203")
    kept.write_bytes(whole)


def test_from_records_to_a_served_model_by_the_commands(
    databases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, zoo = tmp_path / "run", tmp_path / "zoo"
    common = ["--data-dir", str(databases), "--out", str(run)]
    assert command.main(["train", *common, "--records", "101", "203"]) == 0
    assert command.main(["evaluate", *common, "--records", "202"]) == 0
    assert command.main(["export", *common, "--zoo", str(zoo)]) == 0
    assert "fibrillation found in 100.0 %" in capsys.readouterr().out
    assert AfModel.load(zoo / "af.json") == AfModel.load(run / "af.json")
    content = json.loads((zoo / "af.json").read_text(encoding="utf-8"))
    assert content["ecgmon.records"] == "mitdb/101 mitdb/203"
    assert json.loads(content["ecgmon.scores"])["se"] == 1.0
    assert "| mitdb/202 |" in (zoo / "af.md").read_text(encoding="utf-8")
    assert 'kind = "ecgmon.af/1"' in (zoo / "index.toml").read_text(encoding="utf-8")
