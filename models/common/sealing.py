"""Turns a graph and its contract into a model file that proves itself whole, and ships it in the zoo."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx

from ecgmon.monitor.core.files import replace_file
from ecgmon.monitor.inference.contract import ModelContract
from ecgmon.monitor.inference.model_file import BLANK_DIGEST


def seal(graph: onnx.GraphProto, contract: ModelContract, opset: int = 17) -> bytes:
    """Return the bytes of a model file.

    Parameters
    ----------
    graph : onnx.GraphProto
        A checked graph.
    contract : ModelContract
        Its contract; the checksum in it is replaced by the true one.
    opset : int
        Version of the ONNX operators used.

    Returns
    -------
    bytes
        The file, with the contract in its metadata.
    """
    model = onnx.helper.make_model(
        graph,
        opset_imports=[onnx.helper.make_opsetid("", opset)],
        ir_version=8,
        producer_name="ecgmon",
        producer_version=contract.version,
    )
    onnx.checker.check_model(model, full_check=True)
    onnx.helper.set_model_props(model, replace(contract, sha256=BLANK_DIGEST).to_metadata())
    blank: bytes = model.SerializeToString(deterministic=True)
    digest = hashlib.sha256(blank).hexdigest()
    for entry in model.metadata_props:
        if entry.key == "ecgmon.sha256":
            entry.value = digest
    sealed: bytes = model.SerializeToString(deterministic=True)
    return sealed


def ship(zoo: Path, name: str, model: bytes, page: str) -> None:
    """Write a model and its card into a zoo and enter them into its index.

    Parameters
    ----------
    zoo : Path
        Folder with ``index.toml``, which is made where there is none.
    name : str
        Name of the model.
    model : bytes
        The ONNX file.
    page : str
        The card.
    """
    index_path = zoo / "index.toml"
    index: dict[str, Any] = {"default": name, "model": []}
    if index_path.is_file():
        index = tomllib.loads(index_path.read_text(encoding="utf-8"))
    row = {
        "name": name,
        "file": f"{name}.onnx",
        "card": f"{name}.md",
        "sha256": hashlib.sha256(model).hexdigest(),
    }
    rows = [row, *(other for other in index["model"] if other["name"] != name)]
    lines = [
        "# The shipped models. sha256 is that of the whole file; the export commands keep it up to date.",
        f'default = "{index["default"]}"',
    ]
    for entry in sorted(rows, key=lambda entry: str(entry["name"])):
        lines += ["", "[[model]]", *(f'{key} = "{value}"' for key, value in entry.items())]
    replace_file(zoo / f"{name}.onnx", model)
    replace_file(zoo / f"{name}.md", page.encode())
    replace_file(index_path, ("\n".join(lines) + "\n").encode())
