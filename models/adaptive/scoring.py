"""Scores of the adaptive network on whole records: EC57 classes, calibration, temperature."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from models.adaptive.dataset import BeatSequence
from models.adaptive.network import AdaptiveNet
from models.adaptive.patients import AAMI, ANY_NORMAL

Float32 = NDArray[np.float32]

CLASSES = ("N", "S", "V", "F", "Q")
_TO_AAMI = np.array(
    [[CLASSES.index(group) == column for column in range(5)] for group in AAMI], dtype=np.float32
)
_TRUTH = np.array([*(CLASSES.index(group) for group in AAMI), 0])


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """Logits of all beats of one sequence that have a label.

    Parameters
    ----------
    first, final : float32 array of shape (n, 7)
        Without and with the next interval.
    truth : int array of shape (n,)
        AAMI class as an index into `CLASSES`.
    """

    first: Float32
    final: Float32
    truth: NDArray[np.int64]


def predict(network: AdaptiveNet, sequence: BeatSequence) -> Prediction:
    """Run the network over a whole record, its memory empty at the beginning."""
    network.eval()
    with torch.no_grad():
        rows = (sequence.shapes, sequence.figures, sequence.next_figures)
        named = network(*(torch.from_numpy(np.asarray(row, dtype=np.float32))[None] for row in rows))
    known = sequence.labels >= 0
    truth = _TRUTH[np.minimum(sequence.labels[known], ANY_NORMAL)]
    return Prediction(named.first[0].numpy()[known], named.final[0].numpy()[known], truth)


def to_aami(logits: Float32, temperature: float = 1.0) -> Float32:
    """Return probabilities of the five AAMI classes, shape (n, 5)."""
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray((powers / powers.sum(axis=1, keepdims=True)) @ _TO_AAMI, dtype=np.float32)


def confusion(logits: Float32, truth: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return counts of shape (5, 5): rows are the truth, columns what was named."""
    counts = np.zeros((5, 5), dtype=np.int64)
    np.add.at(counts, (truth, to_aami(logits).argmax(axis=1)), 1)
    return counts


def class_scores(counts: NDArray[np.int64], symbol: str) -> tuple[float, float, float]:
    """Return sensitivity, positive predictivity and F1 of one AAMI class."""
    k = CLASSES.index(symbol)
    hits = counts[k, k]
    sensitivity = float(hits / max(1, counts[k].sum()))
    predictivity = float(hits / max(1, counts[:, k].sum()))
    total = sensitivity + predictivity
    return sensitivity, predictivity, 2 * sensitivity * predictivity / total if total else 0.0


def summary(predictions: Iterable[Prediction]) -> dict[str, float]:
    """Return gross figures of both passes: ``v_f1``, ``final_v_f1`` and so on."""
    rows = list(predictions)
    figures: dict[str, float] = {}
    truth = np.concatenate([row.truth for row in rows])
    for prefix, logits in (
        ("first_", np.concatenate([row.first for row in rows])),
        ("final_", np.concatenate([row.final for row in rows])),
    ):
        counts = confusion(logits, truth)
        figures[f"{prefix}accuracy"] = float(np.trace(counts) / counts.sum())
        for symbol in "SVF":
            names = ("sensitivity", "predictivity", "f1")
            for name, value in zip(names, class_scores(counts, symbol), strict=True):
                figures[f"{prefix}{symbol.lower()}_{name}"] = value
    return figures


def fit_temperature(logits: Float32, truth: NDArray[np.int64]) -> float:
    """Return the temperature at which the AAMI probabilities are most likely, from a fine grid."""
    candidates = np.exp(np.linspace(np.log(0.5), np.log(4.0), 43))
    rows = np.arange(len(truth))
    losses = [-np.log(to_aami(logits, float(t))[rows, truth] + 1e-9).mean() for t in candidates]
    return float(candidates[int(np.argmin(losses))])


def calibration_error(probabilities: Float32, truth: NDArray[np.int64], bins: int = 15) -> float:
    """Return the expected calibration error of the class named, over equal bins."""
    sure = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    which = np.minimum((sure * bins).astype(int), bins - 1)
    error = 0.0
    for k in range(bins):
        inside = which == k
        if inside.any():
            error += float(inside.mean()) * abs(float(right[inside].mean()) - float(sure[inside].mean()))
    return error
