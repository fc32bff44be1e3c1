"""Training of the R-peak network: it learns, resumes where it stopped, and exports what it learned."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
import wfdb

from ecgmon.models.common.folds import patient
from ecgmon.models.common.progress import Figures
from ecgmon.models.rpeak import card
from ecgmon.models.rpeak.batches import BatchShape, Sampler, step_targets
from ecgmon.models.rpeak.data import MIXTURES, prepare_noise
from ecgmon.models.rpeak.motion import motion_noise
from ecgmon.models.rpeak.network import NetworkShape, RPeakNetwork
from ecgmon.models.rpeak.patients import DS2_AND_PACED, FOLDS, SHIPPED_TRAINING, fold_records
from ecgmon.models.rpeak.synthetic import synthetic_trace
from ecgmon.models.rpeak.training import Training, TrainingPlan
from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.dsp.rpeak import RPeakDetector
from ecgmon.monitor.dsp.rpeak_frontend import HOP
from ecgmon.monitor.dsp.rpeak_network import StreamingNetwork

SMALL = NetworkShape(channels=8, dilations=(1, 2, 4))
LOOKS = (SMALL.lookahead_steps, SMALL.second_look_steps)


def training(steps: int) -> Training:
    rng = np.random.default_rng(7)
    traces = [synthetic_trace(rng, number) for number in range(2)]
    shape = BatchShape(windows=4, seconds=6, warm_s=2)
    sampler = Sampler(traces, np.ones(2), [(motion_noise(rng), 1.0)], shape, LOOKS, rng)
    return Training(sampler, SMALL, TrainingPlan(steps=steps, seed=3))


def weights(network: RPeakNetwork) -> np.ndarray:
    return np.concatenate([part.detach().numpy().ravel() for part in network.parameters()])


def test_the_loss_falls(tmp_path: Path):
    losses: list[float] = []
    training(60).train(tmp_path / "run.pt", lambda _, row: losses.append(row["loss"]))
    assert np.mean(losses[-20:]) < 0.9 * np.mean(losses[:10])


def test_a_stopped_training_goes_on_to_the_same_weights(tmp_path: Path):
    whole = weights(training(12).train(tmp_path / "whole.pt"))
    stopped = training(12)

    def stop(done: int, _figures: Figures) -> None:
        if done == 4:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        stopped.train(tmp_path / "run.pt", stop)
    seen: list[int] = []
    resumed = training(12).train(tmp_path / "run.pt", lambda done, _: seen.append(done))
    assert seen == list(range(6, 13))
    np.testing.assert_array_equal(weights(resumed), whole)


def test_a_checkpoint_of_another_plan_is_not_overwritten(tmp_path: Path):
    training(2).train(tmp_path / "run.pt")
    before = (tmp_path / "run.pt").read_bytes()
    with pytest.raises(ModelError, match="other settings"):
        training(3).train(tmp_path / "run.pt")
    assert (tmp_path / "run.pt").read_bytes() == before


def test_the_streaming_graph_gives_what_the_network_gives(tmp_path: Path):
    torch.manual_seed(1)
    network = RPeakNetwork().eval()
    hops = np.random.default_rng(2).standard_normal((HOP, 200)).astype(np.float32)
    with torch.no_grad():
        logits = network(torch.from_numpy(hops)[None])[0]
    expected = torch.cat((torch.sigmoid(logits[:2]), logits[2:])).numpy()
    path = tmp_path / "rpeak.onnx"
    path.write_bytes(card.pack(network, card.contract(network, TrainingPlan(), ["mitdb/101"], {})))
    stream = StreamingNetwork(path)
    pieces = np.split(hops, [1, 2, 30, 31, 150], axis=1)
    given = np.concatenate([stream.process(piece) for piece in pieces], axis=1)
    np.testing.assert_allclose(given, expected, atol=1e-5)
    assert RPeakDetector(model=path).process(np.zeros(720)) == []


def test_targets_point_at_the_beats():
    bump, distance = step_targets(np.array([10.3, 40.8]), 60)
    assert bump[[10, 40]] == pytest.approx([1.0, 1.0])
    assert bump[[6, 14, 25, 36, 45]] == pytest.approx(0.0)
    assert distance[[9, 10, 40]] == pytest.approx([1.3, 0.3, 0.8], abs=1e-5)


def test_no_patient_trains_and_tests():
    tested = []
    svdb = [f"svdb/{number}" for number in range(800, 865)]
    for fold in range(FOLDS):
        train, test = fold_records(fold, svdb)
        assert not {patient(name) for name in train} & {patient(name) for name in test}
        tested += test
    assert len(tested) == len(set(tested)) == 48 + len(svdb)
    shipped = {patient(name) for name in SHIPPED_TRAINING}
    assert not shipped & {patient(name) for name in DS2_AND_PACED}


def test_made_noise_is_moderate_and_differs_each_time():
    rng = np.random.default_rng(5)
    one, two = motion_noise(rng), motion_noise(rng)
    assert one.samples.size > 60 * 360
    assert np.isfinite(one.samples).all()
    assert np.abs(one.samples).max() < 100 * one.rms_mv
    assert not np.array_equal(one.samples, two.samples)


def test_recorded_noise_is_mixed_from_first_halves_alone(tmp_path: Path):
    signals = np.random.default_rng(6).standard_normal((2 * 30 * 360, 2))
    signals[signals.shape[0] // 2 :] = 0.0
    (tmp_path / "nstdb").mkdir()
    wfdb.wrsamp("bw", 360, ["mV"] * 2, ["one", "two"], signals, write_dir=str(tmp_path / "nstdb"))
    noises = prepare_noise(tmp_path)
    assert len(noises) == MIXTURES
    assert all(noise.samples.size == 30 * 360 and noise.samples[-360:].std() > 0.1 for noise in noises)
    assert [noise.rms_mv for noise in noises] == pytest.approx([1.0] * MIXTURES, rel=0.1)
    assert abs(np.corrcoef(noises[0].samples, noises[MIXTURES // 2].samples)[0, 1]) < 0.1
