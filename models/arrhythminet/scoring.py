"""Scores named beats class by class and measures how far probabilities can be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from ecgmon.models.arrhythminet.network import CLASSES


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """A confusion matrix.

    Parameters
    ----------
    counts : int array of shape (classes, classes)
        Beats by true class (rows) and named class (columns).
    """

    counts: NDArray[np.int64]

    @classmethod
    def of(cls, truth: NDArray[np.int64], named: NDArray[np.int64]) -> Confusion:
        """Count beats; both arrays hold indices into `CLASSES`."""
        counts = np.zeros((len(CLASSES), len(CLASSES)), dtype=np.int64)
        np.add.at(counts, (truth, named), 1)
        return cls(counts)

    @property
    def accuracy(self) -> float:
        """Share of beats named right."""
        return float(np.trace(self.counts) / self.counts.sum())

    @property
    def precision(self) -> NDArray[np.float64]:
        """Share, of the beats given each name, that deserve it."""
        return np.asarray(np.diag(self.counts) / np.maximum(self.counts.sum(axis=0), 1))

    @property
    def recall(self) -> NDArray[np.float64]:
        """Share, of the beats of each class, that got its name."""
        return np.asarray(np.diag(self.counts) / np.maximum(self.counts.sum(axis=1), 1))

    @property
    def f1(self) -> NDArray[np.float64]:
        """Harmonic mean of precision and recall of each class."""
        return np.asarray(2 * np.diag(self.counts) / np.maximum((self.counts + self.counts.T).sum(axis=0), 1))


def fit_temperature(logits: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    """Return the divisor of the logits under which the true classes are likeliest.

    Parameters
    ----------
    logits : array of shape (n, classes)
        Of beats that were not trained on.
    truth : array of shape (n,)
        Indices into `CLASSES`.

    References
    ----------
    Guo et al. 2017, On calibration of modern neural networks, arXiv:1706.04599.
    """

    def cost(log_temperature: float) -> float:
        scaled = log_softmax(logits.astype(np.float64) / np.exp(log_temperature), axis=1)
        return float(-scaled[np.arange(len(truth)), truth].mean())

    return float(np.exp(minimize_scalar(cost, bounds=(-3.0, 3.0), method="bounded").x))


def calibration_error(probabilities: NDArray[np.float32], truth: NDArray[np.int64], bins: int = 15) -> float:
    """Return the expected calibration error: how far stated confidence and accuracy lie apart.

    Parameters
    ----------
    probabilities : array of shape (n, classes)
        Rows that sum to 1.
    truth : array of shape (n,)
        Indices into `CLASSES`.
    bins : int
        Number of equally wide bins of confidence.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    weight = np.bincount(place, minlength=bins)
    distance = np.bincount(place, weights=right - confidence.astype(np.float64), minlength=bins)
    return float(np.abs(distance).sum() / weight.sum())
