"""Scores of the adaptive network on whole records: EC57 classes and calibration error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ecgmon.models.adaptive.calibration import GROUPS, Calibration
from ecgmon.models.adaptive.data import BeatSequence
from ecgmon.models.adaptive.network import AdaptiveNet
from ecgmon.models.adaptive.patients import AAMI, ANY_NORMAL
from ecgmon.monitor.core.ecg_codes import AAMI_CLASSES

Float32 = NDArray[np.float32]

_TRUTH = np.array([*(AAMI_CLASSES.index(group) for group in AAMI), 0])


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """Logits of all beats of one sequence that have a label.

    Parameters
    ----------
    first, final : float32 array of shape (n, 7)
        Without and with the next interval.
    truth : int array of shape (n,)
        AAMI class as an index into `AAMI_CLASSES`.
    """

    first: Float32
    final: Float32
    truth: NDArray[np.int64]


def predict(network: AdaptiveNet, sequence: BeatSequence) -> Prediction:
    """Run the network over a whole record, its memory empty at the beginning."""
    network.eval()
    with torch.no_grad():
        rows = (sequence.shapes, sequence.features, sequence.next_features)
        named = network(*(torch.from_numpy(np.asarray(row, dtype=np.float32))[None] for row in rows))
    known = sequence.labels >= 0
    truth = _TRUTH[np.minimum(sequence.labels[known], ANY_NORMAL)]
    return Prediction(named.first[0].numpy()[known], named.final[0].numpy()[known], truth)


def to_aami(logits: Float32, calibration: Calibration | None = None) -> Float32:
    """Return probabilities of the five AAMI classes, shape (n, 5)."""
    scaled = (calibration or Calibration()).apply(logits)
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray((powers / powers.sum(axis=1, keepdims=True)) @ GROUPS, dtype=np.float32)


def confusion(named: NDArray[np.int64], truth: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return counts of shape (5, 5): rows are the truth, columns what was named."""
    counts = np.zeros((5, 5), dtype=np.int64)
    np.add.at(counts, (truth, named), 1)
    return counts


def class_scores(counts: NDArray[np.int64], symbol: str) -> tuple[float, float, float]:
    """Return sensitivity, positive predictivity and F1 of one AAMI class."""
    k = AAMI_CLASSES.index(symbol)
    hits = counts[k, k]
    sensitivity = float(hits / max(1, counts[k].sum()))
    predictivity = float(hits / max(1, counts[:, k].sum()))
    total = sensitivity + predictivity
    return sensitivity, predictivity, 2 * sensitivity * predictivity / total if total else 0.0


def summary(predictions: Iterable[Prediction], calibration: Calibration | None = None) -> dict[str, float]:
    """Return gross figures of both passes: ``first_v_f1``, ``final_v_f1`` and so on."""
    rows = list(predictions)
    figures: dict[str, float] = {}
    truth = np.concatenate([row.truth for row in rows])
    for prefix, logits in (
        ("first_", np.concatenate([row.first for row in rows])),
        ("final_", np.concatenate([row.final for row in rows])),
    ):
        probabilities = to_aami(logits, calibration)
        counts = confusion(probabilities.argmax(axis=1), truth)
        figures[f"{prefix}accuracy"] = float(np.trace(counts) / counts.sum())
        for symbol in "SVF":
            names = ("sensitivity", "predictivity", "f1")
            for name, value in zip(names, class_scores(counts, symbol), strict=True):
                figures[f"{prefix}{symbol.lower()}_{name}"] = value
        figures[f"{prefix}calibration_error"] = calibration_error(probabilities, truth)
    return figures


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
