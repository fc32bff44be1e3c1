"""Chooses what the classifier of atrial fibrillation learns from, and fits it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ecgmon.models.af.data import Stretches
from ecgmon.models.af.network import fit_logistic
from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.rhythm.af_features import NAMES
from ecgmon.monitor.rhythm.af_model import AfModel

FULL_WEIGHT = 150
"""A record with so many stretches of a kind weighs as much as one with more."""

AF_WEIGHT = 7.0
"""Weight of a record with fibrillation; there are seven times as many without."""

HIDDEN_BELOW = {False: 0.25, True: 0.5}
"""Each stretch is shown a second time with a random correlation up to this one: noise hides P
waves, and large T waves look like them, so that irregular beats must be there as well."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How long, and from which random start.

    Parameters
    ----------
    steps : int
        Of Newton's method.
    seed : int
        Of the random correlation.
    """

    steps: int = 40
    seed: int = 0


class Lessons(NamedTuple):
    """What is learnt from: features (n, 2), whether the atria fibrillate (n,), and weights (n,)."""

    rows: Samples
    truth: Samples
    weight: Samples


def lessons(parts: Sequence[Stretches], seed: int) -> Lessons:
    """Show each stretch twice, once with a random correlation, and weigh records alike.

    Parameters
    ----------
    parts : sequence of Stretches
        Training records.
    seed : int
        Of the random correlation.

    Raises
    ------
    RecordError
        The records do not hold both kinds of stretch.
    """
    random = np.random.default_rng(seed)
    found: list[tuple[Samples, Samples, Samples]] = []
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
            each *= AF_WEIGHT if fibrillates else 1.0
            twice = 2 * len(shown)
            found.append(
                (np.concatenate((shown, hidden)), np.full(twice, float(fibrillates)), np.full(twice, each))
            )
    if {float(truth[0]) for _, truth, _ in found} != {0.0, 1.0}:
        raise RecordError(
            "These records do not hold both atrial fibrillation and other rhythms.",
            "Name records of both kinds, such as 203 and 101.",
        )
    return Lessons(*(np.concatenate(column) for column in zip(*found, strict=True)))


def train(parts: Sequence[Stretches], plan: TrainingPlan | None = None) -> AfModel:
    """Fit the classifier; it takes less than a second, so nothing is kept on the way.

    Parameters
    ----------
    parts : sequence of Stretches
        Training records.
    plan : TrainingPlan, optional
        Length and random start.

    Raises
    ------
    RecordError
        The records do not hold both kinds of stretch.
    """
    plan = plan or TrainingPlan()
    return fit_logistic(*lessons(parts, plan.seed), plan.steps)
