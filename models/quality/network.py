"""The quality network in PyTorch: one hidden layer, and what an annotation of noise allows it to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgmon.models.quality.data import ANY_NOISE, CLEAN, MOTION, MUSCLE
from ecgmon.monitor.dsp.quality_features import NAMES
from ecgmon.monitor.dsp.quality_model import CLASSES, QualityModel

if TYPE_CHECKING:
    from ecgmon.monitor.dsp.operator import Samples

HIDDEN = 8
DECAY = 1e-4
"""Weight of the squared weights in the loss."""

_MEANT_BY = ((CLEAN,), (MOTION, ANY_NOISE), (MUSCLE, ANY_NOISE))
"""Labels that each output may stand for."""


class QualityNetwork(nn.Module):
    """Scores of `CLASSES` for scaled features, from one hidden layer."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(len(NAMES), HIDDEN)
        self.output = nn.Linear(HIDDEN, len(CLASSES))

    def forward(self, rows: Tensor) -> Tensor:
        """Map scaled features of shape (n, n_features) to scores of shape (n, 3)."""
        scores: Tensor = self.output(torch.tanh(self.hidden(rows)))
        return scores

    def served(self, mean: Samples, scale: Samples) -> QualityModel:
        """Return the network as the live operator runs it, scaling included.

        Parameters
        ----------
        mean, scale : array of shape (n_features,)
            What features were scaled by.
        """
        return QualityModel(
            mean,
            scale,
            *(_array(part) for layer in (self.hidden, self.output) for part in (layer.weight, layer.bias)),
        )


def _array(value: Tensor) -> Samples:
    return np.asarray(value.detach().numpy(), dtype=np.float64)


def allowed(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which classes a second may be of, shape (n, 3): noise of unknown kind may be either."""
    return np.column_stack([np.isin(labels, meant) for meant in _MEANT_BY])


def loss_of(network: QualityNetwork, rows: Tensor, excluded: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted log loss of what each second may be, and a decay of the weights.

    Parameters
    ----------
    network : QualityNetwork
        Being trained.
    rows : Tensor of shape (n, n_features)
        Scaled features.
    excluded : Tensor of shape (n, 3)
        0 for a class that the second may be of, a large negative number for others.
    weights : Tensor of shape (n,)
        Of each second.
    """
    log_probability = torch.log_softmax(network(rows), dim=1) + excluded
    decay = torch.stack([part.square().sum() for part in network.parameters()]).sum()
    return DECAY * decay - (weights * torch.logsumexp(log_probability, dim=1)).sum()
