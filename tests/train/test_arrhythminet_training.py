"""Training keeps its sides apart, repeats itself, goes on where it stopped, and ships what it made."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import ecgmon.models.arrhythminet.__main__ as command
from ecgmon.models.arrhythminet.augment import Augmentation, augment
from ecgmon.models.arrhythminet.data import MITDB, Beats, database_folder, load_beats, split_beats
from ecgmon.models.arrhythminet.network import CLASSES
from ecgmon.models.arrhythminet.scores_file import load_scores
from ecgmon.models.arrhythminet.scoring import Confusion, calibration_error, fit_temperature
from ecgmon.models.arrhythminet.training import TrainingPlan, load, predict, train
from ecgmon.models.common.windows import MARGIN_SAMPLES, clean_windows, live_offsets
from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.dsp.segment import normalise
from ecgmon.monitor.inference import WindowModel
from ecgmon.sim.record import read_record

pytestmark = pytest.mark.train

RECORDS = Path(__file__).parents[2] / "sim" / "records" / "mitdb"
TINY = TrainingPlan(version="v1", epochs=2, epoch_beats=640, batch=32, ema=0.5)
STILL = Augmentation(*[0.0] * 9)


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def beats():
    """Five shapes that a network learns within seconds."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(5), 120)
    time = np.arange(360 + 2 * MARGIN_SAMPLES)
    centre = MARGIN_SAMPLES + 60 + 60 * labels[:, None]
    shape = np.exp(-(((time - centre) / 12.0) ** 2))
    windows = np.stack([shape, -0.7 * shape], axis=1) + 0.02 * rng.standard_normal((600, 2, len(time)))
    offsets = np.tile(np.array([[2, -3]]), (600, 1))
    return Beats(windows.astype(np.float32), labels, np.full(600, "100"), np.arange(600), offsets)


@pytest.fixture(scope="module")
def split(beats):
    return split_beats(beats.labels, seed=0, held_out=30, validation=10)


def test_all_48_records_are_used():
    assert len(set(MITDB)) == 48
    assert {"100", "109", "111", "119", "124", "203", "217", "223", "228", "234"} <= set(MITDB)


def test_no_beat_is_on_two_sides_and_none_is_lost():
    labels = np.repeat(np.arange(5), [9000, 2000, 2100, 1500, 3000])
    split = split_beats(labels, seed=5)
    everything = np.concatenate([split.train, split.validation, split.test])
    assert sorted(everything.tolist()) == list(range(len(labels)))
    assert np.bincount(labels[split.test]).tolist() == [1200] * 5
    assert np.bincount(labels[split.validation]).tolist() == [150] * 5


def test_the_split_follows_from_its_seed():
    labels = np.repeat(np.arange(5), 2000)
    assert np.array_equal(split_beats(labels, 1).test, split_beats(labels, 1).test)
    assert not np.array_equal(split_beats(labels, 1).test, split_beats(labels, 2).test)


def test_windows_without_variation_are_those_the_classifier_is_served(beats):
    some = np.arange(20)
    varied = augment(beats.windows_mv[some], beats.live_offsets[some], np.random.default_rng(0), STILL)
    np.testing.assert_allclose(varied, beats.served(some), rtol=0, atol=1e-6)


def test_live_windows_stand_where_the_live_detector_puts_the_beat(beats):
    some = np.arange(20)
    live = replace(STILL, live=1.0)
    varied = augment(beats.windows_mv[some], beats.live_offsets[some], np.random.default_rng(0), live)
    np.testing.assert_allclose(varied, beats.served(some, live=True), rtol=0, atol=1e-6)
    np.testing.assert_allclose(varied[:, :-2], _renormalised(beats.served(some)[:, 2:], varied), atol=0.05)


def _renormalised(part, like):
    scale = like[:, :-2].std(axis=1, keepdims=True) / part.std(axis=1, keepdims=True)
    return (part - part.mean(axis=1, keepdims=True)) * scale + like[:, :-2].mean(axis=1, keepdims=True)


def test_shifting_moves_the_beat_and_keeps_the_window_normal(beats):
    shifted = replace(STILL, shift_samples=6.0)
    varied = augment(beats.windows_mv[:100], beats.live_offsets[:100], np.random.default_rng(0), shifted)
    moves = varied.argmax(axis=1) - beats.served(np.arange(100)).argmax(axis=1)
    assert 3 < moves.std() < 9
    np.testing.assert_allclose(varied.std(axis=1), 1, rtol=0, atol=1e-3)


@pytest.fixture(scope="module")
def record_100():
    record = read_record(RECORDS / "100")
    beats = np.isin(record.reference.symbols, CLASSES) & (record.reference.samples < 60 * 360)
    return record.samples_mv(0, 61 * 360)[0], record.reference.samples[beats]


def test_windows_of_record_100_hold_the_r_wave_where_the_segmenter_puts_it(record_100):
    kept, windows = clean_windows(record_100[0], record_100[1].tolist())
    assert windows.shape == (kept.sum(), 360 + 2 * MARGIN_SAMPLES)
    assert kept.mean() > 0.9
    inner = normalise(windows[:, MARGIN_SAMPLES:-MARGIN_SAMPLES])
    assert np.median(np.abs(inner.argmax(axis=1) - 216)) <= 2


def test_the_live_detector_puts_the_beats_of_record_100_within_30_ms(record_100):
    assert np.abs(live_offsets(*record_100)).max() <= 11


