"""Writes the adaptive network as an ONNX graph: beats, their classes and reasons, the memory of them."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ecgmon.models.adaptive.calibration import Calibration
from ecgmon.models.adaptive.network import (
    DIGEST,
    FUSION_HIDDEN,
    HIDDEN,
    KERNELS,
    LENGTH,
    MEMORY,
    POOLED,
    POOLS,
    STRIDE,
    AdaptiveNet,
)
from ecgmon.models.adaptive.patients import SYMBOLS
from ecgmon.models.common.graph import GraphWriter, Shape, make_graph
from ecgmon.monitor.inference.atypical_beats import ATYPICAL_FEATURES
from ecgmon.monitor.inference.patient_features import FEATURES, NEXT_FEATURES, POINTS, SHAPES, USUAL_FEATURES
from ecgmon.monitor.inference.patient_features import STRIDE as SAMPLES_A_POINT

Floats = NDArray[np.float32]

WINDOW_SAMPLES = POINTS * SAMPLES_A_POINT

PENDING = HIDDEN + FUSION_HIDDEN
"""What is kept of a beat until the next has come: both hidden layers that the first look ends in."""

_TINY = 1e-12


def to_graph(network: AdaptiveNet, calibration: Calibration | None = None) -> onnx.GraphProto:
    """Return the ONNX graph that `ecgmon.monitor.inference.adaptive` serves.

    It takes any number of consecutive beats at once. The second class is that of the beat
    before each: for the first one, of the beat that `pending` stands for.

    Parameters
    ----------
    network : AdaptiveNet
        Trained; it is left as it is.
    calibration : Calibration, optional
        Of the logits; none by default.
    """
    network = deepcopy(network).cpu().eval()
    calibration = calibration or Calibration()
    writer = GraphWriter()
    maps = _encode(writer, network)
    pools = writer.constant(_numbers(network.pool).reshape(1, POOLED, LENGTH))
    weighted = writer.node("Mul", writer.node("Concat", *[maps] * POOLS, axis=1), pools)
    pooled = writer.node("ReduceSum", weighted, _axis(writer, 2), keepdims=0)
    digest = writer.node("Tanh", _linear(writer, pooled, network.digest))
    before = _remember(writer, network, digest)
    weight, bias = (writer.constant(part) for part in _first_hidden(network))
    seen = writer.node("Concat", pooled, "features", before, axis=1)
    hidden = writer.node("Relu", writer.node("Gemm", seen, weight, bias, transB=1))
    last, bias = (writer.constant(part) for part in _head(network, network.first, calibration))
    logits = writer.node("Gemm", hidden, last, bias, transB=1, alpha=1 / calibration.temperature)
    writer.node("Softmax", logits, axis=1, output="probabilities")
    to_pooled = writer.node("Slice", weight, *_bounds(writer, 0, POOLED, 1))
    best = writer.node("ArgMax", logits, axis=1, keepdims=0)
    down = writer.node("Mul", writer.node("Gather", last, best, axis=0), writer.node("Sign", hidden))
    _attribution(writer, weighted, writer.node("MatMul", down, to_pooled))
    _think_again(writer, network, calibration, hidden, digest)
    inputs: dict[str, Shape] = {
        "shapes": ["beats", SHAPES, POINTS],
        "features": ["beats", len(FEATURES)],
        "next_features": ["beats", len(NEXT_FEATURES)],
        "memory": [1, MEMORY],
        "pending": [1, PENDING],
    }
    outputs: dict[str, Shape] = {
        "probabilities": ["beats", len(SYMBOLS)],
        "attribution": ["beats", WINDOW_SAMPLES],
        "final_probabilities": ["beats", len(SYMBOLS)],
        "next_memory": [1, MEMORY],
        "next_pending": [1, PENDING],
    }
    return make_graph("adaptive", writer, inputs, outputs)


def _axis(writer: GraphWriter, *axes: int) -> str:
    return writer.constant(np.array(axes, dtype=np.int64))


def _unsqueeze(writer: GraphWriter, x: str, axis: int) -> str:
    return writer.node("Unsqueeze", x, _axis(writer, axis))


def _bounds(writer: GraphWriter, start: int, stop: int, axis: int) -> tuple[str, str, str]:
    """Write where a slice begins and ends, and along which axis."""
    return _axis(writer, start), _axis(writer, stop), _axis(writer, axis)


def _numbers(tensor: Tensor) -> Floats:
    return np.ascontiguousarray(tensor.detach().numpy(), dtype=np.float32)


def _linear(writer: GraphWriter, x: str, layer: nn.Linear) -> str:
    weight, bias = (writer.constant(_numbers(part)) for part in (layer.weight, layer.bias))
    return writer.node("Gemm", x, weight, bias, transB=1)


def _first_hidden(network: AdaptiveNet) -> tuple[Floats, Floats]:
    """Return weight and bias of both hidden layers of the first look, the one for fusion behind the other.

    As one layer with zeros where one does not see what the other does, they cost no node more.
    """
    usual, every, memory = np.cumsum((POOLED, len(USUAL_FEATURES), len(ATYPICAL_FEATURES)))
    weight = np.zeros((PENDING, memory + MEMORY), dtype=np.float32)
    own = np.r_[:every, memory : memory + MEMORY]
    weight[:HIDDEN, own] = _numbers(network.first_hidden.weight)
    weight[HIDDEN:, usual:memory] = _numbers(network.fusion_hidden.weight)
    biases = (network.first_hidden.bias, network.fusion_hidden.bias)
    return weight, np.concatenate([_numbers(bias) for bias in biases])


def _final_hidden(network: AdaptiveNet) -> tuple[Floats, Floats]:
    """Return weight and bias of the second look's hidden layer, which hands on what speaks for fusion."""
    weight = np.zeros((PENDING, PENDING + len(NEXT_FEATURES) + DIGEST), dtype=np.float32)
    weight[:HIDDEN, np.r_[:HIDDEN, PENDING : weight.shape[1]]] = _numbers(network.final_hidden.weight)
    weight[HIDDEN:, HIDDEN:PENDING] = np.eye(FUSION_HIDDEN)
    return weight, np.pad(_numbers(network.final_hidden.bias), (0, FUSION_HIDDEN))


