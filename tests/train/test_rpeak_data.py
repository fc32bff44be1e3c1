"""The R-peak network is trained behind the live front end, on labels that point at the beats."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.models.rpeak import __main__ as command
from ecgmon.models.rpeak import card
from ecgmon.models.rpeak.augment import AugmentPlan, silence, stretch, tall_p_waves, trouble
from ecgmon.models.rpeak.batches import BatchShape, Sampler, step_targets
from ecgmon.models.rpeak.data import Trace, prepare, prepare_noise, read_raw, records, to_pipeline_rate
from ecgmon.models.rpeak.export import to_graph
from ecgmon.models.rpeak.network import NetworkShape, RPeakNetwork
from ecgmon.models.rpeak.recipe import build
from ecgmon.models.rpeak.scoring import Score, gross, line, score_record
from ecgmon.models.rpeak.synthetic import SECONDS, synthetic_trace
from ecgmon.models.rpeak.training import TrainingPlan, load, loss_of
from ecgmon.monitor.dsp.rpeak import RPeakDetector
from ecgmon.monitor.dsp.rpeak_frontend import HOP, QrsFrontEnd
from ecgmon.monitor.dsp.rpeak_network import StreamingNetwork

SHAPE = BatchShape(windows=3, seconds=4, warm_s=2)
LOOKS = (8, 17)
STILL = BatchShape(
    windows=3, seconds=4, warm_s=2, noise_share=0.0, cold=0.0, augment=AugmentPlan(0, 0, 0, 0, 0, 0)
)


@pytest.fixture
def trace() -> Trace:
    return synthetic_trace(np.random.default_rng(1), 1)


def sampler(traces: list[Trace], shape: BatchShape = SHAPE, seed: int = 0) -> Sampler:
    return Sampler(traces, np.ones(len(traces)), [], shape, LOOKS, np.random.default_rng(seed))


def test_a_prepared_record_is_the_live_band_pass_of_the_raw_one(databases: Path, own_cache: Path) -> None:
    prepared = prepare(databases, "mitdb/101", 0)
    raw = read_raw(databases, "mitdb/101", 0)
    front_end = QrsFrontEnd()
    parts = [front_end.process(raw.samples[at : at + 1000])[1] for at in range(0, raw.samples.size, 1000)]
    live = np.concatenate(parts)
    np.testing.assert_allclose(prepared.samples[: live.size], live, atol=1e-4)
    assert prepared.qrs_mv == pytest.approx(1.0, abs=0.3)
    assert len(prepared.beats) == len(raw.beats) > 100


def test_a_record_is_prepared_once(databases: Path, own_cache: Path) -> None:
    first = prepare(databases, "mitdb/101", 1)
    assert len(list(own_cache.rglob("mitdb-101-1.npz"))) == 1
    again = prepare(Path("/nowhere"), "mitdb/101", 1)
    np.testing.assert_array_equal(first.samples, again.samples)


def test_svdb_comes_at_the_rate_of_the_pipeline_with_its_labels_on_the_r_waves(
    databases: Path, own_cache: Path
) -> None:
    prepared = prepare(databases, "svdb/800", 0)
    assert prepared.samples.size == pytest.approx(100 * 360, abs=3)
    inside = prepared.beats[2:-2].round().astype(int)
    windows = prepared.samples[inside[:, None] + np.arange(-29, 29)]
    assert np.median(np.abs(np.abs(windows).argmax(axis=1) - 29)) <= 4


@given(st.sampled_from([128.0, 250.0, 360.0, 1000.0]))
def test_resampling_keeps_duration_and_a_slow_sine(fs_hz: float) -> None:
    time = np.arange(int(4 * fs_hz)) / fs_hz
    found = to_pipeline_rate(np.sin(2 * np.pi * 3 * time), fs_hz)
    assert found.size == 4 * 360
    middle = slice(360, 3 * 360)
    np.testing.assert_allclose(
        found[middle], np.sin(2 * np.pi * 3 * np.arange(1440) / 360)[middle], atol=0.01
    )


def test_records_are_those_with_annotations(databases: Path) -> None:
    assert records(databases, "svdb") == ["svdb/800", "svdb/801"]
    assert records(databases, "nstdb") == []


def test_noise_comes_from_the_first_half_alone(databases: Path) -> None:
    noises = prepare_noise(databases)
    assert {noise.name for noise in noises} == {"bw", "em", "ma"}
    assert {noise.samples.size for noise in noises} == {150 * 360}


@given(st.lists(st.floats(1, 99), max_size=12))
def test_a_target_is_one_at_a_beat_and_falls_with_the_distance(beats: list[float]) -> None:
    places = np.sort(np.array(beats))
    bump, distance = step_targets(places, 100)
    assert ((bump >= 0) & (bump <= 1)).all()
    middles = np.arange(100) + 0.5
    nearest = np.abs(places[:, None] - middles).min(axis=0) if beats else np.full(100, np.inf)
    assert (bump[nearest < 1.4] == 1).all()
    assert (bump[nearest > 3.1] == 0).all()
    if beats:
        np.testing.assert_allclose(np.abs(distance - 0.5), nearest, atol=1e-4)


def test_a_batch_has_its_shapes_and_follows_from_its_seed(trace: Trace) -> None:
    batch = sampler([trace]).draw()
    assert batch.hops.shape == (3, HOP, SHAPE.steps)
    assert batch.targets.shape == (3, 2, SHAPE.steps)
    again, other = sampler([trace]).draw(), sampler([trace], seed=1).draw()
    np.testing.assert_array_equal(batch.hops, again.hops)
    assert not np.array_equal(batch.hops, other.hops)


def test_chance_taken_up_from_a_state_goes_on_as_before(trace: Trace) -> None:
    one, other = sampler([trace]), sampler([trace], seed=9)
    one.draw()
    other.rng.bit_generator.state = one.rng.bit_generator.state
    np.testing.assert_array_equal(one.draw().hops, other.draw().hops)


def test_the_second_look_lags_behind_the_first(trace: Trace) -> None:
    batch = sampler([trace], STILL).draw()
    lag = LOOKS[1] - LOOKS[0]
    np.testing.assert_allclose(batch.targets[:, 0, :-lag], batch.targets[:, 1, lag:], atol=1e-5)


def test_what_is_ignored_weighs_nothing(trace: Trace) -> None:
    everywhere = np.array([[0.0, float(trace.samples.size)]])
    flutter = Trace("mitdb/207", 0, trace.samples, trace.beats, everywhere, trace.qrs_mv)
    batch = sampler([flutter], STILL).draw()
    assert not batch.weight.any()
    assert sampler([trace], STILL).draw().weight.any()


def test_labels_of_svdb_and_second_leads_teach_no_place(trace: Trace) -> None:
    for name, lead in (("svdb/800", 0), ("mitdb/101", 1)):
        other = Trace(name, lead, trace.samples, trace.beats, trace.ignored, trace.qrs_mv)
        assert not sampler([other], STILL).draw().offset_weight.any()
    assert sampler([trace], STILL).draw().offset_weight.any()


def test_silence_has_no_beats(trace: Trace) -> None:
    quiet = BatchShape(
        windows=6, seconds=4, warm_s=2, noise_share=0.0, cold=0.0, augment=AugmentPlan(0, 0, 0, 1.0, 0, 0)
    )
    silent, whole = sampler([trace], quiet).draw(), sampler([trace], STILL).draw()
    assert silent.targets[:, 0].mean() < whole.targets[:, 0].mean()


@given(st.integers(0, 1000))
def test_augmentations_stay_within_their_bounds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert 0.8 <= stretch(rng, 1.0) <= 1.3
    assert stretch(rng, 0.0) == 1.0
    first, last = silence(rng, 4000)
    assert 0 <= first < last <= 4000
    assert not trouble(rng, AugmentPlan(0, 0, 0), 1.0, 400).any()
    assert np.isfinite(trouble(rng, AugmentPlan(1, 1, 1), 1.0, 400)).all()
    waves = tall_p_waves(rng, np.array([200.0, 600.0]), 1.0, 800)
    assert waves.shape == (800,)
    assert np.abs(waves).max() < 2.0


@given(st.integers(0, 200))
def test_synthetic_beats_are_in_order_and_within_the_trace(seed: int) -> None:
    made = synthetic_trace(np.random.default_rng(seed), 0)
    assert made.samples.size == SECONDS * 360
    assert (np.diff(made.beats) >= 0.18 * 360).all()
    assert 0 <= made.beats[0] < made.beats[-1] < made.samples.size


def test_the_loss_is_nothing_where_all_is_right_and_ignores_what_weighs_nothing(trace: Trace) -> None:
    batch = sampler([trace], STILL).draw()
    hard = (batch.targets > 0.5).astype(np.float32)
    sure = type(batch)(batch.hops, hard, batch.offset, batch.weight, batch.offset_weight)
    logits = torch.from_numpy(np.concatenate((40 * hard - 20, batch.offset[:, None]), axis=1))
    assert float(loss_of(logits, sure, 0.1)) < 1e-6
    silent = type(batch)(batch.hops, hard, batch.offset, 0 * batch.weight, 0 * batch.offset_weight)
    assert float(loss_of(-logits, silent, 0.1)) == 0.0


@pytest.mark.parametrize(
    "shape", [NetworkShape(channels=4, dilations=(1, 2)), NetworkShape(channels=8, kernel=5)]
)
def test_the_graph_equals_the_network_for_any_shape(shape: NetworkShape, tmp_path: Path) -> None:
    torch.manual_seed(4)
    network = RPeakNetwork(shape).eval()
    hops = np.random.default_rng(2).standard_normal((HOP, 90)).astype(np.float32)
    with torch.no_grad():
        logits = network(torch.from_numpy(hops)[None])[0]
    wanted = torch.cat((torch.sigmoid(logits[:2]), logits[2:])).numpy()
    path = tmp_path / "net.onnx"
    path.write_bytes(card.pack(network, card.contract(network, TrainingPlan(), ["mitdb/101"], {})))
    stream = StreamingNetwork(path)
    given_ = np.concatenate([stream.process(hops[:, at : at + 7]) for at in range(0, 90, 7)], axis=1)
    np.testing.assert_allclose(given_, wanted, atol=1e-5)
    states = {value.name for value in to_graph(network).input} - {"hops"}
    assert len(states) == 1 + len(shape.dilations)


def test_the_shipped_graph_is_that_of_the_code() -> None:
    from ecgmon.monitor.core.zoo import shipped_file

    shipped = ort.InferenceSession(shipped_file("rpeak").read_bytes(), providers=["CPUExecutionProvider"])
    made = to_graph(RPeakNetwork())
    assert [node.name for node in shipped.get_inputs()] == [value.name for value in made.input]
    assert [node.name for node in shipped.get_outputs()] == [value.name for value in made.output]


def test_scores_are_pooled_and_tell_nothing_found_apart() -> None:
    one = Score("a", 10, 1, 2, np.array([1.0, 3.0]), np.array([200.0, 220.0]))
    none = Score("b", 5, 5, 0, np.zeros(0), np.zeros(0))
    whole = gross([one, none], "all")
    assert (whole.beats, whole.missed, whole.false) == (15, 6, 2)
    assert whole.error_rate == pytest.approx(8 / 15)
    assert whole.row()["error_ms"] == 2.0
    assert np.isnan(none.row()["known_p99_ms"])
    assert "   6 missed" in line(whole)


def test_the_shipped_detector_finds_every_beat_of_a_made_record(databases: Path) -> None:
    found = score_record(databases, "mitdb/101", RPeakDetector())
    assert (found.missed, found.false) == (0, 0)
    assert found.error_ms.mean() < 15


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make less synthetic ECG and noise than a real training takes."""
    for name in ("SYNTHETIC_TRACES", "MOTION_NOISES"):
        monkeypatch.setattr(f"ecgmon.models.rpeak.recipe.{name}", 2)


