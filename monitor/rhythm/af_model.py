"""The small model that gives the probability of atrial fibrillation."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from ecgmon.monitor.rhythm.af_features import NAMES

MODEL_FILE = Path(__file__).with_suffix(".json")


class AfClassifier(Protocol):
    """Anything that makes a probability of features."""

    def probability(self, features: Sequence[float]) -> float:
        """Return the probability of atrial fibrillation, 0 to 1."""
        ...


@dataclass(frozen=True)
class AfModel:
    """Logistic regression over `atrial_features.NAMES`.

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
    def load(cls, path: Path = MODEL_FILE) -> AfModel:
        """Read a model.

        Raises
        ------
        ValueError
            If the file was made for other features.
        """
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["features"] != list(NAMES):
            raise ValueError(f"{path.name} was made for other features")
        return cls(tuple(content["weights"]), float(content["bias"]))

    def save(self, path: Path = MODEL_FILE) -> None:
        """Write the model."""
        content = {"features": list(NAMES), **asdict(self)}
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def probability(self, features: Sequence[float]) -> float:
        """Return the probability of atrial fibrillation, 0 to 1."""
        logit = self.bias + sum(w * x for w, x in zip(self.weights, features, strict=True))
        return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, logit))))
