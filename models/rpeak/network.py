"""The R-peak network in PyTorch: causal, dilated, residual, one step every 22 ms."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from ecgmon.monitor.dsp.rpeak_frontend import HOP

RARE = -3.0
"""Logit of an R wave in any one step, before anything is learned."""


@dataclass(frozen=True)
class NetworkShape:
    """What the network looks like; written into the exported file.

    Parameters
    ----------
    channels : int
        Width of every layer.
    dilations : tuple of int
        One residual convolution each.
    kernel : int
        Taps of each of them.
    stem_kernel : int
        Hops the first convolution sees.
    lookahead_steps : int
        Steps between an R wave and the step that must tell of it.
    second_look_steps : int
        Steps between an R wave and the step that may correct it.
    """

    channels: int = 48
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64)
    kernel: int = 3
    stem_kernel: int = 5
    lookahead_steps: int = 8
    second_look_steps: int = 17


class RPeakNetwork(nn.Module):
    """Three numbers a step: two logits of an R wave, and its offset in hops.

    The convolutions are flat two-dimensional ones with the channels last in memory, which
    train almost twice as fast as one-dimensional ones.

    The first logit and the offset speak of the hop ``lookahead_steps`` ago, the second logit
    of the hop ``second_look_steps`` ago.

    Parameters
    ----------
    shape : NetworkShape
        Size of the network.
    """

    def __init__(self, shape: NetworkShape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or NetworkShape()
        self.stem = nn.Conv2d(HOP, shape.channels, (1, shape.stem_kernel))
        self.blocks = nn.ModuleList(
            nn.Conv2d(shape.channels, shape.channels, (1, shape.kernel), dilation=(1, d))
            for d in shape.dilations
        )
        self.head = nn.Conv2d(shape.channels, 3, 1)
        assert self.head.bias is not None
        with torch.no_grad():
            self.head.bias.copy_(torch.tensor([RARE, RARE, 0.0]))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, hops: torch.Tensor) -> torch.Tensor:
        """Map hops of shape (batch, HOP, t) to (batch, 3, t)."""
        x = hops[:, :, None].contiguous(memory_format=torch.channels_last)
        x = F.relu(self.stem(F.pad(x, (self.shape.stem_kernel - 1, 0))))
        for block, dilation in zip(self.blocks, self.shape.dilations, strict=True):
            x = x + F.relu(block(F.pad(x, ((self.shape.kernel - 1) * dilation, 0))))
        return self.head(x)[:, :, 0]  # type: ignore[no-any-return]
