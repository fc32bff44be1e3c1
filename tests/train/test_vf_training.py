"""The fibrillation network is trained on honest patients, learns, and is shipped as it was trained."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ecgmon.models.vf import card
from ecgmon.models.vf.augment import Augmenter
from ecgmon.models.vf.data import Lead, short_signal
from ecgmon.models.vf.network import VfNetwork, classified_steps
from ecgmon.models.vf.patients import FOLDS, TEST_MITDB, TRAIN_MITDB, VFDB, VFDB_WITH, vfdb_folds
from ecgmon.models.vf.scoring import Run, line, score
from ecgmon.models.vf.training import TrainingPlan, lessons, train
from ecgmon.monitor.rhythm.vf import VfDetector
from ecgmon.monitor.rhythm.vf_model import VfModel
from ecgmon.monitor.rhythm.vf_windows import WINDOW
from ecgmon.sim.synthetic import Episode, SyntheticSettings, synthesise

WINDOWS = np.random.default_rng(3).standard_normal((9, WINDOW)).astype(np.float32)


def made_lead(record: str, rhythm: str, label: str, seed: int) -> Lead:
    made = synthesise([Episode(rhythm=rhythm, seconds=60.0)], SyntheticSettings(noise_mv=0.02, seed=seed))
    return Lead(record, short_signal(made.samples_mv, 360.0), np.full(60, label, dtype="<U8"))


def test_every_patient_is_tested_once_and_no_test_patient_of_mitbih_is_trained_on():
    tested = [record for fold in vfdb_folds() for record in fold.test]
    assert sorted(tested) == list(VFDB)
    fibrillating = {f"vfdb/{name}" for name in VFDB_WITH}
    assert [len(set(fold.test) & fibrillating) for fold in vfdb_folds()] == [1] * FOLDS
    assert not set(TRAIN_MITDB) & set(TEST_MITDB)
    assert {"mitdb/201", "mitdb/202"} <= set(TEST_MITDB)


def test_tachycardia_and_noise_of_those_who_fibrillate_are_not_learnt_from():
    rhythm = np.array(["N", "VT", "NOISE", "VFL", "", "VF"], dtype="<U8")
    signal = np.zeros(6 * 90 + WINDOW, dtype=np.float32)
    given = lessons([Lead("vfdb/418", signal, rhythm)])
    assert given.begins.tolist() == [0, 3 * 90, 5 * 90]
    assert given.wanted.tolist() == [False, True, True]
    assert given.weight.sum() == pytest.approx(1.0)


def test_what_is_made_quiet_is_called_asystole():
    signal = np.sin(np.arange(4 * WINDOW) * 2 * np.pi * 4 / 90).astype(np.float32)
    begins = np.full(400, WINDOW)
    windows, wanted = Augmenter(signal, [], 0).windows(begins, np.ones(400, dtype=np.bool_))
    size = windows.square().mean(1).sqrt().numpy()
    assert 5 < np.count_nonzero(~wanted) < 60
    assert size[~wanted].max() < 0.04 < size[wanted].min()


def test_the_classified_second_lies_within_what_is_pooled_for_it():
    network = VfNetwork().eval()
    first, last = classified_steps()
    assert 0 <= first < last <= network.steps(torch.zeros(1, 1, WINDOW)).shape[2]
    assert first * 24 <= 180 <= 270 <= last * 24


def test_the_exported_file_says_what_the_network_says(tmp_path):
    torch.manual_seed(0)
    network = VfNetwork()
    network(torch.from_numpy(WINDOWS))
    path = tmp_path / "made.onnx"
    path.write_bytes(card.pack(network, card.contract(TrainingPlan(), VFDB, {})))
    with torch.no_grad():
        wanted = torch.sigmoid(network.eval()(torch.from_numpy(WINDOWS))).numpy()
    served = VfModel(path)
    assert np.allclose(served.probabilities(WINDOWS), wanted, atol=1e-6)
    assert served.contract.extra["records"].split() == list(VFDB)


def test_a_short_training_tells_made_fibrillation_from_beats(tmp_path):
    leads = [
        *(made_lead(f"vfdb/{seed}", "vf", "VF", seed) for seed in range(3)),
        *(made_lead(f"vfdb/{seed + 10}", "sinus", "N", seed) for seed in range(3)),
    ]
    losses: list[float] = []
    show = lambda _, row: losses.append(row["loss"])  # noqa: E731
    network = train(leads, [], TrainingPlan(steps=60), tmp_path / "run.pt", show)
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:10])
    path = tmp_path / "made.onnx"
    path.write_bytes(card.pack(network, card.contract(TrainingPlan(), VFDB, {})))
    detector = VfDetector(model=VfModel(path))
    made = synthesise([Episode(rhythm="vf", seconds=20.0)], SyntheticSettings(seed=9)).samples_mv
    assert np.mean([second.is_vf for second in detector.process(made)[3:]]) > 0.9


def test_a_score_counts_seconds_episodes_and_strays():
    rhythm = np.array(["N"] * 20 + ["VFL"] * 10 + ["N"] * 20 + ["VT"] * 5 + ["NOISE"] * 5, dtype="<U8")
    found = np.zeros(60, dtype=np.bool_)
    found[21:31] = found[50:54] = found[56] = True
    run = Run(
        "made", found, rhythm, np.array([[20.0, 30.0]]), np.array([[24.5, 21.0, 31.0], [55.0, 50.0, 54.0]])
    )
    result = score("made", [run])
    assert (result.wanted, result.found, result.other, result.false) == (10, 9, 40, 1)
    assert (result.tachycardia, result.tachycardia_found) == (5, 4)
    assert (result.episodes, result.caught, result.delays_s) == (1, 1, (4.5,))
    assert (result.announced, result.stray, result.stray_vt) == (2, 1, 1)
    assert "Se 90.00 % of 10 s" in line(result)
