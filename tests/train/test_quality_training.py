"""The quality network learns what it is shown, scores itself by the book, and is served as it was trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.models.common.progress import Figures
from ecgmon.models.quality import __main__ as command
from ecgmon.models.quality import card
from ecgmon.models.quality.data import (
    ANY_NOISE,
    CLEAN,
    MOTION,
    MUSCLE,
    TEST_VFDB,
    TRAIN_MITDB,
    TRAIN_VFDB,
    Seconds,
    annotated,
    feature_rows,
    of_records,
    stressed,
    unseen_of_records,
)
from ecgmon.models.quality.export import to_weights
from ecgmon.models.quality.network import QualityNetwork, allowed, loss_of
from ecgmon.models.quality.scoring import lines, measure, scores_from, separation
from ecgmon.models.quality.training import (
    AMPLITUDE_COLUMNS,
    SHARES,
    TrainingPlan,
    kind_of,
    lessons,
    plan_of,
    train,
)
from ecgmon.monitor.core.ecg_codes import DS2
from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.dsp.quality_features import NAMES, SECOND, WINDOW, look
from ecgmon.monitor.dsp.quality_model import QualityModel

CENTRES = np.random.default_rng(8).normal(0, 3, (3, len(NAMES)))


def seconds(source: str, label: int, seed: int, count: int = 60, rhythm: str = "N") -> Seconds:
    """Rows about the centre of a class; noise of unknown kind is half of either."""
    rng = np.random.default_rng(seed)
    column = rng.choice([MOTION, MUSCLE], count) if label == ANY_NOISE else np.full(count, label)
    rows = CENTRES[column] + rng.normal(0, 0.3, (count, len(NAMES)))
    return Seconds(source, rows, np.full(count, label), np.full(count, rhythm, dtype="<U8"))


def made() -> list[Seconds]:
    return [
        seconds("mitdb/101", CLEAN, 1),
        seconds("stressed/101/ma/-6", MUSCLE, 2),
        seconds("stressed/101/em/-6", MOTION, 3),
        seconds("vfdb/419", ANY_NOISE, 4, rhythm="NOISE"),
        seconds("vfdb/421", CLEAN, 5, rhythm="VT"),
    ]


@pytest.mark.parametrize(
    ("source", "label", "rhythm", "kind"),
    [
        ("mitdb/101", CLEAN, "N", "clean"),
        ("mitdb/207", CLEAN, "VFL", "lethal"),
        ("vfdb/421", CLEAN, "N", "other"),
        ("vfdb/421", CLEAN, "VT", "lethal"),
        ("vfdb/419", ANY_NOISE, "NOISE", "noise"),
        ("vfdb/420", ANY_NOISE, "NOISE", ""),
        ("stressed/101/ma/-6", MUSCLE, "N", "stressed"),
        ("hum/101/50", CLEAN, "N", "hum"),
        ("asystole", CLEAN, "ASYS", "asystole"),
    ],
)
def test_each_second_is_of_one_kind(source: str, label: int, rhythm: str, kind: str) -> None:
    assert set(kind_of(seconds(source, label, 0, 3, rhythm)).tolist()) == {kind}


def test_each_kind_weighs_its_share_however_many_seconds_it_has() -> None:
    parts = [seconds("mitdb/101", CLEAN, 1, 400), seconds("stressed/101/ma/-6", MUSCLE, 2, 10)]
    weight = lessons(parts, 0).weight
    assert weight.sum() == pytest.approx(1.0)
    assert weight[:400].sum() / weight[400:].sum() == pytest.approx(SHARES["clean"] / SHARES["stressed"])


def test_doubtful_noise_is_left_out_and_rows_are_scaled() -> None:
    given = lessons([*made(), seconds("vfdb/420", ANY_NOISE, 9)], 0)
    assert len(given.rows) == 300
    np.testing.assert_allclose(given.rows.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(given.rows.std(axis=0), 1.0)


def test_a_random_gain_moves_amplitudes_alone() -> None:
    one, other = (lessons(made(), seed) for seed in (0, 1))
    moved = ~np.isclose(one.mean, other.mean)
    assert np.flatnonzero(moved).tolist() == AMPLITUDE_COLUMNS


def test_noise_of_unknown_kind_may_be_either_and_never_clean() -> None:
    assert allowed(np.array([CLEAN, MOTION, MUSCLE, ANY_NOISE])).tolist() == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
        [False, True, True],
    ]


def test_the_loss_of_either_noise_does_not_depend_on_which_is_said() -> None:
    torch.manual_seed(0)
    network = QualityNetwork()
    rows = torch.zeros(1, len(NAMES))
    excluded = torch.tensor([[-1e9, 0.0, 0.0]])
    with torch.no_grad():
        network.output.weight.zero_()
        network.output.bias.copy_(torch.tensor([0.0, 4.0, -4.0]))
        said_motion = loss_of(network, rows, excluded, torch.ones(1))
        network.output.bias.copy_(torch.tensor([0.0, -4.0, 4.0]))
        said_muscle = loss_of(network, rows, excluded, torch.ones(1))
    assert float(said_motion) == pytest.approx(float(said_muscle))


def test_no_tested_patient_is_trained_on() -> None:
    assert not set(TRAIN_MITDB) & {*DS2, "201"}
    assert not set(TRAIN_VFDB) & set(TEST_VFDB)
    assert not set(command.TRAINED) & set(command.TESTED)


def test_what_was_learnt_tells_the_classes_apart(tmp_path: Path) -> None:
    model = train(made(), TrainingPlan(steps=40), tmp_path / "run.pt")
    for label in (CLEAN, MOTION, MUSCLE):
        rows = seconds("mitdb/100", label, 30).rows
        assert (model.probabilities(rows).argmax(axis=1) == label).mean() > 0.95


def arrays(model: QualityModel) -> np.ndarray:
    return np.concatenate([np.ravel(getattr(model, name)) for name in to_weights(model)])


def test_a_stopped_training_goes_on_to_the_same_numbers(tmp_path: Path) -> None:
    plan = TrainingPlan(steps=12)
    whole = train(made(), plan, tmp_path / "whole.pt", records=["mitdb/101"])

    def stop(done: int, _: Figures) -> None:
        if done == 5:
            raise KeyboardInterrupt

    (tmp_path / "stopped.pt").unlink(missing_ok=True)
    import ecgmon.models.quality.training as module

    every, module.SAVE_EVERY = module.SAVE_EVERY, 1
    try:
        with pytest.raises(KeyboardInterrupt):
            train(made(), plan, tmp_path / "stopped.pt", stop, ["mitdb/101"])
    finally:
        module.SAVE_EVERY = every
    again = train(made(), plan, tmp_path / "stopped.pt", records=["mitdb/101"])
    np.testing.assert_array_equal(arrays(again), arrays(whole))
    assert plan_of(tmp_path / "stopped.pt") == (plan, ["mitdb/101"])
    with pytest.raises(ModelError, match="other settings"):
        train(made(), plan, tmp_path / "stopped.pt", records=["mitdb/106"])


def test_the_seed_decides_the_numbers(tmp_path: Path) -> None:
    one, same, other = (
        train(made(), TrainingPlan(steps=6, seed=seed), tmp_path / f"{number}.pt")
        for number, seed in enumerate((0, 0, 1))
    )
    np.testing.assert_array_equal(arrays(one), arrays(same))
    assert not np.allclose(arrays(one), arrays(other))


def test_the_served_numbers_are_the_network(tmp_path: Path) -> None:
    torch.manual_seed(2)
    network = QualityNetwork()
    rng = np.random.default_rng(3)
    mean, scale = rng.normal(0, 2, len(NAMES)), rng.uniform(0.5, 3, len(NAMES))
    rows = rng.normal(0, 2, (50, len(NAMES)))
    scaled = torch.tensor((rows - mean) / scale, dtype=torch.float32)
    with torch.no_grad():
        wanted = torch.softmax(network(scaled), dim=1).numpy()
    model = network.served(mean, scale)
    np.testing.assert_allclose(model.probabilities(rows), wanted, atol=1e-5)
    path = tmp_path / "quality.json"
    path.write_bytes(card.pack(model, card.contract(TrainingPlan(), ["mitdb/101"], {"both_auc": 0.9})))
    np.testing.assert_allclose(QualityModel.load(path).probabilities(rows), wanted, atol=1e-4)


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=30, unique=True),
    st.lists(st.floats(0, 1), min_size=1, max_size=30, unique=True),
)
def test_the_area_is_the_share_of_pairs_in_the_right_order(noise: list[float], clean: list[float]) -> None:
    noisy, good = np.array(noise), np.array([value for value in clean if value not in noise] or [2.0])
    area, _ = separation(noisy, good)
    assert area == pytest.approx(float(np.mean(noisy[:, None] < good[None, :])))


def test_the_sensitivity_is_read_off_where_three_percent_of_clean_is_lost() -> None:
    clean = np.linspace(0.5, 1.0, 101)
    area, sensitivity = separation(np.array([0.1, 0.514, 0.516, 0.9]), clean)
    assert sensitivity == 0.5
    assert 0.5 < area < 1.0


def test_a_perfect_model_has_an_area_of_one_and_scores_survive_json(tmp_path: Path) -> None:
    from dataclasses import asdict

    model = train(made(), TrainingPlan(steps=40), tmp_path / "run.pt")
    parts = [seconds("mitdb/100", CLEAN, 20), seconds("stressed/100/made/0", MUSCLE, 21)]
    found = measure(model, parts)
    assert [row.key for row in found.separations] == ["stressed", "both"]
    assert found.separations[0].area == 1.0
    assert found.summary()["stressed_se"] == 1.0
    assert scores_from(asdict(found)) == found
    assert "AUC 1.0000, Se 100.0 % at Sp 97 % (n=60)" in lines(found)[0]
    page = card.scores_page(found)
    assert "| stressed at 0 dB and below, from clean MIT-BIH | 1.0000 | 100.0 % | 60 |" in page
    assert "| made noise | 100.00 % | 60 s |" in page


def test_features_are_those_of_the_live_operator() -> None:
    signal = np.random.default_rng(1).normal(0, 0.2, 10 * SECOND)
    rows = feature_rows(signal)
    live = [look(signal[None, at : at + WINDOW]).features[0] for at in range(0, 6 * SECOND + 1, SECOND)]
    np.testing.assert_allclose(rows[: len(live)], live, atol=1e-12)
    assert len(rows) == 7


def test_annotated_noise_is_noise_and_what_surrounds_it_is_clean(databases: Path) -> None:
    (part,) = annotated(databases, ("419",))
    assert set(part.rhythm.tolist()) == {"N", "VFL", "NOISE"}
    assert ((part.label == ANY_NOISE) == (part.rhythm == "NOISE")).all()
    assert 5 <= (part.label == ANY_NOISE).sum() <= 10


def test_the_two_halves_of_the_noise_never_mix(databases: Path) -> None:
    first, second = (list(stressed(databases, ("101",), half)) for half in (0, 1))
    assert [part.source for part in first] == [part.source for part in second]
    assert len(first) == 8
    for one, other in zip(first, second, strict=True):
        if "/made/" not in one.source:
            assert not np.allclose(one.rows, other.rows)
    again = list(stressed(databases, ("101",), 0))
    np.testing.assert_array_equal(first[0].rows, again[0].rows)


def test_training_and_test_seconds_come_from_the_records_named(databases: Path) -> None:
    sources = {part.source for part in of_records(databases, ["mitdb/101", "vfdb/419"])}
    assert {"mitdb/101", "vfdb/419", "asystole", "hum/101/50", "stressed/101/ma/-6"} <= sources
    assert not {name for name in sources if "106" in name or "418" in name}
    assert "asystole" not in {part.source for part in unseen_of_records(databases, ["mitdb/100"])}


def test_from_records_to_a_served_model_by_the_commands(
    databases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, zoo = tmp_path / "run", tmp_path / "zoo"
    common = ["--data-dir", str(databases), "--out", str(run)]
    assert command.main(["train", *common, "--records", "101", "106", "419", "--steps", "15"]) == 0
    assert command.main(["evaluate", *common, "--records", "100", "418"]) == 0
    assert command.main(["export", *common, "--zoo", str(zoo)]) == 0
    assert "scoring" in capsys.readouterr().out
    rows = np.random.default_rng(0).normal(0, 1, (5, len(NAMES)))
    shipped, trained = QualityModel.load(zoo / "quality.json"), QualityModel.load(run / "quality.json")
    np.testing.assert_array_equal(shipped.probabilities(rows), trained.probabilities(rows))
    assert "## Scores\n\n| noisy seconds" in (zoo / "quality.md").read_text(encoding="utf-8")
    assert command.main(["crossval", *common, "--records", "101", "106", "419", "421", "--steps", "2"]) == 0
    assert (run / "crossval.json").is_file()
