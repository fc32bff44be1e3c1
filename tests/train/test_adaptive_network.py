from itertools import pairwise

import numpy as np
import onnxruntime as ort
import pytest
import torch

from ecgmon.models.adaptive.batches import filtered, stretched
from ecgmon.models.adaptive.calibration import Calibration, fit_calibration
from ecgmon.models.adaptive.card import contract, pack, page, scores_page
from ecgmon.models.adaptive.data import BeatSequence, beats_key, match
from ecgmon.models.adaptive.export import PENDING, to_graph
from ecgmon.models.adaptive.leads import turn
from ecgmon.models.adaptive.network import MEMORY, AdaptiveNet
from ecgmon.models.adaptive.operating import draw, operating_points, table
from ecgmon.models.adaptive.patients import (
    ANY_NORMAL,
    IGNORED,
    SVDB_HELD_OUT,
    SYMBOLS,
    label_of,
    training_records,
)
from ecgmon.models.adaptive.scoring import Prediction, calibration_error, predict, to_aami
from ecgmon.models.adaptive.training import TrainingPlan, load, loss_of, train
from ecgmon.models.common import windows
from ecgmon.models.common.sealing import ship
from ecgmon.monitor.core.ecg_codes import DS1, DS2
from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.core.graph_file import open_graph
from ecgmon.monitor.inference.atypical_beats import ATYPICAL_FEATURES
from ecgmon.monitor.inference.classification import ClassifierSettings
from ecgmon.monitor.inference.contract import ModelContract
from ecgmon.monitor.inference.opening import open_classifier
from ecgmon.monitor.inference.patient_features import FEATURES, USUAL_FEATURES

pytestmark = pytest.mark.train


def random_network(seed: int = 0) -> AdaptiveNet:
    torch.manual_seed(seed)
    network = AdaptiveNet()
    network.train()
    with torch.no_grad():
        for _ in range(20):
            network(torch.randn(4, 16, 3, 120), torch.randn(4, 16, len(FEATURES)), torch.randn(4, 16, 5))
    return network.eval()


