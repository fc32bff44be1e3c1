"""Turns an ONNX graph and a contract into a model file that proves itself whole."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import onnx

from monitor.inference.contract import ModelContract
from monitor.inference.model_file import BLANK_DIGEST


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
