"""Every learned part that ships is sealed, carded, found by name, and refused when it is not itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from resealing import reseal

from ecgmon.monitor.cli import main
from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.core.model_contract import Contract
from ecgmon.monitor.core.sealed_file import open_weights, sealed_digest
from ecgmon.monitor.core.zoo import ZooEntry, shipped_file, shipped_parts
from ecgmon.monitor.dsp.quality_model import QUALITY, QualityModel
from ecgmon.monitor.dsp.rpeak import RPeakDetector
from ecgmon.monitor.dsp.rpeak_network import RPEAK, StreamingNetwork
from ecgmon.monitor.inference import find_model, list_models
from ecgmon.monitor.inference.registry import chain_parts
from ecgmon.monitor.rhythm.af_model import AF, AfModel
from ecgmon.monitor.rhythm.vf_model import VF, VfModel
from ecgmon.monitor.rhythm.vf_windows import WINDOW

PARTS = {"af": AF, "quality": QUALITY, "rpeak": RPEAK, "vf": VF}
LOADERS: dict[str, Callable[[Path], object]] = {
    "af": AfModel.load,
    "quality": QualityModel.load,
    "rpeak": StreamingNetwork,
    "vf": VfModel,
}
FACTS = ("File", "In", "Out", "Size", "Data", "Protocol", "Licence")


def entries() -> list[ZooEntry]:
    return shipped_parts()[1]


def test_seven_learned_parts_ship_and_one_is_the_default() -> None:
    default, parts = shipped_parts()
    names = [part.name for part in parts]
    assert names == ["adaptive", "af", "arrhythminet-v1", "arrhythminet-v2", "quality", "rpeak", "vf"]
    assert default == "adaptive"


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_each_shipped_part_is_what_the_index_and_its_contract_say(entry: ZooEntry) -> None:
    contract = entry.contract()
    assert (contract.name, contract.kind) == (entry.name, entry.kind)
    assert contract.kind.startswith("ecgmon.")
    assert contract.version
    assert contract.training
    assert contract.protocol
    assert contract.scores
    assert all(np.isfinite(value) for value in contract.scores.values())
    assert "MIT" in contract.licence
    assert "ODC-By" in contract.licence
    stated, actual = sealed_digest(entry.path.read_bytes()) or ("", "-")
    assert stated == actual == contract.sha256


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_each_card_states_data_protocol_scores_limits_licence_and_commands(entry: ZooEntry) -> None:
    assert entry.card is not None
    page, contract = entry.card.read_text(encoding="utf-8"), entry.contract()
    assert page.startswith(f"# {entry.name}\n")
    for fact in FACTS:
        assert f"- **{fact}:** " in page
    for text in (contract.training, contract.protocol, contract.licence, contract.kind, contract.version):
        assert text in page
    assert "## Scores" in page
    assert "It is not a medical device." in page
    word = entry.name.partition("-")[0]
    for step in ("", " evaluate", " export"):
        assert f"ecgmon train {word}{step or ' train' if '-' in entry.name else step}" in page


def test_nothing_lies_in_the_zoo_that_the_index_does_not_name() -> None:
    parts = entries()
    named = {path for part in parts for path in (part.path.name, part.card.name if part.card else "")}
    found = {path.name for path in parts[0].path.parent.iterdir() if path.suffix in (".onnx", ".json", ".md")}
    assert found == named


def test_the_numbers_of_af_are_those_that_were_fitted() -> None:
    assert AfModel.load() == AfModel((5.7683, -2.0449), -3.9635)


def test_the_quality_network_has_the_shapes_of_its_features_and_classes() -> None:
    model = QualityModel.load()
    assert model.mean.shape == model.scale.shape == (13,)
    assert (model.hidden_weight.shape, model.output_weight.shape) == ((8, 13), (3, 8))
    assert model.mean[0] == -2.363062


def test_parts_of_the_chain_are_no_choice_for_model() -> None:
    assert {part.name: part.kind for part in chain_parts()} == PARTS
    assert not set(PARTS) & {entry.name for entry in list_models()}
    with pytest.raises(ModelError, match="rpeak is a part of every chain") as caught:
        find_model("rpeak")
    assert "adaptive" in caught.value.hint


def test_a_part_given_as_model_file_is_refused_by_its_kind() -> None:
    with pytest.raises(ModelError, match=r"ecgmon\.vf/1, but ecgmon\.beat-sequence/1 or"):
        find_model(str(shipped_file("vf"))).contract()


def test_an_unknown_part_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match="No learned part named 'qrs'") as caught:
        shipped_file("qrs")
    assert "rpeak" in caught.value.hint


@pytest.mark.parametrize("name", PARTS)
def test_an_untouched_copy_is_loaded_by_its_path(name: str, tmp_path: Path) -> None:
    copy = tmp_path / shipped_file(name).name
    shutil.copy(shipped_file(name), copy)
    assert LOADERS[name](copy) is not None


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("place", [3, 40, 700, -30, -3])
def test_a_changed_byte_is_noticed_by_every_loader(name: str, place: int, tmp_path: Path) -> None:
    data = bytearray(shipped_file(name).read_bytes())
    data[place] ^= 4
    path = tmp_path / shipped_file(name).name
    path.write_bytes(data)
    with pytest.raises(ModelError, match=str(path)) as caught:
        LOADERS[name](path)
    assert caught.value.hint


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bit_of_the_weights_can_be_turned_unseen(tmp_path: Path, place: int, bit: int) -> None:
    data = bytearray(shipped_file("quality").read_bytes())
    data[place % len(data)] ^= 1 << bit
    path = tmp_path / "quality.json"
    path.write_bytes(data)
    with pytest.raises(ModelError):
        QualityModel.load(path)


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("other", PARTS)
def test_a_whole_file_of_another_part_is_refused_with_both_kinds_named(name: str, other: str) -> None:
    if name == other:
        return
    with pytest.raises(ModelError) as caught:
        LOADERS[name](shipped_file(other))
    graphs = {"rpeak", "vf"}
    if (name in graphs) == (other in graphs):
        assert f"{PARTS[other]}, but {PARTS[name]} is served" in str(caught.value)


@pytest.mark.parametrize("name", PARTS)
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere.*No such file"):
        LOADERS[name](tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "key", "old", "new"),
    [
        ("vf", "rate_hz", b"90", b"80"),
        ("vf", "window", b"360", b"400"),
        ("rpeak", "front_end", b"qrs-frontend-1", b"qrs-frontend-0"),
    ],
)
def test_a_graph_made_for_another_front_end_is_refused(
    name: str, key: str, old: bytes, new: bytes, tmp_path: Path
) -> None:
    data = shipped_file(name).read_bytes()
    entry = f"ecgmon.{key}".encode() + b"\x12" + bytes([len(old)])
    assert data.count(entry + old) == 1
    path = tmp_path / "other.onnx"
    path.write_bytes(reseal(data.replace(entry + old, entry + new)))
    with pytest.raises(ModelError, match=f"{key} is '{new.decode()}', but '{old.decode()}' is served"):
        LOADERS[name](path)


def test_sealed_weights_that_are_no_weights_are_refused(tmp_path: Path) -> None:
    content = json.loads(shipped_file("af").read_bytes())
    path = tmp_path / "af.json"
    for wrong in ({}, 7, None):
        text = json.dumps({**content, "weights": wrong}, indent=1)
        path.write_bytes(reseal(text.encode()))
        with pytest.raises(ModelError):
            AfModel.load(path)
    path.write_bytes(reseal(json.dumps([content]).encode()))
    with pytest.raises(ModelError, match="no weights of ecgmon"):
        open_weights(path)


def test_a_shipped_part_swapped_for_another_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo = tmp_path / "zoo"
    shutil.copytree(shipped_file("af").parent, zoo)
    monkeypatch.setattr("ecgmon.monitor.core.zoo.resources.files", lambda _: zoo)
    shutil.copy(zoo / "quality.json", zoo / "af.json")
    with pytest.raises(ModelError, match="it is another model"):
        AfModel.load()
    (zoo / "vf.onnx").write_bytes(b"short")
    with pytest.raises(ModelError, match="changed or damaged"):
        VfModel()
    (zoo / "rpeak.onnx").unlink()
    with pytest.raises(ModelError, match="the model rpeak cannot be read"):
        RPeakDetector()


def test_streams_share_a_graph_and_not_their_state() -> None:
    one, other = RPeakDetector(), RPeakDetector()
    rng = np.random.default_rng(0)
    one.process(rng.standard_normal(3600))
    beats = np.zeros(3600)
    beats[180::360] = 1.0
    alone = RPeakDetector().process(beats)
    assert other.process(beats) == alone


def test_vf_gives_the_same_in_any_batch() -> None:
    windows = np.random.default_rng(1).standard_normal((130, WINDOW)) * 0.3
    model = VfModel()
    together = model.probabilities(windows)
    alone = np.concatenate([model.probabilities(row[None]) for row in windows])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert ((together >= 0) & (together <= 1)).all()
    assert model.probabilities(windows[:0]).shape == (0,)


def test_the_list_of_models_shows_choices_first_and_parts_after(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    choices, _, parts = capsys.readouterr().out.partition("Parts of every chain:\n")
    assert choices.startswith("* adaptive             shipped    3.0 ")
    assert "* is used unless --model names another." in choices
    assert [line.split()[0] for line in parts.splitlines()] == list(PARTS)
    for line, kind in zip(parts.splitlines(), PARTS.values(), strict=True):
        assert kind in line


def test_a_damaged_part_is_shown_as_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    zoo = tmp_path / "zoo"
    shutil.copytree(shipped_file("af").parent, zoo)
    (zoo / "af.json").write_bytes(b"{}")
    monkeypatch.setattr("ecgmon.monitor.core.zoo.resources.files", lambda _: zoo)
    assert main(["models"]) == 0
    out = capsys.readouterr().out
    assert "refused:" in next(line for line in out.splitlines() if line.split()[:1] == ["af"])


def test_any_kind_can_be_read_as_a_plain_contract() -> None:
    for entry in entries():
        assert type(entry.contract()) is Contract
