"""Fits the judge of atrial fibrillation: a logistic regression by Newton's method."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ecgmon.models.af.data import Stretches
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.rhythm.af_features import NAMES
from ecgmon.monitor.rhythm.af_model import AfModel

FULL_WEIGHT = 150
"""A record with so many stretches of a kind weighs as much as one with more."""

VF_WEIGHT = 7.0
"""Weight of a record with fibrillation; there are seven times as many without."""

HIDDEN_BELOW = {False: 0.25, True: 0.5}
"""Each stretch is shown a second time with a random correlation up to this one: noise hides P
waves, and large T waves look like them, so that irregular beats must be there as well."""

SHRINKAGE = 1e-3
STEPS = 40


def fit(parts: Sequence[Stretches], seed: int = 0) -> AfModel:
    """Fit the judge.

    Parameters
    ----------
    parts : sequence of Stretches
        Training records.
    seed : int
        Of the random correlation.
    """
    random = np.random.default_rng(seed)
    rows: list[Samples] = []
    truth: list[Samples] = []
    weight: list[Samples] = []
    for part in parts:
        for fibrillates in (False, True):
            shown = part.rows[part.fibrillates == fibrillates]
            if not len(shown):
                continue
            hidden = shown.copy()
            hidden[:, NAMES.index("correlation before R")] = random.uniform(
                0.0, HIDDEN_BELOW[fibrillates], len(hidden)
            )
            each = min(1.0, len(shown) / FULL_WEIGHT) / len(shown)
            each *= VF_WEIGHT if fibrillates else 1.0
            rows += [shown, hidden]
            truth += [np.full(2 * len(shown), float(fibrillates))]
            weight += [np.full(2 * len(shown), each)]
    return _minimise(np.concatenate(rows), np.concatenate(truth), np.concatenate(weight))


def _minimise(rows: Samples, truth: Samples, weight: Samples) -> AfModel:
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    inputs = np.column_stack(((rows - mean) / scale, np.ones(len(rows))))
    shares = weight / weight.sum()
    decay = SHRINKAGE * np.eye(inputs.shape[1])
    decay[-1, -1] = 0.0
    found = np.zeros(inputs.shape[1])
    for _ in range(STEPS):
        probability = 1.0 / (1.0 + np.exp(-inputs @ found))
        slope = inputs.T @ (shares * (probability - truth)) + decay @ found
        curvature = (inputs * (shares * probability * (1.0 - probability))[:, None]).T @ inputs + decay
        found -= np.linalg.solve(curvature, slope)
    weights = found[:-1] / scale
    bias = found[-1] - weights @ mean
    return AfModel(tuple(round(float(value), 4) for value in weights), round(float(bias), 4))


def report(model: AfModel, parts: Sequence[Stretches]) -> list[str]:
    """Return one line a record: how many stretches are judged as the annotators did."""
    lines = []
    for part in parts:
        judged = np.array([model.probability(row) >= 0.5 for row in part.rows.tolist()], dtype=np.bool_)
        for fibrillates, title in ((True, "fibrillation found"), (False, "others left alone")):
            here = part.fibrillates == fibrillates
            if here.any():
                right = 100 * np.mean(judged[here] == fibrillates)
                lines.append(f"{part.source}: {title} in {right:.1f} % of {here.sum()} stretches")
    return lines
