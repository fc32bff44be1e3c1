"""The adaptive network learns from beats as the live chain hands them on, and from nobody it is tested on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.models.adaptive import __main__ as command
from ecgmon.models.adaptive import data as data_module
from ecgmon.models.adaptive.batches import BatchMaker
from ecgmon.models.adaptive.calibration import GROUPS, Calibration
from ecgmon.models.adaptive.card import contract, scores_page
from ecgmon.models.adaptive.data import MATCH_SAMPLES, BeatSequence, build_sequence, load_sequences, match
from ecgmon.models.adaptive.network import AdaptiveNet
from ecgmon.models.adaptive.patients import AAMI, IGNORED, SYMBOLS, label_of
from ecgmon.models.adaptive.scoring import Prediction, class_scores, confusion, summary, to_aami
from ecgmon.models.adaptive.training import TrainingPlan, load, train
from ecgmon.models.common.progress import Figures
from ecgmon.monitor.core.errors import ModelError, RecordError
from ecgmon.monitor.inference.patient_features import FEATURES

TINY = TrainingPlan(epochs=2, steps=3, runs=2, length=16, invented=0.0, turned=0.0, turns=0)
POSITIONS = st.lists(st.integers(0, 3000), max_size=25, unique=True).map(sorted)


def made_up(record: str, n: int = 40) -> BeatSequence:
    rng = np.random.default_rng(int(record))
    labels = rng.choice([0, 0, 3, 4], n)
    shapes = rng.normal(0, 0.3, (n, 3, 120)).astype(np.float16)
    features = rng.normal(0, 0.05, (n, len(FEATURES))).astype(np.float32)
    return BeatSequence(
        "mitdb", record, 0, shapes, features, np.zeros((n, 5), np.float32), np.ones(n, np.float32), labels,
        np.cumsum(rng.integers(250, 330, n)), np.roll(shapes[:, 0], 2, axis=1),
    )  # fmt: skip


DATA = [made_up("101"), made_up("106")]


def weights(network: torch.nn.Module) -> np.ndarray:
    return np.concatenate([value.double().numpy().ravel() for value in network.state_dict().values()])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> AdaptiveNet:
    return train(DATA, TINY, tmp_path_factory.mktemp("whole") / "run.pt")


def test_a_stopped_training_goes_on_to_the_same_weights(tmp_path: Path, whole: AdaptiveNet) -> None:
    def stop(done: int, _: Figures) -> None:
        assert done == 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(DATA, TINY, tmp_path / "run.pt", show=stop)
    again = train(DATA, TINY, tmp_path / "run.pt")
    np.testing.assert_array_equal(weights(again), weights(whole))
    network, plan, records = load(tmp_path / "run.pt")
    np.testing.assert_array_equal(weights(network), weights(whole))
    assert (plan, records) == (TINY, ["mitdb/101", "mitdb/106"])


def test_the_seed_decides_the_weights(tmp_path: Path, whole: AdaptiveNet) -> None:
    other = train(DATA, replace(TINY, seed=1), tmp_path / "other.pt")
    assert not np.allclose(weights(other), weights(whole))


def test_other_records_do_not_go_on_from_a_checkpoint(tmp_path: Path) -> None:
    train(DATA, TINY, tmp_path / "run.pt")
    with pytest.raises(ModelError, match="other settings"):
        train([*DATA, made_up("108")], TINY, tmp_path / "run.pt")


def test_batches_follow_from_their_seed_and_mark_what_is_too_short() -> None:
    one, same, other = (BatchMaker(DATA, np.random.default_rng(seed)).draw(3, 60) for seed in (0, 0, 1))
    for first, second in zip(one, same, strict=True):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(one.shapes, other.shapes)
    assert (one.labels[:, 40:] == IGNORED).all()
    assert not one.shapes[:, 40:].any()


def test_invented_rhythms_are_drawn_in_their_share() -> None:
    odd = replace(made_up("999"), labels=np.full(40, 5))
    maker = BatchMaker(DATA, np.random.default_rng(0), [odd], 0.25)
    drawn = maker.draw(400, 4).labels
    assert (drawn == 5).all(axis=1).mean() == pytest.approx(0.25, abs=0.06)


@given(POSITIONS, POSITIONS)
def test_matching_is_one_to_one_and_within_150_ms(found: list[int], reference: list[int]) -> None:
    partner = match(np.array(found, dtype=np.int64), np.array(reference, dtype=float))
    taken = partner[partner >= 0]
    assert len(set(taken.tolist())) == len(taken)
    for at, mine in zip(found, partner.tolist(), strict=True):
        if mine >= 0:
            assert abs(at - reference[mine]) <= MATCH_SAMPLES


@given(POSITIONS)
def test_beats_found_where_they_are_all_match(found: list[int]) -> None:
    partner = match(np.array(found, dtype=np.int64), np.array(found, dtype=float))
    assert partner.tolist() == list(range(len(found)))


@given(st.text(max_size=2))
def test_every_symbol_has_a_label_or_is_ignored(symbol: str) -> None:
    label = label_of(symbol, "mitdb")
    assert label == IGNORED or 0 <= label < len(SYMBOLS)


def test_every_symbol_of_the_model_belongs_to_one_aami_class() -> None:
    assert GROUPS.sum(axis=1).tolist() == [1] * len(SYMBOLS)
    assert len(AAMI) == len(SYMBOLS)


@given(st.integers(0, 2**31), st.floats(0.3, 4.0))
def test_calibrated_probabilities_sum_to_one_and_a_temperature_keeps_the_order_of_symbols(
    seed: int, temperature: float
) -> None:
    logits = np.random.default_rng(seed).normal(0, 3, (5, 7)).astype(np.float32)
    scaled = Calibration(temperature).apply(logits)
    np.testing.assert_array_equal(scaled.argmax(axis=1), logits.argmax(axis=1))
    np.testing.assert_allclose(to_aami(logits, Calibration(temperature)).sum(axis=1), 1.0, atol=1e-5)


def test_class_scores_are_the_textbooks() -> None:
    counts = confusion(np.array([0, 2, 2, 2, 0, 2]), np.array([0, 2, 2, 0, 2, 2]))
    sensitivity, predictivity, f1 = class_scores(counts, "V")
    assert (sensitivity, predictivity, f1) == (0.75, 0.75, 0.75)
    assert class_scores(counts, "F") == (0.0, 0.0, 0.0)


def test_a_summary_scores_both_looks() -> None:
    right = np.full((4, 7), -9.0, dtype=np.float32)
    right[np.arange(4), [0, 4, 4, 3]] = 9.0
    wrong = np.roll(right, 1, axis=1)
    figures = summary([Prediction(wrong, right, np.array([0, 2, 2, 1]))])
    assert figures["final_v_f1"] == figures["final_s_f1"] == figures["final_accuracy"] == 1.0
    assert figures["first_v_f1"] == 0.0


@pytest.fixture(scope="module")
def sequence(databases: Path) -> BeatSequence:
    return build_sequence(databases, "mitdb", "106", 0)


def test_beats_of_a_record_carry_the_labels_of_the_beats_they_match(sequence: BeatSequence) -> None:
    assert sequence.shapes.shape[1:] == (3, 120)
    assert len(sequence.labels) > 80
    assert {0, SYMBOLS.index("V")} <= set(sequence.labels.tolist())
    assert (sequence.labels != IGNORED).mean() > 0.95
    assert (np.diff(sequence.samples) > 0).all()
    assert np.isfinite(sequence.features).all()


def test_beats_are_the_same_in_blocks_of_any_size(
    databases: Path, sequence: BeatSequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_module, "CHUNK", 777)
    again = build_sequence(databases, "mitdb", "106", 0)
    np.testing.assert_array_equal(again.samples, sequence.samples)
    np.testing.assert_allclose(again.features, sequence.features, atol=1e-4)
    np.testing.assert_allclose(again.shapes, sequence.shapes, atol=2e-3)


def test_records_that_are_not_there_are_left_out_and_others_cached(databases: Path, own_cache: Path) -> None:
    said: list[str] = []
    wanted = [("mitdb", "203"), ("mitdb", "999")]
    found = load_sequences(databases, wanted, said.append)
    assert [(item.record, item.lead) for item in found] == [("203", 0), ("203", 1)]
    assert len(said) == 2
    again = load_sequences(databases, wanted, said.append)
    assert len(said) == 2
    np.testing.assert_array_equal(again[0].shapes, found[0].shapes)


def test_the_contract_says_on_whom_it_was_trained_and_how_it_is_calibrated() -> None:
    about = contract(TINY, ["mitdb/101"], Calibration(1.25), {"ds2_v_f1": 0.9})
    assert about.extra["records"] == "mitdb/101"
    assert about.extra["temperature"] == "1.2500"
    assert json.loads(about.extra["offsets"]) == [0.0] * 7
    page = scores_page(about.scores, Calibration(1.25))
    assert "| ds2_v_f1 | 0.9000 |" in page
    assert "temperature 1.250, offsets none" in page
    assert "calibrated without more" in scores_page({}, Calibration())


def test_no_record_is_both_trained_on_and_tested() -> None:
    trained = {"/".join(pair) for pair in command.training_records()}
    tested = {record for records in command.TESTED.values() for record in records}
    assert not trained & tested


def test_a_folder_that_lacks_a_database_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mitdb").mkdir()
    assert command.main(["train", "--data-dir", str(tmp_path)]) == RecordError.exit_code
    assert "lacks svdb" in capsys.readouterr().err