def some_beats(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = rng.normal(size=(n, 3, 120)).astype(np.float32)
    return (
        shapes,
        rng.normal(size=(n, len(FEATURES))).astype(np.float32),
        rng.normal(size=(n, 5)).astype(np.float32),
    )


def made_up(record: str, n: int = 60) -> BeatSequence:
    rng = np.random.default_rng(int(record))
    labels = rng.choice([0, 0, 0, 3, 4], n)
    shapes = rng.normal(0, 0.3, (n, 3, 120))
    shapes[labels == 4, 0, 60:80] += 4
    features = rng.normal(0, 0.05, (n, len(FEATURES))).astype(np.float32)
    features[labels == 3, :10] -= 1
    samples = np.cumsum(rng.integers(250, 330, n))
    later = np.zeros((n, 5), np.float32)
    sizes = np.ones(n, np.float32)
    shapes = shapes.astype(np.float16)
    others = np.roll(shapes[:, 0], 2, axis=1)
    return BeatSequence("mitdb", record, 0, shapes, features, later, sizes, labels, samples, others)


@pytest.fixture
def session(tmp_path):
    path = tmp_path / "net.onnx"
    about = contract(TrainingPlan(), [], Calibration(), {})
    path.write_bytes(pack(random_network(), Calibration(), about))
    return open_graph(path, contract=ModelContract)[0]


@pytest.mark.parametrize("cuts", [range(1, 40), [7, 8, 23], []])
def test_the_graph_in_steps_of_any_size_equals_the_network_over_the_whole_run(session, cuts):
    network = random_network()
    shapes, features, later = some_beats(40)
    before = np.concatenate((np.zeros((1, 5), np.float32), later[:-1]))
    with torch.no_grad():
        named = network(*(torch.from_numpy(x)[None] for x in (shapes, features, later)))
    memory, pending = np.zeros((1, MEMORY), np.float32), np.zeros((1, PENDING), np.float32)
    for start, stop in pairwise([0, *cuts, 40]):
        feed = {"shapes": shapes[start:stop], "features": features[start:stop]}
        feed |= {"next_features": before[start:stop], "memory": memory, "pending": pending}
        first, _, final, memory, pending = session.run(None, feed)
        wanted = torch.softmax(named.first[0, start:stop], 1).numpy()
        np.testing.assert_allclose(first, wanted, atol=1e-5)
        np.testing.assert_allclose(memory[0], named.memory[0, stop - 1].numpy(), atol=1e-5)
        known = slice(max(start, 1) - start, None)
        wanted = torch.softmax(named.final[0, max(start, 1) - 1 : stop - 1], 1).numpy()
        np.testing.assert_allclose(final[known], wanted, atol=1e-5)


def test_the_attribution_equals_autograd(session):
    network = random_network()
    shapes, features, later = some_beats(8)
    rng = np.random.default_rng(5)
    for k in range(8):
        memory = rng.normal(size=(1, MEMORY)).astype(np.float32) * 0.5
        pending = np.zeros((1, PENDING), np.float32)
        feed = {"shapes": shapes[k : k + 1], "features": features[k : k + 1], "memory": memory}
        feed |= {"next_features": later[k : k + 1], "pending": pending}
        got = session.run(["attribution"], feed)
        maps = network.encoder(torch.from_numpy(feed["shapes"])).detach().requires_grad_()
        described = torch.from_numpy(feed["features"])
        usual = described[:, : len(USUAL_FEATURES)]
        seen = torch.cat((network.pooled(maps), usual, torch.from_numpy(memory)), 1)
        fused = network.fusion(torch.relu(network.fusion_hidden(described))) * network.is_fusion
        logits = network.first(torch.relu(network.first_hidden(seen))) + fused
        (slope,) = torch.autograd.grad(logits[0].max(), maps)
        cam = torch.relu((slope * maps).sum(1))
        wide = torch.nn.functional.interpolate(cam[:, None], size=360, mode="linear")[0, 0]
        wanted = (wide / wide.max().clamp(min=1e-12)).detach().numpy()
        np.testing.assert_allclose(got[0][0], wanted, atol=1e-5)


def test_atypical_beats_speak_for_or_against_fusion_only():
    network = random_network()
    inputs = [torch.from_numpy(rows)[None] for rows in some_beats(12)]
    before = network(*inputs)
    inputs[1][..., -len(ATYPICAL_FEATURES) :] += 1.0
    for old, new in zip(before[:2], network(*inputs)[:2], strict=True):
        changed = (old != new).flatten(0, 1).any(dim=0)
        assert [symbol for symbol, moved in zip(SYMBOLS, changed, strict=True) if moved] == ["F"]


def test_a_temperature_flattens_the_probabilities_and_keeps_the_class():
    def probabilities(temperature: float) -> np.ndarray:
        from onnx import helper

        model = helper.make_model(to_graph(random_network(), Calibration(temperature)), ir_version=8)
        model.opset_import[0].version = 17
        session = ort.InferenceSession(model.SerializeToString())
        shapes, features, later = some_beats(1)
        feed = {"shapes": shapes, "features": features, "next_features": later}
        feed |= {"memory": np.zeros((1, MEMORY), np.float32), "pending": np.zeros((1, PENDING), np.float32)}
        return session.run(["probabilities"], feed)[0][0]

    sharp, flat = probabilities(1.0), probabilities(3.0)
    assert sharp.argmax() == flat.argmax()
    assert flat.max() < sharp.max()


def test_calibration_finds_the_sharpness_and_the_shares_that_were_changed(tmp_path):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (6000, 7)).astype(np.float32)
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    symbols = np.array([rng.choice(7, p=row / row.sum()) for row in chances.astype(np.float64)])
    truth = np.array([0, 0, 0, 1, 2, 3, 4])[symbols]
    changed = 1.5 * logits
    changed[:, 4] += 1.5
    found = fit_calibration(changed, truth)
    assert found.temperature == pytest.approx(1.5, abs=0.1)
    assert found.offsets[4] == pytest.approx(-1.0, abs=0.15)
    assert found.offsets[:3] == (0.0, 0.0, 0.0)
    assert calibration_error(to_aami(changed, found), truth) < calibration_error(to_aami(changed), truth)
    found.write(tmp_path / "c.json")
    assert Calibration.read(tmp_path / "c.json") == found
    with pytest.raises(ModelError, match="no calibration"):
        Calibration.read(tmp_path / "d.json")
    for damaged in ("", "[]", '{"temperature": 1}', '{"temperature": 1, "offsets": ["x"]}'):
        (tmp_path / "d.json").write_text(damaged, encoding="utf-8")
        with pytest.raises(ModelError, match=r"d\.json: this is no calibration .* crossval"):
            Calibration.read(tmp_path / "d.json")


