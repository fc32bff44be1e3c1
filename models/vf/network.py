"""The network of ventricular fibrillation: four convolutions, pooled over the window and one second."""

from __future__ import annotations

import math

import torch
from torch import nn

from ecgmon.monitor.rhythm.vf_windows import AHEAD_S, SHORT_SECOND, WINDOW

CHANNELS = (12, 16, 24, 24)
KERNELS = (9, 7, 5, 5)
STRIDES = (3, 2, 2, 2)

LEAST_MV = 0.03
"""Added to a window's RMS before it is divided by it, so that quiet lines stay quiet."""

SIZE_FLOOR_MV = 0.01

SPREAD_S = 0.5
"""The classified second is pooled with so much on both sides."""


def classified_steps() -> tuple[int, int]:
    """Return the steps of the last convolution around the classified second, as in a slice."""
    stride = math.prod(STRIDES)
    behind = AHEAD_S * SHORT_SECOND
    spread = SPREAD_S * SHORT_SECOND
    first = (WINDOW - behind - SHORT_SECOND - spread) / stride
    last = (WINDOW - behind + spread) / stride
    return math.floor(first), min(math.ceil(last), math.ceil(WINDOW / stride))


class VfNetwork(nn.Module):
    """Gives the logit of flutter or fibrillation for windows of shape (n, window), in millivolts."""

    def __init__(self) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        for before, after, kernel, stride in zip((1, *CHANNELS), CHANNELS, KERNELS, STRIDES, strict=False):
            convolution = nn.Conv1d(before, after, kernel, stride, kernel // 2)
            steps += [nn.Sequential(convolution, nn.BatchNorm1d(after)), nn.ReLU()]
        self.steps = nn.Sequential(*steps)
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(2 * CHANNELS[-1] + 1, 1)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Return logits, shape (n,)."""
        size = torch.sqrt(windows.square().mean(1, keepdim=True))
        x = self.steps((windows / (size + LEAST_MV))[:, None])
        first, last = classified_steps()
        pooled = torch.cat((x.mean(2), x[:, :, first:last].mean(2), torch.log10(size + SIZE_FLOOR_MV)), dim=1)
        logits: torch.Tensor = self.head(self.dropout(pooled))[:, 0]
        return logits
