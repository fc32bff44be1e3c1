"""Writes the R-peak network as an ONNX graph that takes and returns its convolution state."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from numpy.typing import NDArray

from ecgmon.models.common.graph import GraphWriter, Shape, make_graph
from ecgmon.models.rpeak.network import RPeakNetwork
from ecgmon.monitor.dsp.rpeak_frontend import HOP


class _StreamingGraph:
    """Collects the nodes of a network whose convolutions carry their past along."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        self._weights = weights
        self.writer = GraphWriter()
        self.inputs: dict[str, Shape] = {"hops": [1, HOP, "t"]}
        self.outputs: dict[str, Shape] = {"beat": [1, 3, "t"]}
        self._time_axis = self._ints(2)
        self._to_end = self._ints(np.iinfo(np.int64).max)

    def _ints(self, *values: int) -> str:
        return self.writer.constant(np.array(values, dtype=np.int64))

    def convolve(self, x: str, name: str, dilation: int = 1) -> str:
        """Add a causal convolution whose past comes in and goes out as ``<name>_state`` and ``_next``."""
        weight, bias = (self._weights[f"{name}.{part}"] for part in ("weight", "bias"))
        past = (weight.shape[2] - 1) * dilation
        label = name.replace(".", "_")
        if past:
            state, following = f"{label}_state", f"{label}_next"
            self.inputs[state] = self.outputs[following] = [1, weight.shape[1], past]
            x = self.writer.node("Concat", state, x, axis=2)
            self.writer.node("Slice", x, self._ints(-past), self._to_end, self._time_axis, output=following)
        parameters = (self.writer.constant(part) for part in (weight, bias))
        return self.writer.node("Conv", x, *parameters, dilations=[dilation])

    def split(self, head: str) -> tuple[str, str]:
        """Add the cut of the head into both looks' logits and the offset."""
        parts = ("logits", "offset")
        sizes = self._ints(2, 1)
        self.writer.nodes.append(onnx.helper.make_node("Split", [head, sizes], list(parts), axis=1))
        return parts


def to_graph(network: RPeakNetwork) -> onnx.GraphProto:
    """Return the streaming graph: ``hops`` and states to ``beat`` and the next states.

    Parameters
    ----------
    network : RPeakNetwork
        Trained network.
    """
    weights = {
        name: value.numpy() if value.ndim == 1 else value.squeeze(2).numpy()
        for name, value in network.state_dict().items()
    }
    graph = _StreamingGraph(weights)
    writer = graph.writer
    x = writer.node("Relu", graph.convolve("hops", "stem"))
    for number, dilation in enumerate(network.shape.dilations):
        y = writer.node("Relu", graph.convolve(x, f"blocks.{number}", dilation))
        x = writer.node("Add", x, y)
    logits, offset = graph.split(graph.convolve(x, "head"))
    writer.node("Concat", writer.node("Sigmoid", logits), offset, axis=1, output="beat")
    return make_graph("rpeak", writer, graph.inputs, graph.outputs)
