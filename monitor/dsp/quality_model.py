"""The small network that says whether a second is clean, or shaken, or full of muscle noise."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np

from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.dsp.quality_features import NAMES

MODEL_FILE = Path(__file__).with_suffix(".json")

CLASSES = ("clean", "motion", "muscle")
"""What the network tells apart; the first means that nothing is wrong."""


@dataclass(frozen=True)
class QualityModel:
    """One hidden layer (tanh) over scaled features, and a softmax over `CLASSES`.

    Parameters
    ----------
    mean, scale : array of shape (n_features,)
        Scaling of the features.
    hidden_weight : array of shape (n_hidden, n_features)
    hidden_bias : array of shape (n_hidden,)
    output_weight : array of shape (3, n_hidden)
    output_bias : array of shape (3,)
        The layers.
    """

    mean: Samples
    scale: Samples
    hidden_weight: Samples
    hidden_bias: Samples
    output_weight: Samples
    output_bias: Samples

    @classmethod
    def load(cls, path: Path = MODEL_FILE) -> QualityModel:
        """Read a model.

        Raises
        ------
        ValueError
            If the file was made for other features.
        """
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["features"] != list(NAMES):
            raise ValueError(f"{path.name} was made for other features")
        return cls(**{field.name: np.array(content[field.name]) for field in fields(cls)})

    def save(self, path: Path = MODEL_FILE) -> None:
        """Write the model."""
        content = {"features": list(NAMES), "classes": list(CLASSES)}
        content |= {name: np.round(value, 6).tolist() for name, value in asdict(self).items()}
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def probabilities(self, rows: Samples) -> Samples:
        """Return the probability of each class.

        Parameters
        ----------
        rows : array of shape (n, n_features)
            Features, as `ecgmon.monitor.dsp.quality_features.look` gives them.

        Returns
        -------
        array of shape (n, 3)
            Columns as in `CLASSES`.
        """
        weight, bias = self._hidden
        hidden = np.tanh(rows @ weight + bias)
        odds = np.exp(hidden @ self.output_weight.T + self.output_bias)
        return np.asarray(odds / np.add.reduce(odds, axis=1, keepdims=True))

    @cached_property
    def _hidden(self) -> tuple[Samples, Samples]:
        """Weight and bias of the hidden layer with the scaling in them."""
        weight = self.hidden_weight / self.scale
        return weight.T.copy(), self.hidden_bias - weight @ self.mean
