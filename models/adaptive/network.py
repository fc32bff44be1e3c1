"""The adaptive beat network: a small convolutional encoder, and a memory of the patient."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ecgmon.models.adaptive.patients import SYMBOLS
from ecgmon.monitor.inference.patient_features import FEATURES, NEXT_FEATURES, POINTS, SHAPES, USUAL_FEATURES

CHANNELS = (24, 32)
KERNELS = (9, 5)
STRIDE = 4
LENGTH = POINTS // STRIDE
"""Points of a feature map."""

POOLS = 3
POOLED = POOLS * CHANNELS[-1]
MEMORY = 32
DIGEST = 24
HIDDEN = 48
FUSION_HIDDEN = 16


class Named(NamedTuple):
    """What the network says of a run of beats.

    Parameters
    ----------
    first : Tensor of shape (s, n, classes)
        Logits without the next beat.
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
        widths = (SHAPES + 1, *CHANNELS)
        self.position: Tensor
        self.register_buffer("position", torch.linspace(-1, 1, POINTS).reshape(1, 1, POINTS))
        strides = (STRIDE, *(1 for _ in KERNELS[1:]))
        self.steps = nn.ModuleList(map(conv_bn, widths[:-1], CHANNELS, KERNELS, strides))

    def forward(self, shapes: Tensor) -> Tensor:
        """Return maps of shape (n, 32, 30) for shapes of shape (n, 3, 120)."""
        x = torch.cat((shapes, self.position.expand(shapes.shape[0], 1, POINTS)), dim=1)
        for step in self.steps:
            x = torch.relu(step(x))
        return x


class AdaptiveNet(nn.Module):
    """Names a beat from its shape, its intervals and what it remembers of the patient.

    The features of a map are pooled by learned weights over the window, so that it matters where
    a wave lies. The memory is a gated recurrent unit that has seen the beats before this one; it
    never sees a label. The second look at a beat has what the first made of it, the interval
    behind it and a digest of the next beat.

    What a beat has of the patient's atypical beats speaks for or against fusion, and for nothing else: a
    network free to use it everywhere named supraventricular beats of new patients worse.
    """

    def __init__(self) -> None:
        super().__init__()
        maps, features = CHANNELS[-1], len(USUAL_FEATURES)
        self.encoder = Encoder()
        pool = torch.randn(POOLS, maps, LENGTH) * 0.05
        pool[0] = 1 / LENGTH
        self.pool = nn.Parameter(pool)
        self.first_hidden = nn.Linear(POOLED + features + MEMORY, HIDDEN)
        self.first = nn.Linear(HIDDEN, len(SYMBOLS))
        self.final_hidden = nn.Linear(HIDDEN + len(NEXT_FEATURES) + DIGEST, HIDDEN)
        self.final = nn.Linear(HIDDEN, len(SYMBOLS))
        self.fusion_hidden = nn.Linear(len(FEATURES), FUSION_HIDDEN)
        self.fusion = nn.Linear(FUSION_HIDDEN, 1)
        self.digest = nn.Linear(POOLED, DIGEST)
        self.is_fusion: Tensor
        self.register_buffer("is_fusion", torch.tensor([float(symbol == "F") for symbol in SYMBOLS]))
        self.memory = nn.GRU(DIGEST + features, MEMORY, batch_first=True)
        self.drop = nn.Dropout(0.3)
        self.drop_features = nn.Dropout(0.15)

    def pooled(self, maps: Tensor) -> Tensor:
        """Return the pooled features, shape (n, 96)."""
        return torch.einsum("ncl,kcl->nkc", maps, self.pool).flatten(1)

    def forward(self, shapes: Tensor, features: Tensor, next_features: Tensor) -> Named:
        """Name runs of beats from an empty memory.

        Parameters
        ----------
        shapes : Tensor of shape (s, n, 3, 120)
            Shapes of n consecutive beats of s streams.
        features, next_features : Tensor of shape (s, n, 35) and (s, n, 5)
            Their features.
        """
        s, n = shapes.shape[:2]
        pooled = self.drop_features(self.pooled(self.encoder(shapes.flatten(0, 1)))).reshape(s, n, -1)
        digest = torch.tanh(self.digest(pooled))
        usual = features[..., : len(USUAL_FEATURES)]
        after, _ = self.memory(torch.cat((digest, usual), dim=2))
        before = torch.cat((torch.zeros_like(after[:, :1]), after[:, :-1]), dim=1)
        seen = torch.cat((pooled, usual, self.drop_features(before)), dim=2)
        hidden = torch.relu(self.first_hidden(seen))
        following = torch.cat((digest[:, 1:], torch.zeros_like(digest[:, :1])), dim=1)
        again = torch.relu(self.final_hidden(torch.cat((hidden, next_features, following), dim=2)))
        fused = self.fusion(torch.relu(self.fusion_hidden(features)))
        first, final = self.first(self.drop(hidden)), self.final(self.drop(again))
        return Named(first + fused * self.is_fusion, final + fused * self.is_fusion, after)
