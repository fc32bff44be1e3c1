"""Writes the adaptive network as an ONNX graph: one beat, its class, its reason, its memory."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import onnx
from onnx import TensorProto, helper
from torch import Tensor, nn

from models.adaptive.network import CHANNELS, MEMORY, POINTS, AdaptiveNet
from models.adaptive.patients import SYMBOLS
from models.graph import GraphWriter
from monitor.inference.context import FIGURES, NEXT_FIGURES, STRIDE

WINDOW_SAMPLES = POINTS * STRIDE
MAPS = CHANNELS[-1]
SEEN = 2 * MAPS + len(FIGURES) + MEMORY
"""Width of what is kept of a beat until the next interval is known."""

_TINY = 1e-12


def to_graph(network: AdaptiveNet, temperature: float = 1.0) -> onnx.GraphProto:
    """Return the ONNX graph that `monitor.inference.adaptive` serves.

    Parameters
    ----------
    network : AdaptiveNet
        Trained; it is left as it is.
    temperature : float
        Divides the logits, so that probabilities are calibrated.
    """
    network = deepcopy(network).cpu().eval()
    writer = GraphWriter()
    position = writer.constant(network.encoder.position.numpy())
    maps = writer.node("Concat", "shapes", position, axis=1)
    for step in network.encoder.steps:
        maps = writer.node("Relu", writer.conv_bn(maps, step))
    weighted = writer.node("Mul", maps, writer.constant(_numbers(network.pool)))
    last = writer.constant(np.array([2], dtype=np.int64))
    pooled = writer.node(
        "Concat",
        writer.node("ReduceMean", maps, axes=[2], keepdims=0),
        writer.node("ReduceSum", weighted, last, keepdims=0),
        axis=1,
    )
    seen = writer.node("Concat", pooled, "figures", "memory", axis=1, output="next_pending")
    hidden = _linear(writer, seen, network.first_hidden)
    logits = _linear(writer, writer.node("Relu", hidden), network.first, 1 / temperature)
    writer.node("Softmax", logits, axis=1, output="probabilities")
    _attribution(writer, network, maps, hidden, logits)
    _remember(writer, network, pooled)
    _think_again(writer, network, temperature)
    inputs = {
        "shapes": [1, 2, POINTS],
        "figures": [1, len(FIGURES)],
        "next_figures": [1, len(NEXT_FIGURES)],
        "memory": [1, MEMORY],
        "pending": [1, SEEN],
    }
    outputs = {
        "probabilities": [1, len(SYMBOLS)],
        "attribution": [1, WINDOW_SAMPLES],
        "final_probabilities": [1, len(SYMBOLS)],
        "next_memory": [1, MEMORY],
        "next_pending": [1, SEEN],
    }
    return helper.make_graph(
        writer.nodes,
        "adaptive",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        writer.constants,
    )


def _numbers(tensor: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.ascontiguousarray(tensor.detach().numpy(), dtype=np.float32)


def _linear(writer: GraphWriter, x: str, layer: nn.Module, scale: float = 1.0) -> str:
    assert isinstance(layer, nn.Linear)
    weight, bias = (
        writer.constant(scale * _numbers(layer.weight)),
        writer.constant(scale * _numbers(layer.bias)),
    )
    return writer.node("Gemm", x, weight, bias, transB=1)


def _attribution(writer: GraphWriter, network: AdaptiveNet, maps: str, hidden: str, logits: str) -> None:
    """Write Grad-CAM of the most probable class.

    The score of a class depends on the maps by way of one hidden layer, so its gradient is
    the layer's weights where the layer is active. Because the maps are also pooled with weights
    over the window, gradient and map are multiplied point by point before they are summed
    (HiResCAM): that keeps what each instant gave to the score.
    """
    best = writer.node("ArgMax", logits, axis=1, keepdims=1)
    depth = writer.constant(np.array(len(SYMBOLS), dtype=np.int64))
    pick = writer.node("OneHot", best, depth, writer.constant(np.array([0, 1], dtype=np.float32)))
    down = writer.node("MatMul", pick, writer.constant(_numbers(network.first.weight)))
    active = writer.node("Sign", writer.node("Relu", hidden))
    to_pooled = writer.constant(_numbers(network.first_hidden.weight)[:, : 2 * MAPS])
    gradient = writer.node("MatMul", writer.node("Mul", down, active), to_pooled)
    halves = writer.constant(np.array([1, 2, MAPS, 1], dtype=np.int64))
    gradient = writer.node("Reshape", gradient, halves)
    length = network.pool.shape[1]
    spread = np.stack((np.full((MAPS, length), 1 / length, np.float32), _numbers(network.pool)))
    over_time = writer.node("Mul", gradient, writer.constant(spread[None]))
    first = writer.constant(np.array([1], dtype=np.int64))
    slope = writer.node("ReduceSum", over_time, first, keepdims=0)
    evidence = writer.node("ReduceSum", writer.node("Mul", slope, maps), first, keepdims=0)
    cam = writer.node("Relu", evidence)
    none = writer.constant(np.array([], dtype=np.float32))
    size = writer.constant(np.array([1, 1, WINDOW_SAMPLES], dtype=np.int64))
    image = writer.node("Unsqueeze", cam, first)
    stretched = writer.node("Resize", image, "", none, size, mode="linear")
    wide = writer.node("Squeeze", stretched, first)
    peak = writer.node("ReduceMax", wide, axes=[1], keepdims=1)
    floor = writer.node("Max", peak, writer.constant(np.array([_TINY], dtype=np.float32)))
    writer.node("Div", wide, floor, output="attribution")


def _remember(writer: GraphWriter, network: AdaptiveNet, pooled: str) -> None:
    """Write one step of the gated recurrent unit."""
    digest = writer.node("Tanh", _linear(writer, pooled, network.digest))
    x = writer.node("Concat", digest, "figures", axis=1)
    unit = network.memory
    sides = []
    for source, weight, bias in (
        (x, unit.weight_ih_l0, unit.bias_ih_l0),
        ("memory", unit.weight_hh_l0, unit.bias_hh_l0),
    ):
        assert isinstance(weight, Tensor)
        assert isinstance(bias, Tensor)
        rows = zip(_numbers(weight).reshape(3, MEMORY, -1), _numbers(bias).reshape(3, MEMORY), strict=True)
        sides.append(
            [writer.node("Gemm", source, writer.constant(w), writer.constant(b), transB=1) for w, b in rows]
        )
    (reset_x, update_x, new_x), (reset_h, update_h, new_h) = sides
    reset = writer.node("Sigmoid", writer.node("Add", reset_x, reset_h))
    update = writer.node("Sigmoid", writer.node("Add", update_x, update_h))
    new = writer.node("Tanh", writer.node("Add", new_x, writer.node("Mul", reset, new_h)))
    kept = writer.node("Mul", update, writer.node("Sub", "memory", new))
    writer.node("Add", new, kept, output="next_memory")


def _think_again(writer: GraphWriter, network: AdaptiveNet, temperature: float) -> None:
    """Write the class of the beat before, now that the interval behind it is known."""
    x = writer.node("Concat", "pending", "next_figures", axis=1)
    hidden = writer.node("Relu", _linear(writer, x, network.final_hidden))
    logits = _linear(writer, hidden, network.final, 1 / temperature)
    writer.node("Softmax", logits, axis=1, output="final_probabilities")
