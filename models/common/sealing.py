"""Turns a graph or plain numbers and their contract into a file that proves itself whole, and ships it."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx

from ecgmon.models.common.progress import say
from ecgmon.monitor.core.files import replace_file
from ecgmon.monitor.core.model_contract import Contract
from ecgmon.monitor.core.sealed_file import BLANK_DIGEST, WEIGHTS

OPSET, IR_VERSION = 17, 8
"""Versions of ONNX that the oldest supported runtime reads."""


def seal_graph(graph: onnx.GraphProto, contract: Contract) -> bytes:
    """Return the bytes of a model file that holds a graph.

    Parameters
    ----------
    graph : onnx.GraphProto
        A graph of ONNX operators as of `OPSET`.
    contract : Contract
        Its contract; the checksum in it is replaced by the true one.

    Returns
    -------
    bytes
        An ONNX file with the contract in its metadata.
    """
    model = onnx.helper.make_model(
        graph,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="ecgmon",
        producer_version=contract.version,
    )
    onnx.checker.check_model(model, full_check=True)

    def written(digest: str) -> bytes:
        onnx.helper.set_model_props(model, replace(contract, sha256=digest).to_metadata())
        return bytes(model.SerializeToString(deterministic=True))

    return written(hashlib.sha256(written(BLANK_DIGEST)).hexdigest())


def seal_weights(weights: Mapping[str, Any], contract: Contract) -> bytes:
    """Return the bytes of a model file that holds plain numbers.

    Parameters
    ----------
    weights : mapping of str to number or (nested) list of numbers
        What the model is made of; too little for a graph.
    contract : Contract
        Its contract; the checksum in it is replaced by the true one.

    Returns
    -------
    bytes
        A JSON file with the contract as strings, and the numbers under ``weights``.
    """

    def written(digest: str) -> bytes:
        content = {**replace(contract, sha256=digest).to_metadata(), WEIGHTS: dict(weights)}
        return (json.dumps(content, indent=1) + "\n").encode()

    return written(hashlib.sha256(written(BLANK_DIGEST)).hexdigest())


def ship(zoo: Path, contract: Contract, model: bytes, page: str) -> Path:
    """Write a model and its card into a zoo, enter them into its index, say so, and return its path.

    Parameters
    ----------
    zoo : Path
        Folder with ``index.toml``, which is made where there is none.
    contract : Contract
        Of the model; gives its name and kind.
    model : bytes
        What `seal_graph` or `seal_weights` returned.
    page : str
        The card.
    """
    name = contract.name
    path = zoo / f"{name}{'.json' if model.startswith(b'{') else '.onnx'}"
    replace_file(path, model)
    replace_file(zoo / f"{name}.md", page.encode())
    _enter(zoo / "index.toml", name, contract.kind, path.name, model)
    say(f"{path}: written, with its card")
    return path


def _enter(index_path: Path, name: str, kind: str, file: str, model: bytes) -> None:
    """Write a model's rows of the index anew."""
    index: dict[str, Any] = {"default": name, "model": []}
    if index_path.is_file():
        index = tomllib.loads(index_path.read_text(encoding="utf-8"))
    row = {
        "name": name,
        "kind": kind,
        "file": file,
        "card": f"{name}.md",
        "sha256": hashlib.sha256(model).hexdigest(),
    }
    rows = [row, *(other for other in index["model"] if other["name"] != name)]
    lines = [
        "# The shipped models. sha256 is that of the whole file; `ecgmon train NAME export` keeps it up to "
        "date.",
        f'default = "{index["default"]}"',
    ]
    for entry in sorted(rows, key=lambda entry: str(entry["name"])):
        lines += ["", "[[model]]", *(f'{key} = "{value}"' for key, value in entry.items())]
    replace_file(index_path, ("\n".join(lines) + "\n").encode())
