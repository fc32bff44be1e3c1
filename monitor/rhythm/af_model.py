"""The small model that gives the probability of atrial fibrillation."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ecgmon.monitor.core.sealed_file import open_weights
from ecgmon.monitor.core.zoo import shipped_file
from ecgmon.monitor.rhythm.af_features import NAMES

AF = "ecgmon.af/1"
"""Contract: ``weights``, one for each feature, and ``bias`` of a logistic regression."""

FEATURE_TERMS = {"features": json.dumps(NAMES)}
"""What a file must say of its features."""


class AfClassifier(Protocol):
    """Anything that makes a probability of features."""

    def probability(self, features: Sequence[float]) -> float:
        """Return the probability of atrial fibrillation, 0 to 1."""
        ...


@dataclass(frozen=True)
class AfModel:
    """Logistic regression over `af_features.NAMES`.

    Parameters
    ----------
    weights : tuple of float
        One for each feature.
    bias : float
        Added to their sum.
    """

    weights: tuple[float, ...]
    bias: float

    @classmethod
    def load(cls, path: Path | None = None) -> AfModel:
        """Read a model.

        Parameters
        ----------
        path : Path, optional
            A file of ``ecgmon train af``; the shipped one by default.

        Raises
        ------
        ModelError
            The file is missing, damaged, or was made for other features.
        """
        path = path or shipped_file("af")
        weights, contract = open_weights(path, AF, names=("weights", "bias"))
        contract.require(str(path), **FEATURE_TERMS)
        return cls(tuple(weights["weights"]), float(weights["bias"]))

    def probability(self, features: Sequence[float]) -> float:
        """Return the probability of atrial fibrillation, 0 to 1."""
        logit = self.bias + sum(w * x for w, x in zip(self.weights, features, strict=True))
        return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, logit))))
