"""Seconds of ventricular fibrillation are labelled, drawn and scored as the annotators meant them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.models.common.progress import Figures
from ecgmon.models.vf import __main__ as command
from ecgmon.models.vf import card
from ecgmon.models.vf.augment import LEAST_WANTED_MV, Augmenter
from ecgmon.models.vf.data import (
    Lead,
    is_slow,
    read_leads,
    rhythms,
    short_signal,
    spans,
    wanted_spans,
)
from ecgmon.models.vf.network import VfNetwork
from ecgmon.models.vf.scoring import Run, line, score
from ecgmon.models.vf.training import NOISE_SHARE, WANTED_SHARE, TrainingPlan, lessons, load, train
from ecgmon.monitor.core.errors import ModelError, RecordError
from ecgmon.monitor.dsp.resample import Resampler
from ecgmon.monitor.dsp.sanitise import Sanitiser
from ecgmon.monitor.rhythm.vf_model import VfModel
from ecgmon.monitor.rhythm.vf_windows import AHEAD_S, SHORT_SECOND, WINDOW, VfWindows
from ecgmon.monitor.wfdb.record import Stretch
from ecgmon.sim.record import Record, Reference, read_record


def record(seconds: int, *notes: tuple[float, str, str]) -> Record:
    samples = np.array([round(at * 250) for at, _, _ in notes], dtype=np.int64)
    reference = Reference(
        samples,
        np.array([symbol for _, symbol, _ in notes]),
        np.array([note for *_, note in notes]),
        np.zeros(len(notes), dtype=np.int64),
    )
    counts = np.zeros((1, 250 * seconds), dtype=np.int16)
    flat = Stretch(0, counts, np.array([200.0]), np.array([0.0]), np.array([-32768]))
    return Record("made", 250.0, ("I",), counts.shape[1], (flat,), reference)


def lead(name: str, labels: Sequence[str], seed: int = 0) -> Lead:
    rng = np.random.default_rng(seed)
    size = (len(labels) - 1) * SHORT_SECOND + WINDOW
    return Lead(name, rng.normal(0, 0.3, size).astype(np.float32), np.array(labels, dtype="<U8"))


def test_each_rhythm_lasts_until_the_next_and_the_first_is_unknown() -> None:
    bounds_s, names = spans(record(60, (5.0, "+", "(N"), (20.0, "+", "(VF\0"), (40.0, "+", "(N")))
    assert names.tolist() == ["", "N", "VF", "N"]
    assert bounds_s.tolist() == [[0, 5], [5, 20], [20, 40], [40, 60]]


def test_marks_around_flutter_stand_for_rhythm_notes() -> None:
    _, names = spans(record(30, (0.0, "+", "(N"), (10.0, "[", ""), (12.0, "!", ""), (20.0, "]", "")))
    assert names.tolist() == ["", "N", "VFL", "N"]


def test_a_second_is_labelled_by_its_middle() -> None:
    found = rhythms(record(6, (0.0, "+", "(N"), (2.4, "+", "(VF"), (3.6, "+", "(N")))
    assert found.tolist() == ["N", "N", "VF", "VF", "N", "N"]


def test_fibrillation_that_turns_into_flutter_is_one_episode() -> None:
    made = record(
        60, (0.0, "+", "(N"), (10.0, "+", "(VF"), (20.0, "+", "(VFL"), (30.0, "+", "(N"), (50.0, "+", "(VF")
    )
    assert wanted_spans(made).tolist() == [[10, 30], [50, 60]]
    assert wanted_spans(record(10, (0.0, "+", "(N"))).shape == (0, 2)


@pytest.mark.parametrize("chunk", [97, 1000])
def test_windows_are_those_that_the_live_operator_cuts(chunk: int) -> None:
    rng = np.random.default_rng(2)
    raw = rng.normal(0, 0.3, 250 * 12)
    windows_of = lead_windows = Lead("made", short_signal(raw, 250.0), np.full(12, "N")).windows()
    sanitiser, resampler, live = Sanitiser(), Resampler(250.0), VfWindows()
    found = []
    for at in range(0, raw.size, chunk):
        samples = resampler.process(sanitiser.process(raw[at : at + chunk])[0])
        found.append(live.process(samples, np.zeros(samples.size, dtype=np.bool_))[1])
    together = np.concatenate([part for part in found if len(part)])
    assert len(together) >= 12 - AHEAD_S - 1
    np.testing.assert_allclose(lead_windows[: len(together)], together, atol=1e-5)
    assert windows_of.shape == (12, WINDOW)


@pytest.mark.parametrize(("rate_per_min", "slow"), [(60, True), (120, True), (200, False), (330, False)])
def test_what_repeats_itself_slowly_is_told_from_what_is_fast(rate_per_min: float, slow: bool) -> None:
    phase = np.arange(WINDOW) / 90 * rate_per_min / 60
    wave = np.exp(-(((phase % 1.0 - 0.5) / 0.1) ** 2)).astype(np.float32)
    assert is_slow(wave[None]).tolist() == [slow]


def test_noise_is_never_slow() -> None:
    windows = np.random.default_rng(0).standard_normal((50, WINDOW)).astype(np.float32)
    assert is_slow(windows).mean() < 0.1


@given(st.lists(st.sampled_from(["N", "VF", "VFL", "VT", "NOISE", ""]), min_size=4, max_size=30))
def test_windows_with_and_without_are_drawn_in_their_shares(labels: list[str]) -> None:
    given_ = lessons([lead("vfdb/418", ["VF", "N", *labels]), lead("vfdb/420", ["N", "N", "NOISE"])])
    assert given_.weight[given_.wanted].sum() == pytest.approx(WANTED_SHARE)
    assert given_.weight.sum() == pytest.approx(1.0)
    assert (given_.begins + WINDOW <= given_.signal.size).all()


def test_noise_teaches_only_where_nobody_fibrillates_and_weighs_less() -> None:
    given_ = lessons([lead("vfdb/418", ["VF", "NOISE", "N"]), lead("vfdb/421", ["N", "NOISE"], 1)])
    assert given_.wanted.tolist() == [True, False, False, False]
    assert given_.weight[3] / given_.weight[2] == pytest.approx(NOISE_SHARE)


def test_only_some_seconds_of_databases_without_fibrillation_are_seen() -> None:
    given_ = lessons(
        [lead("vfdb/418", ["VF"] * 3), lead("svdb/800", ["N"] * 24), lead("mitdb/101", ["N"] * 12, 1)]
    )
    assert (~given_.wanted).sum() == 24 // 6 + 12 // 3


def test_augmentation_follows_from_its_seed_and_can_be_taken_up_again() -> None:
    signal = np.random.default_rng(0).normal(0, 0.5, 20 * WINDOW).astype(np.float32)
    noise = [np.random.default_rng(1).normal(0, 1, 10 * WINDOW).astype(np.float32)]
    begins, wanted = np.arange(40) * 90, np.arange(40) % 2 == 0
    one, other = Augmenter(signal, noise, 5), Augmenter(signal, noise, 5)
    torch.manual_seed(1)
    first = one.windows(begins, wanted)[0]
    state, torch_state = one.random.bit_generator.state, torch.get_rng_state()
    second = one.windows(begins, wanted)[0]
    other.random.bit_generator.state = state
    torch.set_rng_state(torch_state)
    np.testing.assert_array_equal(other.windows(begins, wanted)[0].numpy(), second.numpy())
    assert not np.array_equal(first.numpy(), second.numpy())


def test_fibrillation_is_never_shown_too_small_unless_it_is_called_quiet() -> None:
    signal = np.full(20 * WINDOW, 1e-4, dtype=np.float32)
    begins = np.arange(300) * 20
    windows, wanted = Augmenter(signal, [], 3).windows(begins, np.ones(300, dtype=np.bool_))
    size = windows.square().mean(1).sqrt().numpy()
    assert wanted.sum() > 250
    assert size[wanted].min() > 0.2 * LEAST_WANTED_MV


def small() -> list[Lead]:
    return [lead("vfdb/418", ["VF"] * 20, 1), lead("vfdb/421", ["N"] * 20, 2)]


def weights(network: VfNetwork) -> np.ndarray:
    return np.concatenate([value.double().numpy().ravel() for value in network.state_dict().values()])


def test_a_stopped_training_goes_on_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecgmon.models.vf.training.SAVE_EVERY", 1)
    noise = [np.random.default_rng(1).normal(0, 1, 10 * WINDOW).astype(np.float32)]
    plan = TrainingPlan(steps=6, seed=2)
    whole = train(small(), noise, plan, tmp_path / "whole.pt")

    def stop(done: int, _: Figures) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(small(), noise, plan, tmp_path / "run.pt", stop)
    again = train(small(), noise, plan, tmp_path / "run.pt")
    np.testing.assert_array_equal(weights(again), weights(whole))
    network, kept, records = load(tmp_path / "run.pt")
    np.testing.assert_array_equal(weights(network), weights(whole))
    assert (kept, records) == (plan, ["vfdb/418", "vfdb/421"])
    with pytest.raises(ModelError, match="other settings"):
        train([*small(), lead("vfdb/423", ["N"])], noise, plan, tmp_path / "run.pt")


@pytest.mark.parametrize("label", ["VF", "N"])
def test_records_of_one_kind_alone_cannot_be_learnt_from(label: str) -> None:
    with pytest.raises(RecordError, match="both ventricular fibrillation and other"):
        lessons([lead("vfdb/418", [label] * 9)])


def test_the_seed_decides_the_weights(tmp_path: Path) -> None:
    found = [
        weights(train(small(), [], TrainingPlan(steps=2, seed=seed), tmp_path / f"{number}.pt"))
        for number, seed in enumerate((0, 0, 1))
    ]
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.allclose(found[0], found[2])


def run(
    labels: Sequence[str],
    found: Sequence[int],
    wanted: Sequence[Sequence[float]],
    announced: Sequence[Sequence[float]],
) -> Run:
    called = np.zeros(len(labels), dtype=np.bool_)
    called[list(found)] = True
    return Run(
        "made", called, np.array(labels, dtype="<U8"), np.array(wanted, dtype=float).reshape(-1, 2),
        np.array(announced, dtype=float).reshape(-1, 3),
    )  # fmt: skip


def test_an_episode_shorter_than_four_seconds_is_none() -> None:
    result = score("made", [run(["N"] * 30, [], [[3.0, 6.5], [10.0, 14.0]], [])])
    assert (result.episodes, result.caught) == (1, 0)


def test_an_announcement_that_comes_too_late_catches_nothing() -> None:
    labels = ["N"] * 60
    for known_s, caught in ((16.9, 1), (17.1, 0)):
        result = score("made", [run(labels, [], [[10.0, 15.0]], [[known_s, 11.0, 20.0]])])
        assert result.caught == caught


def test_an_episode_announced_before_its_bound_counts_without_a_delay() -> None:
    result = score("made", [run(["N"] * 60, [], [[10.0, 30.0]], [[9.0, 5.0, 30.0]])])
    assert (result.caught, result.delays_s) == (1, ())


def test_seconds_near_a_bound_are_not_clear() -> None:
    result = score("made", [run(["N"] * 10 + ["VF"] * 10, range(10, 20), [[10.0, 20.0]], [])])
    assert (result.wanted, result.found, result.clear, result.clear_found) == (10, 10, 6, 6)
    assert (result.other, result.other_clear) == (10, 8)


def test_scores_of_several_records_add_up() -> None:
    one = run(["N"] * 10 + ["VF"] * 10, [12, 13], [[10.0, 20.0]], [[14.0, 11.0, 20.0]])
    alone, twice = score("one", [one]), score("two", [one, one])
    assert (twice.wanted, twice.found, twice.episodes) == (2 * alone.wanted, 2 * alone.found, 2)
    assert twice.hours == pytest.approx(2 * 20 / 3600)
    assert "episodes 2/2, delay 4.0 s mean, 4.0 s worst" in line(twice)


def test_a_score_of_nothing_is_told_with_dashes() -> None:
    assert "Se - % of 0 s" in line(score("none", [run(["N"] * 3, [], [], [])]))


def test_leads_carry_their_record_and_its_labels(databases: Path) -> None:
    first, second = read_leads(databases, ["vfdb/418"])
    assert first.record == second.record == "vfdb/418"
    assert first.wanted.sum() == 20
    assert first.rhythm[:30].tolist() == ["N"] * 30
    assert first.windows().shape == (70, WINDOW)
    np.testing.assert_allclose(
        first.signal[: 30 * 90],
        short_signal(read_record(databases / "vfdb" / "418").samples_mv(0, 250 * 70)[0], 250.0)[: 30 * 90],
    )


def test_a_record_that_is_missing_is_named(databases: Path) -> None:
    with pytest.raises(RecordError, match="999"):
        read_leads(databases, ["vfdb/999"])


def test_from_records_to_a_served_model_by_the_commands(databases: Path, tmp_path: Path) -> None:
    out, zoo = tmp_path / "run", tmp_path / "zoo"
    common = ["--data-dir", str(databases), "--out", str(out), "--steps", "2", "--jobs", "1"]
    assert command.main(["train", *common, "--records", "419", "421"]) == 0
    assert command.main(["evaluate", *common, "--records", "100"]) == 0
    assert command.main(["crossval", *common, "--records", "418", "419", "--fold", "0"]) == 0
    assert command.main(["export", *common, "--zoo", str(zoo)]) == 0
    rows = json.loads((out / "crossval.json").read_text(encoding="utf-8"))
    assert [row["name"] for row in rows] == ["VFDB, first lead", "VFDB, second lead", "vfdb/418"]
    windows = np.random.default_rng(0).normal(0, 0.3, (4, WINDOW))
    shipped, trained = VfModel(zoo / "vf.onnx"), VfModel(out / "vf.onnx")
    np.testing.assert_array_equal(shipped.probabilities(windows), trained.probabilities(windows))
    assert shipped.contract.scores.keys() == {"vfdb_se", "vfdb_sp", "vfdb_episodes", "mitdb_stray"}
    assert load(out / "fold0.pt")[2] == ["vfdb/419"]
    assert "| vfdb/418 | 20 s |" in (zoo / "vf.md").read_text(encoding="utf-8")


def test_the_card_holds_every_row_and_a_dash_where_there_is_nothing() -> None:
    from dataclasses import asdict

    rows = [asdict(score(name, [run(["N"] * 30, [], [], [])])) for name in ("VFDB, first lead", "vfdb/421")]
    page = card.scores_page([rows[0]], rows)
    assert page.count("| vfdb/421 | 0 s | - | - | 30 s | 100.00 % | 100.00 % | - | 0 of 0 | - | 0 (0) |") == 1
    assert page.count("| VFDB, first lead |") == 2
