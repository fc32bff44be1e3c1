"""Logistic regression by Newton's method: the whole network that two features need."""

from __future__ import annotations

import numpy as np

from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.rhythm.af_model import AfModel

SHRINKAGE = 1e-3
"""Weight of the squared weights in the loss, with features scaled to unit spread."""

DIGITS = 4
"""Decimals that are kept."""


def fit_logistic(rows: Samples, truth: Samples, weight: Samples, steps: int) -> AfModel:
    """Return the regression under which weighted rows are most likely what they are.

    Parameters
    ----------
    rows : array of shape (n, n_features)
        Features.
    truth : array of shape (n,)
        1 for those to be found, 0 for others.
    weight : array of shape (n,)
        How much each counts, in any unit.
    steps : int
        Of Newton's method.
    """
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    inputs = np.column_stack(((rows - mean) / scale, np.ones(len(rows))))
    shares = weight / weight.sum()
    decay = SHRINKAGE * np.eye(inputs.shape[1])
    decay[-1, -1] = 0.0
    found = np.zeros(inputs.shape[1])
    for _ in range(steps):
        probability = 1.0 / (1.0 + np.exp(-inputs @ found))
        slope = inputs.T @ (shares * (probability - truth)) + decay @ found
        curvature = (inputs * (shares * probability * (1.0 - probability))[:, None]).T @ inputs + decay
        found -= np.linalg.solve(curvature, slope)
    weights = found[:-1] / scale
    bias = found[-1] - weights @ mean
    return AfModel(tuple(round(float(value), DIGITS) for value in weights), round(float(bias), DIGITS))
