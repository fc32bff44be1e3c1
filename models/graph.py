"""Collects the nodes and constants of an ONNX graph while it is written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


class GraphWriter:
    """Collects nodes and constants of a graph."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[np.generic]) -> str:
        """Add a constant and return its name."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node with one output and return the output's name."""
        output = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def conv_bn(self, x: str, step: nn.Module) -> str:
        """Write a convolution with its batch normalisation folded into it."""
        assert isinstance(step, nn.Sequential)
        conv, norm = step
        assert isinstance(conv, nn.Conv1d | nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
        fused = fuse_conv_bn_eval(conv, norm)
        assert fused.bias is not None
        pads = [int(pad) for pad in conv.padding]
        return self.node(
            "Conv",
            x,
            self.constant(fused.weight.detach().numpy()),
            self.constant(fused.bias.detach().numpy()),
            kernel_shape=list(conv.kernel_size),
            strides=list(conv.stride),
            pads=pads + pads,
            group=conv.groups,
        )
