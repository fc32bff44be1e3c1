"""Writes the fibrillation network as an ONNX file that says what it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
from torch import nn

from ecgmon.models.common.graph import GraphWriter
from ecgmon.models.vf.network import LEAST_MV, SIZE_FLOOR_MV, VfNetwork, judged_steps
from ecgmon.monitor.core.files import replace_file
from ecgmon.monitor.rhythm.vf_model import CONTRACT
from ecgmon.monitor.rhythm.vf_windows import AHEAD_S, RATE_HZ, WINDOW


def _number(graph: GraphWriter, value: float) -> str:
    return graph.constant(np.array(value, dtype=np.float32))


def _graph(network: VfNetwork) -> GraphWriter:
    graph = GraphWriter()
    channel = graph.constant(np.array([1], dtype=np.int64))
    squared = graph.node("Mul", "windows", "windows")
    size = graph.node("Sqrt", graph.node("ReduceMean", squared, axes=[1], keepdims=1))
    scaled = graph.node("Div", "windows", graph.node("Add", size, _number(graph, LEAST_MV)))
    x = graph.node("Unsqueeze", scaled, channel)
    for step in network.steps:
        x = graph.node("Relu", x) if isinstance(step, nn.ReLU) else graph.conv_bn(x, step)
    first, last = (graph.constant(np.array([at], dtype=np.int64)) for at in judged_steps())
    time = graph.constant(np.array([2], dtype=np.int64))
    near = graph.node("Slice", x, first, last, time)
    logarithm = graph.node("Log", graph.node("Add", size, _number(graph, SIZE_FLOOR_MV)))
    pooled = graph.node(
        "Concat",
        graph.node("ReduceMean", x, axes=[2], keepdims=0),
        graph.node("ReduceMean", near, axes=[2], keepdims=0),
        graph.node("Mul", logarithm, _number(graph, 1.0 / math.log(10.0))),
        axis=1,
    )
    weight, bias = (
        graph.constant(item.detach().numpy()) for item in (network.head.weight, network.head.bias)
    )
    logits = graph.node("Gemm", pooled, weight, bias, transB=1)
    graph.node("Squeeze", graph.node("Sigmoid", logits), channel, output="probability")
    return graph


def to_onnx(network: VfNetwork, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """Return the graph: ``windows`` (n, window) in millivolts to ``probability`` (n,).

    Parameters
    ----------
    network : VfNetwork
        Trained network.
    metadata : mapping of str to str
        Name, version, training data, scores and licence; the contract is added here.
    """
    graph = _graph(network.eval())
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "fibrillation",
            [helper.make_tensor_value_info("windows", TensorProto.FLOAT, ["n", WINDOW])],
            [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["n"])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        producer_name="ecgmon",
    )
    model.ir_version = 8
    contract = {
        "contract": CONTRACT,
        "rate_hz": f"{RATE_HZ:g}",
        "window": str(WINDOW),
        "ahead_s": f"{AHEAD_S:g}",
    }
    helper.set_model_props(model, {**metadata, **contract})
    onnx.checker.check_model(model, full_check=True)
    return model


def write(model: onnx.ModelProto, path: Path) -> bytes:
    """Write a model, whole or not at all, and return its bytes."""
    content: bytes = model.SerializeToString(deterministic=True)
    replace_file(path, content)
    return content
