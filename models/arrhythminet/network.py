"""The two ArrhythmiNet networks: one beat window in, class scores and the last feature map out."""

from __future__ import annotations

from typing import Literal, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

CLASSES = ("N", "L", "R", "A", "V")
"""Beat symbols in the order of the outputs."""

WINDOW_SAMPLES = 360
Version = Literal["v1", "v2"]


class Scores(NamedTuple):
    """What a network gives: ``logits`` (n, classes) and ``features`` (n, channels, length)."""

    logits: Tensor
    features: Tensor


def conv_bn(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Return a 1-D convolution without bias, padded to keep the length, and its batch normalisation.

    It works on images one row high, (n, channels, 1, length), with channels last: that trains
    three times as quickly on a CPU as PyTorch's own 1-D depthwise convolution.
    """
    conv = nn.Conv2d(
        inputs, outputs, (1, kernel), (1, stride), padding=(0, kernel // 2), groups=groups, bias=False
    )
    conv.weight.data = conv.weight.data.contiguous(memory_format=torch.channels_last)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


def channels_last(image: Tensor) -> Tensor:
    """Return an image with its channels last in memory.

    An image of one channel does not say which order it has, and its first convolution takes the slow one.
    """
    return image.contiguous(memory_format=torch.channels_last)


class SeparableBlock(nn.Module):
    """A standard convolution, then a depthwise and a pointwise one, each with BN and ReLU.

    Parameters
    ----------
    inputs, middle, outputs : int
        Channels before, inside and behind the block.
    kernel : int
        Length of the standard convolution in samples.
    depth_kernel : int
        Length of the depthwise convolution in samples.
    stride : int
        Stride of the standard convolution.
    """

    def __init__(
        self, inputs: int, middle: int, outputs: int, kernel: int, depth_kernel: int, stride: int
    ) -> None:
        super().__init__()
        self.standard = conv_bn(inputs, middle, kernel, stride)
        self.depthwise = conv_bn(middle, middle, depth_kernel, groups=middle)
        self.pointwise = conv_bn(middle, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, 1, length) to (n, outputs, 1, length / stride)."""
        x = channels_last(self.standard(x))
        for step in (self.depthwise, self.pointwise):
            x = step(nnf.relu(x))
        return nnf.relu(x)


class BottleneckBlock(nn.Module):
    """Pointwise expansion, depthwise convolution and linear projection, with a skip where shapes allow.

    Parameters
    ----------
    inputs, middle, outputs : int
        Channels before, inside and behind the block.
    kernel : int
        Length of the depthwise convolution in samples.
    stride : int
        Stride of the depthwise convolution.
    last : bool
        The last block ends in a ReLU, so that its feature map can be read as evidence.

    Notes
    -----
    A block that changes length or channels skips through average pooling, with the new channels
    starting from zero: it costs no parameters and lets every block learn a correction only.
    """

    def __init__(
        self, inputs: int, middle: int, outputs: int, kernel: int, stride: int, *, last: bool = False
    ) -> None:
        super().__init__()
        self.expand = conv_bn(inputs, middle)
        self.depthwise = conv_bn(middle, middle, kernel, stride, groups=middle)
        self.project = conv_bn(middle, outputs)
        self.stride = stride
        self.widen = outputs - inputs
        self.last = last

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, 1, length) to (n, outputs, 1, ceil(length / stride))."""
        y = channels_last(self.expand(x))
        y = self.project(nnf.relu(self.depthwise(nnf.relu(y))))
        skip = x if self.stride == 1 else nnf.avg_pool2d(x, (1, self.stride), ceil_mode=True)
        if self.widen:
            skip = channels_last(nnf.pad(skip, (0, 0, 0, 0, 0, self.widen)))
        y = y + skip
        return nnf.relu(y) if self.last else y


class CentredHead(nn.Linear):
    """A linear layer whose scores sum to zero over the classes.

    Probabilities do not change when every class gains the same, so a common part of the scores is
    free to be anything. Taken off, what is left of a class's score speaks for that class and not
    for all, and Grad-CAM shows no evidence that tells no classes apart.
    """

    def centred(self) -> tuple[Tensor, Tensor]:
        """Return weight (classes, channels) and bias (classes,), less their means over classes."""
        return self.weight - self.weight.mean(dim=0), self.bias - self.bias.mean()

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (n, channels) to (n, classes)."""
        return nnf.linear(inputs, *self.centred())


