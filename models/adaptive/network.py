"""The adaptive beat network: a small convolutional encoder, and a memory of the patient."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.adaptive.patients import SYMBOLS
from monitor.inference.context import FIGURES, NEXT_FIGURES

POINTS = 120
CHANNELS = (16, 32, 32)
MEMORY = 32
DIGEST = 24
HIDDEN = 48


class Named(NamedTuple):
    """What the network says of a run of beats.

    Parameters
    ----------
    first : Tensor of shape (s, n, classes)
        Logits without the next interval.
    final : Tensor of shape (s, n, classes)
        Logits with it.
    memory : Tensor of shape (s, n, MEMORY)
        Memory after each beat.
    """

    first: Tensor
    final: Tensor
    memory: Tensor


def conv_bn(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Sequential:
    """Return a convolution of odd kernel with batch normalisation behind it."""
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm1d(outputs),
    )


class Encoder(nn.Module):
    """Turns a beat's shapes into feature maps over its window."""

    def __init__(self) -> None:
        super().__init__()
        a, b, c = CHANNELS
        self.position: Tensor
        self.register_buffer("position", torch.linspace(-1, 1, POINTS).reshape(1, 1, POINTS))
        self.steps = nn.ModuleList([conv_bn(3, a, 9, 2), conv_bn(a, b, 5, 2), conv_bn(b, c, 5, 1)])

    def forward(self, shapes: Tensor) -> Tensor:
        """Return maps of shape (n, 32, 30) for shapes of shape (n, 2, 120)."""
        x = torch.cat((shapes, self.position.expand(shapes.shape[0], 1, POINTS)), dim=1)
        for step in self.steps:
            x = torch.relu(step(x))
        return x


class AdaptiveNet(nn.Module):
    """Names a beat from its shape, its intervals and what it remembers of the patient.

    The features of a map are pooled in two ways, by their mean and by learned weights over the
    window, so that it matters where a wave lies. The memory is a gated recurrent unit that
    has seen the beats before this one; it never sees a label.
    """

    def __init__(self) -> None:
        super().__init__()
        maps = CHANNELS[-1]
        figures, more = len(FIGURES), len(NEXT_FIGURES)
        self.encoder = Encoder()
        self.pool = nn.Parameter(torch.randn(maps, POINTS // 4) * 0.05)
        self.first_hidden = nn.Linear(2 * maps + figures + MEMORY, HIDDEN)
        self.first = nn.Linear(HIDDEN, len(SYMBOLS))
        self.final_hidden = nn.Linear(2 * maps + figures + MEMORY + more, HIDDEN)
        self.final = nn.Linear(HIDDEN, len(SYMBOLS))
        self.digest = nn.Linear(2 * maps, DIGEST)
        self.memory = nn.GRU(DIGEST + figures, MEMORY, batch_first=True)
        self.drop = nn.Dropout(0.3)
        self.drop_features = nn.Dropout(0.15)

    def pooled(self, maps: Tensor) -> Tensor:
        """Return the pooled features, shape (n, 64)."""
        return torch.cat((maps.mean(dim=2), (maps * self.pool).sum(dim=2)), dim=1)

    def forward(
        self, shapes: Tensor, figures: Tensor, next_figures: Tensor, memory: Tensor | None = None
    ) -> Named:
        """Name runs of beats.

        Parameters
        ----------
        shapes : Tensor of shape (s, n, 2, 120)
            Shapes of n consecutive beats of s streams.
        figures, next_figures : Tensor of shape (s, n, 12) and (s, n, 4)
            Their figures.
        memory : Tensor of shape (1, s, MEMORY), optional
            Memory before the first beat.
        """
        s, n = shapes.shape[:2]
        pooled = self.drop_features(self.pooled(self.encoder(shapes.flatten(0, 1)))).reshape(s, n, -1)
        start = pooled.new_zeros(1, s, MEMORY) if memory is None else memory
        after, _ = self.memory(torch.cat((torch.tanh(self.digest(pooled)), figures), dim=2), start)
        before = torch.cat((start.transpose(0, 1), after[:, :-1]), dim=1)
        seen = torch.cat((pooled, figures, self.drop_features(before)), dim=2)
        first = self.first(self.drop(torch.relu(self.first_hidden(seen))))
        final = self.final(self.drop(torch.relu(self.final_hidden(torch.cat((seen, next_figures), dim=2)))))
        return Named(first, final, after)
