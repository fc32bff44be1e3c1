"""Write the R-peak network as an ONNX graph that takes and returns its convolution state."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ecgmon.models.rpeak.network import RPeakNetwork
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.files import replace_file
from ecgmon.monitor.dsp import rpeak_frontend
from ecgmon.monitor.dsp.rpeak_network import CONTRACT


class _Graph:
    """Collects the nodes of a streaming network."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.inputs = [helper.make_tensor_value_info("hops", TensorProto.FLOAT, [1, rpeak_frontend.HOP, "t"])]
        self.outputs = [helper.make_tensor_value_info("beat", TensorProto.FLOAT, [1, 3, "t"])]
        self.constant("time_axis", np.array([2], dtype=np.int64))
        self.constant("to_end", np.array([np.iinfo(np.int64).max], dtype=np.int64))

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        self.initializers.append(numpy_helper.from_array(value, name))
        return name

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def convolve(
        self,
        x: str,
        name: str,
        weights: Mapping[str, NDArray[np.float32]],
        dilation: int = 1,
    ) -> str:
        """Add a causal convolution whose past comes in and goes out as ``<name>_state``."""
        weight = weights[f"{name}.weight"]
        past = (weight.shape[2] - 1) * dilation
        label = name.replace(".", "_")
        if past:
            shape = [1, weight.shape[1], past]
            state, following = f"{label}_state", f"{label}_next"
            self.inputs.append(helper.make_tensor_value_info(state, TensorProto.FLOAT, shape))
            self.outputs.append(helper.make_tensor_value_info(following, TensorProto.FLOAT, shape))
            x = self.add("Concat", [state, x], f"{label}_in", axis=2)
            start = self.constant(f"{label}_start", np.array([-past], dtype=np.int64))
            self.add("Slice", [x, start, "to_end", "time_axis"], following)
        parameters = [
            self.constant(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias")
        ]
        return self.add("Conv", [x, *parameters], f"{label}_out", dilations=[dilation])


def to_onnx(network: RPeakNetwork, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """Return the streaming graph.

    Parameters
    ----------
    network : RPeakNetwork
        Trained network.
    metadata : mapping of str to str
        Name, version, training data, scores and licence; the contract is added here.
    """
    weights = {
        name: value.numpy() if value.ndim == 1 else value.squeeze(2).numpy()
        for name, value in network.state_dict().items()
    }
    graph = _Graph()
    x = graph.add("Relu", [graph.convolve("hops", "stem", weights)], "stem_relu")
    for number, dilation in enumerate(network.shape.dilations):
        y = graph.convolve(x, f"blocks.{number}", weights, dilation)
        y = graph.add("Relu", [y], f"blocks_{number}_relu")
        x = graph.add("Add", [x, y], f"blocks_{number}_sum")
    head = graph.convolve(x, "head", weights)
    graph.constant("parts", np.array([2, 1], dtype=np.int64))
    graph.nodes.append(helper.make_node("Split", [head, "parts"], ["logits", "offset"], axis=1))
    graph.add("Sigmoid", ["logits"], "probabilities")
    graph.add("Concat", ["probabilities", "offset"], "beat", axis=1)
    model = helper.make_model(
        helper.make_graph(graph.nodes, "rpeak", graph.inputs, graph.outputs, graph.initializers),
        opset_imports=[helper.make_opsetid("", 17)],
        producer_name="ecgmon",
    )
    model.ir_version = 8
    contract = {
        "contract": CONTRACT,
        "front_end": rpeak_frontend.VERSION,
        "fs_hz": f"{PIPELINE_HZ:g}",
        "lookahead_steps": str(network.shape.lookahead_steps),
        "second_look_steps": str(network.shape.second_look_steps),
        "dilations": " ".join(map(str, network.shape.dilations)),
        "channels": str(network.shape.channels),
    }
    helper.set_model_props(model, {**metadata, **contract})
    onnx.checker.check_model(model)
    return model


def write(network: RPeakNetwork, path: Path, metadata: Mapping[str, str]) -> None:
    """Write the streaming graph to ``path``, whole or not at all."""
    replace_file(path, to_onnx(network, metadata).SerializeToString())
