"""Writes a trained ArrhythmiNet as an ONNX graph that gives class and Grad-CAM in one run."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import onnx
import torch
from torch import nn

from ecgmon.models.arrhythminet.network import (
    CLASSES,
    WINDOW_SAMPLES,
    ArrhythmiNet,
    BottleneckBlock,
    SeparableBlock,
)
from ecgmon.models.common.graph import GraphWriter, Shape, folded, make_graph, rounded

_TINY = 1e-12
"""Keeps a map without any evidence at zero instead of dividing by zero."""


def _separable(writer: GraphWriter, x: str, block: SeparableBlock) -> str:
    for step in (block.standard, block.depthwise, block.pointwise):
        x = writer.node("Relu", writer.conv_bn(x, step))
    return x


def _bottleneck(writer: GraphWriter, x: str, block: BottleneckBlock) -> str:
    y = writer.node("Relu", writer.conv_bn(x, block.expand))
    y = writer.node("Relu", writer.conv_bn(y, block.depthwise))
    y = writer.conv_bn(y, block.project)
    if block.stride > 1:
        size = [1, block.stride]
        x = writer.node("AveragePool", x, kernel_shape=size, strides=size, ceil_mode=1)
    if block.widen:
        x = writer.node(
            "Pad", x, writer.constant(np.array([0, 0, 0, 0, 0, block.widen, 0, 0], dtype=np.int64))
        )
    y = writer.node("Add", y, x)
    return writer.node("Relu", y) if block.last else y


def _head(writer: GraphWriter, features: str, network: ArrhythmiNet, length: int, temperature: float) -> None:
    """Write class probabilities and Grad-CAM.

    With global average pooling and a linear head the gradient of a class's score with respect
    to the feature map is the head's weight, so the class's evidence over time, one pointwise
    convolution, gives both: its mean is the score, its positive part the Grad-CAM.
    """
    weight, bias = (part.detach().numpy() / temperature for part in network.head.centred())
    image = writer.node("Conv", features, writer.constant(weight[:, :, None, None]), kernel_shape=[1, 1])
    evidence = writer.node("Squeeze", image, writer.constant(np.array([2], dtype=np.int64)))
    means = writer.node("ReduceMean", evidence, axes=[2], keepdims=0)
    logits = writer.node("Add", means, writer.constant(bias))
    writer.node("Softmax", logits, axis=1, output="probabilities")
    best = writer.node("ArgMax", logits, axis=1, keepdims=1)
    pick = writer.node(
        "OneHot",
        best,
        writer.constant(np.array(len(CLASSES), dtype=np.int64)),
        writer.constant(np.array([0, 1], dtype=np.float32)),
    )
    cam = writer.node("Relu", writer.node("MatMul", pick, evidence))
    flat = writer.node("Squeeze", cam, writer.constant(np.array([1], dtype=np.int64)))
    scale = np.array([1, WINDOW_SAMPLES / length], dtype=np.float32)
    wide = writer.node("Resize", flat, "", writer.constant(scale), mode="linear")
    peak = writer.node("ReduceMax", wide, axes=[1], keepdims=1)
    floor = writer.node("Max", peak, writer.constant(np.array([_TINY], dtype=np.float32)))
    writer.node("Div", wide, floor, output="attribution")


def as_stored(network: ArrhythmiNet) -> ArrhythmiNet:
    """Return the network as its file holds it.

    Parameters
    ----------
    network : ArrhythmiNet
        Trained; it is left as it is.

    Returns
    -------
    ArrhythmiNet
        In evaluation mode: batch normalisation is folded into the convolutions, and their weights are
        rounded to eight bits for each output channel, small ones to float16. The head is left as it is.
    """
    network = deepcopy(network).cpu().eval()
    for name, step in list(network.named_modules()):
        if isinstance(step, nn.Sequential) and isinstance(step[0], nn.Conv2d):
            conv = folded(step)
            for parameter in conv.parameters():
                parameter.data = torch.from_numpy(rounded(parameter.detach().numpy()))
            network.set_submodule(name, nn.Sequential(conv))
    return network


def to_graph(network: ArrhythmiNet, temperature: float = 1.0) -> onnx.GraphProto:
    """Return the ONNX graph of a trained network.

    Parameters
    ----------
    network : ArrhythmiNet
        Trained; it is left as it is.
    temperature : float
        Divides the logits, so that probabilities are calibrated.

    Returns
    -------
    onnx.GraphProto
        Input ``window`` (n, 360); outputs ``probabilities`` (n, 5) and ``attribution`` (n, 360).
        Weights of convolutions are stored in eight or sixteen bits; all sums are of float32.
    """
    network = as_stored(network)
    writer = GraphWriter(small=True)
    x = writer.node("Unsqueeze", "window", writer.constant(np.array([1, 2], dtype=np.int64)))
    for block in network.blocks:
        if isinstance(block, SeparableBlock):
            x = _separable(writer, x, block)
        else:
            assert isinstance(block, BottleneckBlock)
            x = _bottleneck(writer, x, block)
    with torch.no_grad():
        length = network.features(torch.zeros(1, WINDOW_SAMPLES)).shape[-1]
    _head(writer, x, network, length, temperature)

    outputs: dict[str, Shape] = {
        "probabilities": ["n", len(CLASSES)],
        "attribution": ["n", WINDOW_SAMPLES],
    }
    return make_graph("arrhythminet", writer, {"window": ["n", WINDOW_SAMPLES]}, outputs)
