"""What the file of the classifier of atrial fibrillation says of itself, and its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ecgmon.models.af.export import to_weights
from ecgmon.models.af.scoring import Score, gross
from ecgmon.models.af.training import TrainingPlan
from ecgmon.models.common.card import Card, markdown_table, percent
from ecgmon.models.common.sealing import seal_weights
from ecgmon.monitor.core.model_contract import Contract
from ecgmon.monitor.rhythm.af_features import NAMES
from ecgmon.monitor.rhythm.af_model import AF, FEATURE_TERMS, AfModel

NAME = "af"
VERSION = "1.0"
TRAINING = (
    "MIT-BIH Arrhythmia Database (doi:10.13026/C2F305), DS1 without 201 (its patient is in DS2), and the "
    "stretches of atrial fibrillation of records 609 and 615 of the MIT-BIH Malignant Ventricular Ectopy "
    "Database (doi:10.13026/C22P44), as the live pipeline describes them"
)
PROTOCOL = (
    "inter-patient (de Chazal 2004): scored stretch by stretch on DS2, at a probability of 0.5; se of "
    "stretches of atrial fibrillation, sp of other rhythms but flutter, ventricular rhythms and noise"
)

CARD = Card(
    kind=AF,
    name=NAME,
    version=VERSION,
    training=TRAINING,
    protocol=PROTOCOL,
    about="Gives the probability that the atria fibrillate, from how irregular the last intervals are and "
    "whether anything recurs where P waves would be. See `docs/rhythm.md`.",
    inputs=f"{len(NAMES)} features of the last 32 pairs of intervals and 16 beats: {', '.join(NAMES)} "
    "(`monitor/rhythm/af_features.py`)",
    outputs="a probability, 0 to 1",
    limits="Three patients with fibrillation were learnt from. Irregular rhythms without P waves of other "
    "kinds look the same, and flutter with even conduction looks like no fibrillation.",
)


def contract(plan: TrainingPlan, records: Sequence[str], scores: Mapping[str, float]) -> Contract:
    """Return what a trained file says of itself."""
    return CARD.contract(plan, records, scores, FEATURE_TERMS)


def pack(model: AfModel, about: Contract) -> bytes:
    """Return the model file of a trained classifier."""
    return seal_weights(to_weights(model), about)


def page(about: Contract, scores: str) -> str:
    """Return the card of a file."""
    return CARD.page(about, f"{len(NAMES) + 1} numbers: a logistic regression", scores)


def scores_page(scores: Sequence[Score]) -> str:
    """Return the scores as Markdown: all records, then each that holds atrial fibrillation."""
    shown = [gross(scores, "DS2"), *(row for row in scores if row.fibrillating)]
    return markdown_table(
        ("record", "stretches of AF", "Se", "other stretches", "Sp"),
        (
            (
                row.record,
                str(row.fibrillating),
                percent(row.found, row.fibrillating, 1),
                str(row.others),
                percent(row.others - row.false, row.others, 1),
            )
            for row in shown
        ),
    )