class ArrhythmiNet(nn.Module):
    """Blocks, global average pooling and a linear head over it.

    Parameters
    ----------
    blocks : nn.Sequential
        From (n, 1, 1, 360) to the last feature map (n, channels, 1, length).
    channels : int
        Channels of the last feature map.
    """

    def __init__(self, blocks: nn.Sequential, channels: int) -> None:
        super().__init__()
        self.blocks = blocks
        self.head = CentredHead(channels, len(CLASSES))

    def forward(self, windows: Tensor) -> Scores:
        """Score beat windows.

        Parameters
        ----------
        windows : Tensor of shape (n, 360)
            Normalised beat windows at 360 Hz.

        Returns
        -------
        Scores
            Class logits and the last feature map.
        """
        features = self.features(windows)
        return Scores(self.head(features.mean(dim=-1)), features)

    def features(self, windows: Tensor) -> Tensor:
        """Return the last feature map, shape (n, channels, length)."""
        return cast("Tensor", self.blocks(windows[:, None, None, :]).squeeze(2))


_V1 = (
    (1, 32, 32, 15, 5, 3),
    (32, 48, 56, 5, 3, 3),
    (56, 60, 72, 3, 3, 2),
    (72, 72, 96, 3, 3, 1),
    (96, 56, 120, 3, 3, 2),
)
"""Rows of `SeparableBlock`. Kernels are short and the last stride comes late, so that a point of the last
map sees 0.4 s to either side and no more, and Grad-CAM can tell where the evidence lies."""

_V2 = (
    (1, 12, 16, 15, 4),
    (16, 48, 24, 9, 3),
    (24, 72, 32, 9, 1),
    (32, 80, 32, 7, 3),
    (32, 88, 40, 5, 1),
    (40, 88, 40, 5, 1),
    (40, 34, 190, 5, 1),
)
"""Rows of `BottleneckBlock`. The last keeps its length: with a stride of 4 the last map would have but three
points, too few for a Grad-CAM that says where."""


def build(version: Version) -> ArrhythmiNet:
    """Return an untrained network.

    Parameters
    ----------
    version : {"v1", "v2"}
        V1 is more exact, V2 is half the size.

    Returns
    -------
    ArrhythmiNet
        Last feature map (n, 120, 10) for V1 and (n, 190, 10) for V2.
    """
    if version == "v1":
        return ArrhythmiNet(nn.Sequential(*(SeparableBlock(*row) for row in _V1)), _V1[-1][2])
    *body, tail = _V2
    blocks = [BottleneckBlock(*row) for row in body]
    return ArrhythmiNet(nn.Sequential(*blocks, BottleneckBlock(*tail, last=True)), tail[2])


def parameter_count(network: nn.Module) -> int:
    """Return the number of trained values, batch normalisation included."""
    return sum(parameter.numel() for parameter in network.parameters())


def grad_cam(network: ArrhythmiNet, windows: Tensor) -> Tensor:
    """Return the Grad-CAM of each window's predicted class, by automatic differentiation.

    Parameters
    ----------
    network : ArrhythmiNet
        In evaluation mode.
    windows : Tensor of shape (n, 360)
        Normalised beat windows.

    Returns
    -------
    Tensor of shape (n, 360)
        0 to 1; all zero where nothing speaks for the predicted class.

    References
    ----------
    Selvaraju et al. 2017, Grad-CAM, doi:10.1109/ICCV.2017.74.
    """
    features = network.features(windows).detach().requires_grad_()
    logits = network.head(features.mean(dim=-1))
    (slope,) = torch.autograd.grad(logits.max(dim=-1).values.sum(), features)
    weights = slope.mean(dim=-1, keepdim=True)
    cam = nnf.relu((weights * features).sum(dim=1, keepdim=True))
    cam = nnf.interpolate(cam, size=WINDOW_SAMPLES, mode="linear", align_corners=False)[:, 0]
    peak = cam.amax(dim=-1, keepdim=True)
    return torch.where(peak > 0, cam / peak.clamp_min(1e-12), torch.zeros_like(cam)).detach()
