"""What the file of the quality network says of itself, and its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ecgmon.models.common.card import Card, markdown_table, percent
from ecgmon.models.common.sealing import seal_weights
from ecgmon.models.quality.export import to_weights
from ecgmon.models.quality.network import HIDDEN
from ecgmon.models.quality.scoring import Scores
from ecgmon.models.quality.training import TrainingPlan
from ecgmon.monitor.core.model_contract import Contract
from ecgmon.monitor.dsp.quality_features import NAMES
from ecgmon.monitor.dsp.quality_model import CLASSES, FEATURE_TERMS, QUALITY, QualityModel

NAME = "quality"
VERSION = "1.0"
TRAINING = (
    "MIT-BIH Arrhythmia Database (doi:10.13026/C2F305), DS1 without 201, as it is, with hum, and with "
    "noise of the MIT-BIH Noise Stress Test Database (doi:10.13026/C2HS3T; first half of each) and made "
    "noise added at 0 and -6 dB; half of the patients of the MIT-BIH Malignant Ventricular Ectopy "
    "Database (doi:10.13026/C22P44); quiet lines that stand for asystole"
)
PROTOCOL = (
    "scored on DS2, on the other half of the noise and on the other patients of VFDB, none of them "
    "trained on; area under the ROC curve (auc) and sensitivity at 97 % specificity (se), second by second"
)

COUNT = HIDDEN * (len(NAMES) + 1) + len(CLASSES) * (HIDDEN + 1) + 2 * len(NAMES)
"""Numbers in the file."""

CARD = Card(
    kind=QUALITY,
    name=NAME,
    version=VERSION,
    training=TRAINING,
    protocol=PROTOCOL,
    about="Says of each second how likely it is clean, shaken, or full of muscle noise, and leaves "
    "ventricular tachycardia, flutter, fibrillation and quiet asystole alone. See `docs/signal.md`.",
    inputs=f"{len(NAMES)} features of four seconds of raw signal at 360 Hz "
    "(`monitor/dsp/quality_features.py`)",
    outputs=f"probabilities of {', '.join(CLASSES)}; the first is the quality index",
    limits="What VFDB calls noise is mostly plain beats in records 420 and 605. Hum, flat lines and "
    "saturation are found by rules and not by this network.",
)


def contract(plan: TrainingPlan, records: Sequence[str], scores: Mapping[str, float]) -> Contract:
    """Return what a trained file says of itself."""
    return CARD.contract(plan, records, scores, FEATURE_TERMS)


def pack(model: QualityModel, about: Contract) -> bytes:
    """Return the model file of a trained network."""
    return seal_weights(to_weights(model), about)


def page(about: Contract, scores: str) -> str:
    """Return the card of a file."""
    return CARD.page(
        about, f"{COUNT} numbers: one hidden layer of {HIDDEN}, and the scaling of the features", scores
    )


def scores_page(scores: Scores) -> str:
    """Return the scores as Markdown."""
    told = markdown_table(
        ("noisy seconds, and what they are told from", "AUC", "Se at Sp 97 %", "seconds"),
        (
            (row.title, f"{row.area:.4f}", percent(row.sensitivity, 1, 1), str(row.count))
            for row in scores.separations
        ),
    )
    called = markdown_table(
        ("seconds", "called bad", "of"),
        ((row.title, percent(row.bad, 1), f"{row.count} s") for row in scores.shares),
    )
    return f"{told}\n\n{called}"
