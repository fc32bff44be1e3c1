"""Writes the network of ventricular fibrillation as an ONNX graph."""

from __future__ import annotations

import math

import numpy as np
import onnx
from torch import nn

from ecgmon.models.common.graph import GraphWriter, make_graph
from ecgmon.models.vf.network import LEAST_MV, SIZE_FLOOR_MV, VfNetwork, classified_steps
from ecgmon.monitor.rhythm.vf_windows import WINDOW


def _number(graph: GraphWriter, value: float) -> str:
    return graph.constant(np.array(value, dtype=np.float32))


def to_graph(network: VfNetwork) -> onnx.GraphProto:
    """Return the graph: ``windows`` (n, window) in millivolts to ``probability`` (n,).

    Parameters
    ----------
    network : VfNetwork
        Trained network.
    """
    network.eval()
    graph = GraphWriter()
    channel = graph.constant(np.array([1], dtype=np.int64))
    squared = graph.node("Mul", "windows", "windows")
    size = graph.node("Sqrt", graph.node("ReduceMean", squared, axes=[1], keepdims=1))
    scaled = graph.node("Div", "windows", graph.node("Add", size, _number(graph, LEAST_MV)))
    x = graph.node("Unsqueeze", scaled, channel)
    for step in network.steps:
        x = graph.node("Relu", x) if isinstance(step, nn.ReLU) else graph.conv_bn(x, step)
    first, last = (graph.constant(np.array([at], dtype=np.int64)) for at in classified_steps())
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
    return make_graph("vf", graph, {"windows": ["n", WINDOW]}, {"probability": ["n"]})
