"""What is sealed proves itself whole, and what is shipped is found by its name."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.models.common.graph import GraphWriter, make_graph
from ecgmon.models.common.sealing import seal_graph, seal_weights, ship
from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.core.graph_file import open_graph
from ecgmon.monitor.core.model_contract import Contract
from ecgmon.monitor.core.sealed_file import open_weights, read_sealed, sealed_digest

CONTRACT = Contract(
    kind="ecgmon.toy/1",
    name="toy",
    version="1.2",
    training="made noise",
    protocol="none",
    scores={"se": 0.5},
    licence="MIT",
    extra={"seed": "3"},
)
WEIGHTS = {"weights": [1.25, -2.0], "bias": 0.1}


def doubling() -> bytes:
    writer = GraphWriter()
    writer.node("Mul", "x", writer.constant(np.array([2.0], dtype=np.float32)), output="y")
    return seal_graph(make_graph("toy", writer, {"x": ["n", 3]}, {"y": ["n", 3]}), CONTRACT)


@pytest.fixture(scope="module")
def graph() -> bytes:
    return doubling()


def written(folder: Path, data: bytes, name: str = "toy.onnx") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_a_sealed_graph_runs_and_says_what_it_is(tmp_path: Path, graph: bytes) -> None:
    session, contract = open_graph(written(tmp_path, graph), "ecgmon.toy/1", contract=Contract)
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(session.run(["y"], {"x": rows})[0], 2 * rows)
    digests = sealed_digest(graph)
    assert digests is not None
    assert digests[0] == digests[1] == contract.sha256
    assert (contract.name, contract.scores, contract.extra) == ("toy", {"se": 0.5}, {"seed": "3"})


def test_sealed_weights_come_back_to_the_last_bit(tmp_path: Path) -> None:
    path = written(tmp_path, seal_weights(WEIGHTS, CONTRACT), "toy.json")
    weights, contract = open_weights(path, "ecgmon.toy/1", names=("weights", "bias"))
    assert weights == WEIGHTS
    assert contract.extra == {"seed": "3"}


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=8))
def test_any_number_survives_the_seal(numbers: list[float]) -> None:
    import json

    data = seal_weights({"numbers": numbers}, CONTRACT)
    digests = sealed_digest(data)
    assert digests is not None
    assert digests[0] == digests[1]
    assert json.loads(data)["weights"]["numbers"] == numbers


def test_sealing_twice_gives_the_same_bytes(graph: bytes) -> None:
    assert doubling() == graph
    assert seal_weights(WEIGHTS, CONTRACT) == seal_weights(WEIGHTS, CONTRACT)


@pytest.mark.parametrize("kind", ["graph", "weights"])
def test_a_change_of_any_byte_is_noticed(tmp_path: Path, graph: bytes, kind: str) -> None:
    data = graph if kind == "graph" else seal_weights(WEIGHTS, CONTRACT)
    path = tmp_path / "changed"
    rng = np.random.default_rng(0)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= int(rng.integers(1, 256))
        path.write_bytes(changed)
        with pytest.raises(ModelError):
            read_sealed(path)


@pytest.mark.parametrize("kind", ["graph", "weights"])
def test_a_file_cut_short_or_made_longer_is_noticed(tmp_path: Path, graph: bytes, kind: str) -> None:
    data = graph if kind == "graph" else seal_weights(WEIGHTS, CONTRACT)
    for wrong in (*(data[:keep] for keep in range(0, len(data), 7)), data + b"\n", b"\0" + data):
        with pytest.raises(ModelError):
            read_sealed(written(tmp_path, wrong))


def test_a_graph_of_another_kind_is_refused_with_both_named(tmp_path: Path, graph: bytes) -> None:
    with pytest.raises(ModelError, match=r"ecgmon\.toy/1, but ecgmon\.rpeak/2 is served"):
        open_graph(written(tmp_path, graph), "ecgmon.rpeak/2", contract=Contract)
    with pytest.raises(ModelError, match=r"ecgmon\.toy/1, but a or b is served"):
        open_weights(written(tmp_path, seal_weights(WEIGHTS, CONTRACT)), "b", "a")


def test_weights_that_lack_a_name_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, seal_weights({"bias": 0.0}, CONTRACT))
    with pytest.raises(ModelError, match="lacks the weights weights, scale"):
        open_weights(path, names=("weights", "bias", "scale"))


def test_a_graph_is_no_weights_and_weights_are_no_graph(tmp_path: Path, graph: bytes) -> None:
    with pytest.raises(ModelError, match="no weights"):
        open_weights(written(tmp_path, graph))
    with pytest.raises(ModelError, match="cannot be run"):
        open_graph(written(tmp_path, seal_weights(WEIGHTS, CONTRACT)), contract=Contract)


def test_a_file_is_opened_once_until_it_changes(tmp_path: Path, graph: bytes) -> None:
    path = written(tmp_path, graph)
    first = open_graph(path, contract=Contract)[0]
    assert open_graph(path, contract=Contract)[0] is first
    path.write_bytes(graph[:-20])
    with pytest.raises(ModelError):
        open_graph(path, contract=Contract)


def test_a_graph_that_onnx_rejects_is_not_sealed() -> None:
    writer = GraphWriter()
    writer.node("Mul", "x", "nothing", output="y")
    with pytest.raises(Exception, match="nothing"):
        seal_graph(make_graph("toy", writer, {"x": ["n"]}, {"y": ["n"]}), CONTRACT)


def test_shipping_writes_file_card_and_one_row_of_the_index(tmp_path: Path, graph: bytes) -> None:
    from dataclasses import replace

    zoo = tmp_path / "zoo"
    assert ship(zoo, CONTRACT, graph, "# toy\n") == zoo / "toy.onnx"
    ship(zoo, replace(CONTRACT, name="another"), seal_weights(WEIGHTS, CONTRACT), "# another\n")
    index = tomllib.loads((zoo / "index.toml").read_text(encoding="utf-8"))
    assert index["default"] == "toy"
    assert [(row["name"], row["file"], row["kind"]) for row in index["model"]] == [
        ("another", "another.json", "ecgmon.toy/1"),
        ("toy", "toy.onnx", "ecgmon.toy/1"),
    ]
    again = seal_weights({"bias": 1.0}, CONTRACT)
    ship(zoo, replace(CONTRACT, name="another"), again, "# another, newer\n")
    newer = tomllib.loads((zoo / "index.toml").read_text(encoding="utf-8"))
    assert len(newer["model"]) == 2
    assert newer["model"][0]["sha256"] != index["model"][0]["sha256"]
    assert newer["model"][1] == index["model"][1]
    assert (zoo / "another.md").read_text(encoding="utf-8") == "# another, newer\n"
