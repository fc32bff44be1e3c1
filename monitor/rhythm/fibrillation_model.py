"""The small network that says how likely a window of signal shows flutter or fibrillation."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from monitor.dsp.operator import Samples
from monitor.rhythm.fibrillation_features import NAMES, features

MODEL_FILE = Path(__file__).with_suffix(".json")

BATCH = 64
"""Windows judged at once, so that a whole record needs little memory."""


@dataclass(frozen=True)
class FibrillationModel:
    """One hidden layer (tanh) over scaled features, and a logistic output.

    Parameters
    ----------
    mean, scale : array of shape (n_features,)
        Scaling of the features.
    hidden_weight : array of shape (n_hidden, n_features)
    hidden_bias : array of shape (n_hidden,)
    output_weight : array of shape (n_hidden,)
    output_bias : array of shape ()
        The layers.
    """

    mean: Samples
    scale: Samples
    hidden_weight: Samples
    hidden_bias: Samples
    output_weight: Samples
    output_bias: Samples

    @classmethod
    def load(cls, path: Path = MODEL_FILE) -> FibrillationModel:
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
        content = {"features": list(NAMES)}
        content |= {name: np.round(value, 6).tolist() for name, value in asdict(self).items()}
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def judge(self, rows: Samples) -> Samples:
        """Return the probability of flutter or fibrillation for rows of features, shape (n,)."""
        hidden = np.tanh(((rows - self.mean) / self.scale) @ self.hidden_weight.T + self.hidden_bias)
        return np.asarray(1.0 / (1.0 + np.exp(-(hidden @ self.output_weight + self.output_bias))))

    def probabilities(self, windows_mv: Samples) -> Samples:
        """Return the probability of flutter or fibrillation.

        Parameters
        ----------
        windows_mv : array of shape (n, 360)
            Windows as `monitor.rhythm.fibrillation_windows` cuts them.

        Returns
        -------
        array of shape (n,)
            0 to 1.
        """
        parts = [features(windows_mv[at : at + BATCH]) for at in range(0, len(windows_mv), BATCH)]
        return self.judge(np.concatenate(parts))