def _head(network: AdaptiveNet, head: nn.Linear, calibration: Calibration) -> tuple[Floats, Floats]:
    """Return weight and bias of one look's scores; the weight is yet to be divided by the temperature."""
    fusion = network.is_fusion[:, None] * network.fusion.weight
    weight = np.concatenate((_numbers(head.weight), _numbers(fusion)), axis=1)
    return weight, calibration.apply(_numbers(head.bias + network.is_fusion * network.fusion.bias))


def _encode(writer: GraphWriter, network: AdaptiveNet) -> str:
    """Write the convolutions; what the channel of positions gives is the same for every beat."""
    first, *others = network.encoder.steps
    assert isinstance(first, nn.Sequential)
    conv, norm = first
    assert isinstance(conv, nn.Conv1d)
    assert isinstance(norm, nn.BatchNorm1d)
    fused = fuse_conv_bn_eval(conv, norm)
    with torch.no_grad():
        fixed = norm(conv(torch.cat((torch.zeros(1, SHAPES, POINTS), network.encoder.position), dim=1)))
    pads = [KERNELS[0] // 2] * 2
    weight = writer.constant(_numbers(fused.weight)[:, :SHAPES])
    x = writer.node("Conv", "shapes", weight, kernel_shape=[KERNELS[0]], strides=[STRIDE], pads=pads)
    x = writer.node("Relu", writer.node("Add", x, writer.constant(_numbers(fixed))))
    for step in others:
        x = writer.node("Relu", writer.conv_bn(x, step))
    return x


def _attribution(writer: GraphWriter, weighted: str, gradient: str) -> None:
    """Write Grad-CAM of the most probable class.

    The score of a class depends on the maps by way of one hidden layer, so its gradient is
    the layer's weights where the layer is active. Because the maps are pooled with weights
    over the window, gradient and map are multiplied point by point before they are summed
    (HiResCAM): that keeps what each instant gave to the score.
    """
    evidence = writer.node("MatMul", _unsqueeze(writer, gradient, 1), weighted)
    none = writer.constant(np.array([], dtype=np.float32))
    scales = writer.constant(np.array([1, 1, WINDOW_SAMPLES / LENGTH], dtype=np.float32))
    stretched = writer.node("Resize", writer.node("Relu", evidence), none, scales, mode="linear")
    wide = writer.node("Squeeze", stretched, _axis(writer, 1))
    peak = writer.node("ReduceMax", wide, axes=[1], keepdims=1)
    floor = writer.node("Max", peak, writer.constant(np.array([_TINY], dtype=np.float32)))
    writer.node("Div", wide, floor, output="attribution")


def _remember(writer: GraphWriter, network: AdaptiveNet, digest: str) -> str:
    """Write the gated recurrent unit and return the memory before each beat."""
    unit = network.memory
    reset, update, new = (slice(k * MEMORY, (k + 1) * MEMORY) for k in range(3))
    order = np.r_[update, reset, new]
    parts = (unit.weight_ih_l0, unit.weight_hh_l0, unit.bias_ih_l0, unit.bias_hh_l0)
    w, r, *biases = (_numbers(part)[order] for part in parts if isinstance(part, Tensor))
    w = np.pad(w, ((0, 0), (0, len(ATYPICAL_FEATURES))))
    x = _unsqueeze(writer, writer.node("Concat", digest, "features", axis=1), 1)
    constants = [writer.constant(part[None]) for part in (w, r, np.concatenate(biases))]
    writer.nodes.append(
        helper.make_node(
            "GRU",
            [x, *constants, "", _unsqueeze(writer, "memory", 0)],
            ["memories", "last_memory"],
            hidden_size=MEMORY,
            linear_before_reset=1,
        )
    )
    writer.node("Squeeze", "last_memory", _axis(writer, 0), output="next_memory")
    after = writer.node("Squeeze", "memories", _axis(writer, 1, 2))
    return _shifted(writer, "memory", after)


def _shifted(writer: GraphWriter, first: str, rows: str) -> str:
    """Write rows one beat later, with what was kept of the beats before in front."""
    kept = writer.node("Slice", rows, *_bounds(writer, 0, -1, 0))
    return writer.node("Concat", first, kept, axis=0)


def _think_again(
    writer: GraphWriter, network: AdaptiveNet, calibration: Calibration, hidden: str, digest: str
) -> None:
    """Write the class of the beat before each, now that the next beat is known."""
    end = np.iinfo(np.int64).max
    writer.node("Slice", hidden, *_bounds(writer, -1, end, 0), output="next_pending")
    x = writer.node("Concat", _shifted(writer, "pending", hidden), "next_features", digest, axis=1)
    weight, bias = (writer.constant(part) for part in _final_hidden(network))
    again = writer.node("Relu", writer.node("Gemm", x, weight, bias, transB=1))
    weight, bias = (writer.constant(part) for part in _head(network, network.final, calibration))
    logits = writer.node("Gemm", again, weight, bias, transB=1, alpha=1 / calibration.temperature)
    writer.node("Softmax", logits, axis=1, output="final_probabilities")
