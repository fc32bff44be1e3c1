"""Collects the nodes and constants of an ONNX graph while it is written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

_FEW = 24
"""Constants of no more values are stored as they are: a cast of their own would take as much room."""


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
    half : bool
        Store weights as float16 and cast them: onnxruntime does so once, when it opens the file.
    """

    def __init__(self, *, half: bool = False) -> None:
        self._half = half
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[np.generic]) -> str:
        """Add a constant and return its name."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weight(self, value: NDArray[np.float32]) -> str:
        """Add trained float32 values and return their name."""
        if not self._half or value.size <= _FEW:
            return self.constant(value)
        return self.node("Cast", self.constant(value.astype(np.float16)), to=onnx.TensorProto.FLOAT)

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