def test_a_bias_for_a_class_finds_more_of_it_and_more_false_ones(tmp_path):
    rng = np.random.default_rng(1)
    truth = np.repeat([0, 2], [900, 100])
    logits = rng.normal(0, 1, (1000, 7)).astype(np.float32)
    logits[np.arange(1000), np.where(truth == 2, 4, 0)] += 2.5
    rows = [Prediction(logits, logits, truth)]
    points = operating_points(rows, "V", Calibration())
    found = [point.sensitivity for point in points]
    assert found == sorted(found)
    assert points[0].predictivity > points[-1].predictivity
    assert "ventricular_bias" in table(points, "V")
    draw({"V": {"test": points}, "S": {"test": points}}, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 5000


def test_the_network_is_small_enough():
    assert 4 * sum(p.numel() for p in AdaptiveNet().parameters()) <= 160_000


def test_no_tested_patient_is_trained_on():
    trained = set(training_records())
    assert not trained & {("mitdb", name) for name in (*DS2, "201")}
    assert not trained & {("svdb", name) for name in SVDB_HELD_OUT}
    assert len(DS1) == len(DS2) == 22


def test_labels_follow_aami_and_what_the_database_can_tell():
    assert label_of("N", "mitdb") == 0
    assert label_of("N", "svdb") == ANY_NORMAL
    assert label_of("S", "svdb") == label_of("a", "mitdb") == 3
    assert label_of("+", "mitdb") == IGNORED


def test_a_normal_beat_of_unknown_kind_may_be_any_normal_one():
    logits = torch.tensor([[[9.0, 0, 0, 0, 0, 0, 0], [0, 9.0, 0, 0, 0, 0, 0], [0, 0, 0, 9.0, 0, 0, 0]]])
    weights = torch.ones(8)
    losses = [float(loss_of(logits[:, k : k + 1], torch.tensor([[ANY_NORMAL]]), weights)) for k in range(3)]
    assert losses[0] < 0.01
    assert losses[1] < 0.01
    assert losses[2] > 3


def test_beats_found_match_reference_beats_one_to_one():
    found = np.array([100, 130, 500, 900])
    np.testing.assert_array_equal(match(found, np.array([128.0, 520.0, 1200.0])), [-1, 0, 1, -1])


def test_another_detector_makes_other_beats(tmp_path, monkeypatch):
    before = beats_key()
    (tmp_path / "rpeak.onnx").write_bytes(b"another detector")
    monkeypatch.setattr(windows, "shipped_file", lambda name: tmp_path / f"{name}.onnx")
    assert beats_key() != before


def test_a_tiny_training_learns_resumes_ships_and_is_served(tmp_path):
    plan = TrainingPlan(epochs=2, steps=30, runs=4, length=32, invented=0.0, ema=0.9, peak_rate=1e-2)
    data = [made_up(name) for name in ("101", "106", "108")]
    seen: list[tuple[int, set[str]]] = []
    train(data, plan, tmp_path / "c.pt", [made_up("109")], lambda done, row: seen.append((done, set(row))))
    assert seen[-1] == (2, {"loss", "final_v_f1", "final_s_f1", "final_accuracy"})
    network, again, records = load(tmp_path / "c.pt")
    assert (again, records) == (plan, ["mitdb/101", "mitdb/106", "mitdb/108"])
    prediction = predict(network, made_up("112"))
    assert (to_aami(prediction.first).argmax(1) == prediction.truth).mean() > 0.85
    assert 0 <= calibration_error(to_aami(prediction.first), prediction.truth) < 0.5
    about = contract(plan, records, Calibration(1.5), {"ds2_v_f1": 0.5})
    told = page(network, about, scores_page(about.scores, Calibration(1.5)))
    path = ship(tmp_path, about, pack(network, Calibration(1.5), about), told)
    assert open_classifier(ClassifierSettings(model=str(path))).contract.name == "adaptive"
    with pytest.raises(ModelError, match="other settings"):
        train(data, TrainingPlan(epochs=3), tmp_path / "c.pt")


def test_a_record_at_another_angle_keeps_its_beats_and_changes_their_shapes():
    record = made_up("101")
    record.others_mv[:3] = np.nan
    (seen,) = turn([record], np.random.default_rng(0))
    np.testing.assert_array_equal(seen.labels, record.labels[3:])
    np.testing.assert_array_equal(seen.samples, record.samples[3:])
    assert not np.allclose(seen.shapes[:, 0], record.shapes[3:, 0], atol=0.05)
    assert np.isfinite(seen.shapes).all()


def test_a_filtered_beat_keeps_its_size_and_a_quicker_one_its_r_wave():
    shapes = np.zeros((4, 3, 120), np.float32)
    shapes[:, :, 64:81] = np.hanning(17)
    shapes[:, 0] -= shapes[:, 0].mean(axis=1, keepdims=True)
    shapes[:, 0] /= shapes[:, 0].std(axis=1, keepdims=True)
    other = filtered(shapes, np.random.default_rng(3))
    np.testing.assert_allclose(other[:, 0].std(axis=1), 1.0, atol=1e-5)
    assert not np.allclose(other, shapes, atol=0.02)
    quick = stretched(shapes, 1.25)
    assert (quick.argmax(axis=2) == 72).all()
    assert (quick[0, 1] > 0.01).sum() < (shapes[0, 1] > 0.01).sum()
