"""Collects the nodes and constants of an ONNX graph while it is written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Shape = Sequence[int | str]

_FEW, _MANY = 24, 1024
"""Up to so many weights stay as they are, so many or more in eight bits, the rest in float16."""


def rounded(value: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return weights as a small graph stores them."""
    if value.size <= _FEW:
        return value
    if value.size < _MANY:
        return value.astype(np.float16).astype(np.float32)
    steps, sizes = _in_bytes(value)
    return np.asarray(steps.astype(np.float32) * sizes)


def _in_bytes(value: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return weights as whole steps, and the size of a step for each output channel."""
    largest = np.abs(value).max(axis=tuple(range(1, value.ndim)), keepdims=True)
    sizes = np.maximum(largest / 127, np.finfo(np.float32).tiny).astype(np.float32)
    return np.rint(value / sizes).astype(np.int8), sizes


def folded(step: nn.Module) -> nn.Conv1d | nn.Conv2d:
    """Return a convolution with the batch normalisation behind it, if there is one, folded into it."""
    assert isinstance(step, nn.Sequential)
    conv, *norm = step
    assert isinstance(conv, nn.Conv1d | nn.Conv2d)
    if not norm:
        return conv
    assert isinstance(norm[0], nn.BatchNorm1d | nn.BatchNorm2d)
    return fuse_conv_bn_eval(conv, norm[0])


class GraphWriter:
    """Collects nodes and constants of a graph.

    Parameters
    ----------
    small : bool
        Store weights in eight or sixteen bits: onnxruntime makes float32 of them once, when it opens
        the file.
    """

    def __init__(self, *, small: bool = False) -> None:
        self._small = small
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[np.generic]) -> str:
        """Add a constant and return its name."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weight(self, value: NDArray[np.float32]) -> str:
        """Add trained float32 values and return their name."""
        if not self._small or value.size <= _FEW:
            return self.constant(value)
        if value.size < _MANY:
            return self.node("Cast", self.constant(value.astype(np.float16)), to=onnx.TensorProto.FLOAT)
        steps, sizes = _in_bytes(value)
        wide = self.node("Cast", self.constant(steps), to=onnx.TensorProto.FLOAT)
        return self.node("Mul", wide, self.constant(sizes))

    def node(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node with one output and return the output's name."""
        output = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def conv_bn(self, x: str, step: nn.Module) -> str:
        """Write a convolution with its batch normalisation folded into it."""
        conv = folded(step)
        assert conv.bias is not None
        pads = [int(pad) for pad in conv.padding]
        return self.node(
            "Conv",
            x,
            self.weight(conv.weight.detach().numpy()),
            self.weight(conv.bias.detach().numpy()),
            kernel_shape=list(conv.kernel_size),
            strides=list(conv.stride),
            pads=pads + pads,
            group=conv.groups,
        )


def make_graph(
    name: str, writer: GraphWriter, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape]
) -> onnx.GraphProto:
    """Return the graph that was written.

    Parameters
    ----------
    name : str
        Of the graph.
    writer : GraphWriter
        Holds its nodes and constants.
    inputs, outputs : mapping of str to shape
        float32 tensors; a free dimension has a name in place of a number.
    """
    before, after = (
        [helper.make_tensor_value_info(key, onnx.TensorProto.FLOAT, shape) for key, shape in side.items()]
        for side in (inputs, outputs)
    )
    return helper.make_graph(writer.nodes, name, before, after, writer.constants)