def test_two_trainings_of_one_seed_begin_alike(databases: Path, own_cache: Path, few: None) -> None:
    plan = TrainingPlan(steps=2, seed=4)
    one, other = (build(databases, ["mitdb/101"], plan) for _ in range(2))
    assert one.advance() == other.advance()
    third = build(databases, ["mitdb/101"], TrainingPlan(steps=2, seed=5))
    assert third.advance() != one.advance()


def test_without_a_run_the_shipped_file_is_scored(
    databases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "--data-dir", str(databases), "--out", str(tmp_path), "--records", "100"]
    assert command.main(words) == 0
    out = capsys.readouterr().out
    assert out.startswith("scoring the shipped file\n")
    assert "   0 missed     0 false" in out


def test_from_records_to_a_served_model_by_the_commands(
    databases: Path, own_cache: Path, few: None, tmp_path: Path
) -> None:
    run, zoo = tmp_path / "run", tmp_path / "zoo"
    common = ["--data-dir", str(databases), "--out", str(run), "--steps", "2"]
    assert command.main(["train", *common, "--records", "101", "800"]) == 0
    assert command.main(["evaluate", *common, "--records", "100", "202"]) == 0
    assert command.main(["crossval", *common, "--records", "100", "101", "--fold", "0"]) == 0
    assert command.main(["export", *common, "--zoo", str(zoo)]) == 0
    rows = json.loads((run / "scores.json").read_text(encoding="utf-8"))
    assert [row["record"] for row in rows] == ["mitdb/100", "mitdb/202", "DS2 + paced"]
    assert load(run / "rpeak.pt")[2] == ["mitdb/101", "svdb/800"]
    hops = np.random.default_rng(0).standard_normal((HOP, 20)).astype(np.float32)
    shipped, trained = StreamingNetwork(zoo / "rpeak.onnx"), StreamingNetwork(run / "rpeak.onnx")
    np.testing.assert_array_equal(shipped.process(hops), trained.process(hops))
    assert shipped.contract.extra["records"] == "mitdb/101 svdb/800"
    assert set(shipped.contract.scores) == {"unseen_der", "mitdb_der"}
    assert "| DS2 + paced |" in (zoo / "rpeak.md").read_text(encoding="utf-8")
