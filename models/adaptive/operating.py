"""What a bias for or against a class costs and gives: the operating points of the adaptive model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ecgmon.models.adaptive.calibration import Calibration
from ecgmon.models.adaptive.scoring import Prediction, class_scores, confusion, to_aami
from ecgmon.monitor.core.ecg_codes import AAMI_CLASSES

BIASES = (-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0)
"""Additions to the log-odds of a class that are tried."""

KINDS = {"V": "ventricular", "S": "supraventricular"}


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What one bias gives.

    Parameters
    ----------
    bias : float
        Added to the log-odds of the class.
    sensitivity, predictivity, f1 : float
        Of that class.
    """

    bias: float
    sensitivity: float
    predictivity: float
    f1: float


def operating_points(
    predictions: Iterable[Prediction], symbol: str, calibration: Calibration, biases: Sequence[float] = BIASES
) -> list[OperatingPoint]:
    """Return the gross figures of one class over all records, for each bias.

    Parameters
    ----------
    predictions : iterable of Prediction
        The final class is scored.
    symbol : {"V", "S"}
        AAMI class.
    calibration : Calibration
        As in the model file.
    biases : sequence of float
        As in `ecgmon.monitor.inference.classification.ClassifierSettings`.
    """
    rows = list(predictions)
    truth = np.concatenate([row.truth for row in rows])
    probabilities = to_aami(np.concatenate([row.final for row in rows]), calibration)
    points = []
    for bias in biases:
        weighed = probabilities.copy()
        weighed[:, AAMI_CLASSES.index(symbol)] *= np.exp(bias)
        named: NDArray[np.int64] = weighed.argmax(axis=1)
        points.append(OperatingPoint(bias, *class_scores(confusion(named, truth), symbol)))
    return points


def table(points: Iterable[OperatingPoint], symbol: str) -> str:
    """Return operating points as lines of Markdown."""
    lines = [f"| {KINDS[symbol]}_bias | sensitivity | +P | F1 |", "| ---: | ---: | ---: | ---: |"]
    lines += [
        f"| {p.bias:+.1f} | {100 * p.sensitivity:.1f} % | {100 * p.predictivity:.1f} % | {p.f1:.3f} |"
        for p in points
    ]
    return "\n".join(lines)


def draw(curves: Mapping[str, Mapping[str, Sequence[OperatingPoint]]], path: Path) -> None:
    """Draw curves side by side, one part a class.

    Parameters
    ----------
    curves : mapping of class to (mapping of title to points)
        What `operating_points` returned for each set of records.
    path : Path
        The picture.
    """
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    for axes, (symbol, lines) in zip(figure.subplots(1, len(curves)), curves.items(), strict=True):
        for title, points in lines.items():
            x, y = [100 * p.sensitivity for p in points], [100 * p.predictivity for p in points]
            axes.plot(x, y, marker="o", markersize=3, label=title)
            for point, a, b in zip(points, x, y, strict=True):
                if point.bias in (-2.0, 0.0, 2.0):
                    axes.annotate(
                        f"{point.bias:+.0f}", (a, b), fontsize=7, xytext=(3, 3), textcoords="offset points"
                    )
        axes.set(title=f"{KINDS[symbol]} beats", xlabel="sensitivity, %", ylabel="positive predictivity, %")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    figure.savefig(path, dpi=110)
