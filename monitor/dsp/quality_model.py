"""The small network that says whether a second is clean, or shaken, or full of muscle noise."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np

from ecgmon.monitor.core.sealed_file import open_weights
from ecgmon.monitor.core.zoo import shipped_file
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.dsp.quality_features import NAMES

QUALITY = "ecgmon.quality/1"
"""Contract: scaling and layers of `QualityModel`, as lists."""

CLASSES = ("clean", "motion", "muscle")
"""What the network tells apart; the first means that nothing is wrong."""

FEATURE_TERMS = {"features": json.dumps(NAMES), "classes": json.dumps(CLASSES)}
"""What a file must say of its inputs and outputs."""


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
    def load(cls, path: Path | None = None) -> QualityModel:
        """Read a model.

        Parameters
        ----------
        path : Path, optional
            A file of ``ecgmon train quality``; the shipped one by default.

        Raises
        ------
        ModelError
            The file is missing, damaged, or was made for other features.
        """
        path = path or shipped_file("quality")
        names = [field.name for field in fields(cls)]
        weights, contract = open_weights(path, QUALITY, names=names)
        contract.require(str(path), **FEATURE_TERMS)
        return cls(**{name: np.array(weights[name]) for name in names})

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
