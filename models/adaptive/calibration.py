"""Makes the network's scores true probabilities: one temperature, and what its sampling did to each class."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from ecgmon.models.adaptive.patients import AAMI, SYMBOLS
from ecgmon.monitor.core.ecg_codes import AAMI_CLASSES
from ecgmon.monitor.core.errors import ModelError

Floats = NDArray[np.floating[Any]]

GROUPS = np.array([[group == name for name in AAMI_CLASSES] for group in AAMI])
"""Which symbol is of which AAMI class, shape (7, 5)."""

_STRENGTH = 1e-3
"""Weight of a squared offset in the loss; without it a class that nobody names has none."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is done to logits before they become probabilities.

    Parameters
    ----------
    temperature : float
        Divides them.
    offsets : tuple of 7 floats
        Added after that: rare classes are drawn more often in training than they come in life.
    """

    temperature: float = 1.0
    offsets: tuple[float, ...] = (0.0,) * len(SYMBOLS)

    def apply(self, logits: Floats) -> Floats:
        """Return calibrated logits, shape (n, 7), as precise as they were."""
        return np.asarray(logits / self.temperature + np.array(self.offsets), dtype=logits.dtype)

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Calibration:
        """Read what `write` wrote.

        Raises
        ------
        ModelError
            There is no such file, or it is damaged.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            return cls(float(values["temperature"]), tuple(float(offset) for offset in values["offsets"]))
        except OSError as error:
            why = f"there is no calibration ({error.strerror})"
        except (ValueError, KeyError, TypeError) as error:
            why = f"this is no calibration ({error})"
        raise ModelError(
            f"{path}: {why}.", "Run `ecgmon train adaptive crossval` first, or name one with --calibration."
        )


def fit_calibration(logits: Floats, truth: NDArray[np.int64], *, offsets: bool = True) -> Calibration:
    """Return the calibration under which the AAMI classes of left-out patients are most likely.

    Parameters
    ----------
    logits : array of shape (n, 7)
        Of patients that the network was not trained on.
    truth : int array of shape (n,)
        AAMI class as an index into `AAMI_CLASSES`.
    offsets : bool
        Whether to fit an offset for each class but N; else the temperature alone.
    """
    of_truth = GROUPS.T[truth]
    rows = np.where(of_truth, 0.0, -np.inf)

    precise = logits.astype(np.float64)

    def calibration(x: NDArray[np.float64]) -> Calibration:
        added = GROUPS @ np.concatenate(([0.0], x[1:]))
        return Calibration(float(np.exp(x[0])), tuple(float(offset) for offset in added))

    def loss(x: NDArray[np.float64]) -> float:
        scaled = calibration(x).apply(precise)
        likely = logsumexp(scaled + rows, axis=1) - logsumexp(scaled, axis=1)
        return float(-likely.mean() + _STRENGTH * np.square(x).sum())

    widest = 4.0 if offsets else 0.0
    bounds = [(-0.7, 1.4), *[(-widest, widest)] * (len(AAMI_CLASSES) - 1)]
    best = minimize(loss, np.zeros(len(AAMI_CLASSES)), method="L-BFGS-B", bounds=bounds)
    return calibration(best.x)
