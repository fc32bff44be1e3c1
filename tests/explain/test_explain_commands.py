"""``ecgmon explain`` and ``ecgmon evaluate explanations`` as a user calls them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from ecgmon.monitor.evaluation.annotations import Annotations
from ecgmon.monitor.explain.choosing import choose_beats
from ecgmon.monitor.explain.proof import Effort, ProofJob, prove
from ecgmon.monitor.explain.randomise import shuffled
from ecgmon.monitor.explain.tables import proof_tables
from ecgmon.monitor.inference.registry import find_model
from ecgmon.sim.record import read_record

ROOT = Path(__file__).parents[2]
RECORDS = ROOT / "sim" / "records" / "mitdb"
MODEL = "arrhythminet-v2"


def ecgmon(folder, *arguments):
    kept = {key: value for key, value in os.environ.items() if key != "ECGMON_DATA"}
    return subprocess.run(
        [sys.executable, "-m", "ecgmon", *map(str, arguments)],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def test_explain_draws_a_beat_and_says_the_gist(tmp_path):
    result = ecgmon(tmp_path, "explain", "200", "--beat", "12", "--model", MODEL)
    assert result.returncode == 0, result.stderr
    assert "beat 12 at 6.9" in result.stdout
    assert "named V by arrhythminet-v2" in result.stdout
    for method in ("Grad-CAM", "SHAP", "Deletion mask"):
        assert f"{method}: " in result.stdout
    picture = tmp_path / "200-beat12.png"
    assert picture.read_bytes()[1:4] == b"PNG"
    assert picture.stat().st_size > 40_000


def test_explain_wants_to_know_which_beat(tmp_path):
    assert ecgmon(tmp_path, "explain", "200").returncode == 2


def test_explanations_of_a_record_without_reference_are_refused_with_a_way_out(tmp_path):
    for suffix in ("hea", "dat"):
        shutil.copy(RECORDS / f"200.{suffix}", tmp_path)
    result = ecgmon(tmp_path, "evaluate", "explanations", "./200")
    assert (result.returncode, result.stdout) == (5, "")
    assert "Record 200 has no reference annotations (.atr) to score against." in result.stderr
    assert "--annotations" not in result.stderr


def test_beats_are_drawn_alike_from_classes_and_in_turn_from_records():
    times = np.arange(40, 100)
    reference = {
        name: (Annotations(times * 360, np.array([symbol] * 50 + ["N"] * 10)), 360.0)
        for name, symbol in (("a", "V"), ("b", "N"), ("c", "V"))
    }
    chosen = choose_beats(reference, {"N", "V"}, per_class=6, seed=1)
    kinds = [kind for beats in chosen.values() for _, kind in beats]
    assert sorted(kinds) == ["N"] * 6 + ["V"] * 6
    assert sum(kind == "V" for _, kind in chosen["a"]) == 3
    assert choose_beats(reference, {"N", "V"}, per_class=6, seed=1) == chosen


@pytest.mark.parametrize("depth", ["head", "all"])
def test_shuffled_weights_make_another_model_of_the_same_shape(depth):
    model = find_model(MODEL).path.read_bytes()
    changed = shuffled(model, seed=3, depth=depth)
    assert shuffled(model, seed=3, depth=depth) == changed
    windows = np.random.default_rng(0).normal(size=(4, 360)).astype(np.float32)
    before, after = (
        ort.InferenceSession(data, providers=["CPUExecutionProvider"]).run(None, {"window": windows})
        for data in (model, changed)
    )
    assert [out.shape for out in before] == [out.shape for out in after]
    assert np.abs(before[0] - after[0]).max() > 0.05


def test_weights_stored_in_eight_bits_are_shuffled_too():
    model = find_model(MODEL).path.read_bytes()
    before, after = (
        [
            onnx.numpy_helper.to_array(tensor)
            for tensor in onnx.load_from_string(data).graph.initializer
            if tensor.data_type == onnx.TensorProto.INT8
        ]
        for data in (model, shuffled(model, seed=3, depth="all"))
    )
    assert sum(tensor.size for tensor in before) > 20_000
    for old, new in zip(before, after, strict=True):
        assert not np.array_equal(old, new)
        np.testing.assert_array_equal(np.sort(old.ravel()), np.sort(new.ravel()))


def test_copies_of_weights_within_a_graph_are_shuffled_alike():
    random = np.random.default_rng(1)
    weight = random.normal(size=(6, 8)).astype(np.float32)
    other = random.normal(size=(5, 5)).astype(np.float32)
    tensors = {"weight": weight, "scaled": 1.3 * weight, "part": weight[:, :4], "other": other}
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "weight"], ["probabilities"])],
        "small",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 6])],
        [onnx.helper.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT, [1, 8])],
        [onnx.numpy_helper.from_array(values, name) for name, values in tensors.items()],
    )
    changed = onnx.load_from_string(shuffled(onnx.helper.make_model(graph).SerializeToString(), 0, "all"))
    after = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in changed.graph.initializer}
    assert not np.array_equal(after["weight"], weight)
    assert sorted(after["weight"].ravel()) == sorted(weight.ravel())
    np.testing.assert_allclose(after["scaled"], 1.3 * after["weight"], rtol=1e-5)
    np.testing.assert_array_equal(after["part"], after["weight"][:, :4])
    np.testing.assert_array_equal(after["other"], other)


def test_proof_measures_every_method_and_sees_through_shuffled_weights():
    reference = read_record(RECORDS / "200").reference
    known = np.isin(reference.symbols, ["N", "V"]) & (reference.samples > 360)
    beats = tuple(zip(reference.samples[known][:3] / 360, reference.symbols[known][:3], strict=True))
    job = ProofJob(RECORDS / "200", 0, beats, MODEL, Effort(coalitions=250, background=5, steps=40))
    figures = prove(job)
    assert len(figures) >= 2
    tables = proof_tables(figures)
    assert set(tables) == {"fidelity", "areas", "pointing", "agreement", "sanity"}
    changed = [beat.alike["Grad-CAM, all"] for beat in figures]
    assert np.mean([value for value in changed if value is not None]) < 0.7
    for method in ("Grad-CAM", "SHAP", "deletion mask", "chance"):
        assert method in tables["areas"].to_text()
    rows = tables["areas"].to_csv().splitlines()
    assert rows[0] == "method,class,beats,deletion,insertion"
