"""Scores the classifier of atrial fibrillation stretch by stretch, record by record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ecgmon.models.af.data import Stretches
from ecgmon.monitor.rhythm.af_model import AfClassifier

PRESENT = 0.5
"""Probability from which on a stretch counts as fibrillation."""


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of one record, or of several.

    Parameters
    ----------
    record : str
        Which.
    fibrillating, found : int
        Stretches of atrial fibrillation, and those of them called so.
    others, false : int
        Stretches of other rhythms, and those of them called fibrillation.
    """

    record: str
    fibrillating: int
    found: int
    others: int
    false: int


def score(model: AfClassifier, part: Stretches) -> Score:
    """Count how a model calls the stretches of a record."""
    called = np.array([model.probability(row) >= PRESENT for row in part.rows.tolist()], dtype=np.bool_)
    truth = part.fibrillates
    return Score(
        part.source,
        int(truth.sum()),
        int((called & truth).sum()),
        int((~truth).sum()),
        int((called & ~truth).sum()),
    )


def gross(scores: Iterable[Score], title: str) -> Score:
    """Return the counts of several records as one."""
    rows = list(scores)
    return Score(
        title,
        sum(row.fibrillating for row in rows),
        sum(row.found for row in rows),
        sum(row.others for row in rows),
        sum(row.false for row in rows),
    )


def lines(score: Score) -> list[str]:
    """Return a score as one line of text for each kind of stretch that the record holds."""
    found = []
    if score.fibrillating:
        share = 100 * score.found / score.fibrillating
        found.append(f"{score.record}: fibrillation found in {share:.1f} % of {score.fibrillating} stretches")
    if score.others:
        share = 100 * (score.others - score.false) / score.others
        found.append(f"{score.record}: others left alone in {share:.1f} % of {score.others} stretches")
    return found


def summary(scores: Sequence[Score]) -> dict[str, float]:
    """Return the gross figures that travel in the model file: sensitivity and specificity."""
    whole = gross(scores, "all")
    figures = {}
    if whole.fibrillating:
        figures["se"] = round(whole.found / whole.fibrillating, 4)
    if whole.others:
        figures["sp"] = round(1.0 - whole.false / whole.others, 4)
    return figures


def score_from(row: Mapping[str, object]) -> Score:
    """Return a score that was kept as JSON."""
    return Score(**row)  # type: ignore[arg-type]