def test_a_beat_that_the_live_detector_misses_has_no_offset():
    assert live_offsets(np.zeros(3600), np.array([500, 900])).tolist() == [0, 0]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tmp_path_factory.mktemp("run") / "run.pt"


@pytest.fixture(scope="module")
def trained(checkpoint, beats, split):
    return train(beats, split, TINY, checkpoint)


def test_a_tiny_training_learns(trained, beats, split):
    named = predict(trained.network, beats.served(split.test)).argmax(axis=1)
    assert (named == beats.labels[split.test]).mean() > 0.5


def test_training_that_was_stopped_goes_on_to_the_very_same_network(tmp_path, beats, split):
    whole = train(beats, split, TINY, tmp_path / "whole.pt")

    def stop(_done, _figures):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(beats, split, TINY, tmp_path / "stopped.pt", stop)
    again = train(beats, split, TINY, tmp_path / "stopped.pt")
    windows = beats.served(split.test)
    np.testing.assert_array_equal(predict(whole.network, windows), predict(again.network, windows))


def test_a_checkpoint_of_another_recipe_is_not_overwritten(trained, checkpoint, beats, split):
    before = checkpoint.read_bytes()
    with pytest.raises(ModelError, match="other settings"):
        train(beats, split, replace(TINY, epochs=3), checkpoint)
    assert checkpoint.read_bytes() == before


def test_the_network_of_a_checkpoint_is_the_one_trained(trained, checkpoint, beats, split):
    windows = beats.served(split.test)
    np.testing.assert_array_equal(
        predict(load(checkpoint).network, windows), predict(trained.network, windows)
    )


def test_a_damaged_checkpoint_is_refused(tmp_path):
    (tmp_path / "run.pt").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="damaged"):
        load(tmp_path / "run.pt")


def test_from_training_to_a_served_model_by_the_commands(tmp_path, beats, monkeypatch, capsys):
    monkeypatch.setattr(command, "database_folder", lambda _: RECORDS)
    monkeypatch.setattr(command, "load_beats", lambda *_: beats)
    monkeypatch.setattr(
        command, "TrainingPlan", lambda **row: replace(TINY, version=row["version"], epoch_beats=160)
    )
    small = lambda labels, seed: split_beats(labels, seed, held_out=30, validation=10)  # noqa: E731
    monkeypatch.setattr(command, "split_beats", small)
    monkeypatch.setattr("ecgmon.models.arrhythminet.scores_file.split_beats", small)
    run, zoo, report = tmp_path / "run", tmp_path / "zoo", tmp_path / "report.md"
    zoo.mkdir()
    assert command.main(["train", "--version", "v2", "--threads", "1", "--out", str(run)]) == 0
    assert command.main(["evaluate", str(run), "--report", str(report)]) == 0
    assert command.main(["export", str(run), "--zoo", str(zoo)]) == 0
    scores = load_scores(run)
    assert sum(map(sum, scores.counts)) == 150
    assert f"{scores.confusion.accuracy:.4f}" in report.read_text(encoding="utf-8")
    served = WindowModel.load(zoo / "arrhythminet-v2.onnx")
    assert served.contract.scores["accuracy"] == pytest.approx(scores.confusion.accuracy, abs=1e-4)
    assert (zoo / "arrhythminet-v2.md").read_text(encoding="utf-8").startswith("# arrhythminet-v2\n")
    assert 'name = "arrhythminet-v2"' in (zoo / "index.toml").read_text(encoding="utf-8")


def test_export_of_a_run_without_scores_says_what_to_do(tmp_path, capsys):
    assert command.main(["export", str(tmp_path)]) == ModelError.exit_code
    assert "evaluate" in capsys.readouterr().err


def test_training_without_data_says_where_to_get_it(tmp_path, capsys):
    assert command.main(["train", "--data-dir", str(tmp_path), "--out", str(tmp_path / "run")]) == 5
    assert "physionet.org" in capsys.readouterr().err


def test_confusion_gives_the_textbook_figures():
    truth = np.array([0, 0, 0, 4, 4])
    named = np.array([0, 0, 4, 4, 0])
    table = Confusion.of(truth, named)
    assert table.accuracy == pytest.approx(0.6)
    assert table.precision[[0, 4]] == pytest.approx([2 / 3, 1 / 2])
    assert table.recall[[0, 4]] == pytest.approx([2 / 3, 1 / 2])
    assert table.f1[0] == pytest.approx(2 / 3)


def test_temperature_calibrates_an_overconfident_model():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (4000, 5))
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([rng.choice(5, p=row) for row in chances])
    assert fit_temperature((3 * logits).astype(np.float32), truth) == pytest.approx(3, rel=0.1)
    assert calibration_error(chances.astype(np.float32), truth) < 0.03
    loud = np.exp(3 * logits) / np.exp(3 * logits).sum(axis=1, keepdims=True)
    assert calibration_error(loud.astype(np.float32), truth) > 0.15


@pytest.mark.full_data
@pytest.mark.parametrize("name", ["arrhythminet-v1", "arrhythminet-v2"])
def test_shipped_models_reach_their_stated_accuracy(name):
    served = WindowModel.load(name)
    beats = load_beats(database_folder(None), lambda _: None)
    test = split_beats(beats.labels, int(served.contract.extra["seed"])).test
    named = served.classify(beats.served(test))[0].argmax(axis=1)
    accuracy = (named == beats.labels[test]).mean()
    assert accuracy == pytest.approx(served.contract.scores["accuracy"], abs=1e-3)
    assert accuracy >= 0.985
