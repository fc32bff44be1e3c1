"""The classifier of atrial fibrillation learns what it is shown, and its file says what it is for."""

from __future__ import annotations

import numpy as np
import pytest
from resealing import reseal

from ecgmon.models.af import card
from ecgmon.models.af.data import Stretches
from ecgmon.models.af.scoring import lines, score
from ecgmon.models.af.training import TrainingPlan, train
from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.core.zoo import shipped_file
from ecgmon.monitor.rhythm.af_features import before_r, correlation, describe, entropy
from ecgmon.monitor.rhythm.af_model import AfModel


def pairs(rr_s: np.ndarray) -> list[tuple[float, float]]:
    return list(zip(rr_s[:-1].tolist(), rr_s[1:].tolist(), strict=True))


def stretches(fibrillates: bool, seed: int) -> Stretches:
    random = np.random.default_rng(seed)
    rows = [
        describe(pairs(np.clip(random.normal(0.7, 0.15 if fibrillates else 0.02, 33), 0.3, 1.5)), like)
        for like in random.normal(0.02 if fibrillates else 0.8, 0.05, 60)
    ]
    return Stretches(f"made/{seed}", np.array(rows), np.full(60, fibrillates))


def test_what_was_learned_tells_made_rhythms_apart():
    model = train([stretches(True, 1), stretches(False, 2), stretches(False, 3)])
    told = [line for part in (stretches(True, 4), stretches(False, 5)) for line in lines(score(model, part))]
    assert len(told) == 2
    assert all("100.0 %" in line for line in told)


def test_training_twice_gives_the_same_model():
    parts = [stretches(True, 1), stretches(False, 2)]
    assert train(parts) == train(parts) != train(parts, TrainingPlan(seed=1))


def test_the_shipped_model_wants_irregular_beats_and_weighs_p_waves():
    model = AfModel.load()
    assert model.probability([1.8, 0.0]) > 0.95
    assert model.probability([0.2, 0.0]) < 0.5
    assert model.probability([0.9, 0.9]) < model.probability([0.9, 0.0])


def test_a_model_for_other_features_is_refused(tmp_path):
    path = tmp_path / "model.json"
    shipped = shipped_file("af").read_bytes()
    path.write_bytes(reseal(shipped.replace(b"entropy of intervals", b"entropy of amplitude")))
    with pytest.raises(ModelError, match="another program: features"):
        AfModel.load(path)


def test_a_packed_model_is_read_back_as_it_was(tmp_path):
    model = AfModel((1.5, -2.0), 0.25)
    path = tmp_path / "model.json"
    path.write_bytes(card.pack(model, card.contract(TrainingPlan(), ["mitdb/101"], {"se": 0.9})))
    assert AfModel.load(path) == model


def test_entropy_is_low_where_intervals_repeat_and_high_where_they_do_not():
    random = np.random.default_rng(1)
    steady = entropy(pairs(random.normal(0.8, 0.005, 33)))
    paired = entropy(pairs(np.tile([0.6, 1.0], 17)))
    wild = entropy(pairs(random.uniform(0.4, 1.3, 33)))
    assert steady < 0.2
    assert paired < 0.2
    assert wild > 1.2


def test_what_recurs_before_each_r_wave_is_alike_and_noise_is_not():
    random = np.random.default_rng(1)
    t = np.arange(-150, 1) / 360
    p_wave = 0.1 * np.exp(-0.5 * ((t + 0.18) / 0.02) ** 2)
    noise = [random.normal(0, 0.03, t.size) for _ in range(16)]
    with_p = [shape for n in noise if (shape := before_r(p_wave + n)) is not None]
    without = [shape for n in noise if (shape := before_r(n)) is not None]
    assert correlation(with_p) > 0.4
    assert abs(correlation(without)) < 0.15


def test_a_window_that_begins_too_late_shows_no_p_wave():
    assert before_r(np.zeros(108)) is None
