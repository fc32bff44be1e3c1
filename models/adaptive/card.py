"""What the file of the adaptive network says of itself, and its card."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ecgmon.models.adaptive.calibration import Calibration
from ecgmon.models.adaptive.export import to_graph
from ecgmon.models.adaptive.network import AdaptiveNet
from ecgmon.models.adaptive.patients import AAMI, SYMBOLS
from ecgmon.models.adaptive.training import TrainingPlan
from ecgmon.models.common.card import Card, beat_contract, markdown_table
from ecgmon.models.common.sealing import seal_graph
from ecgmon.monitor.inference.adaptive import DESCRIPTION
from ecgmon.monitor.inference.contract import BEAT_SEQUENCE, ModelContract

NAME = "adaptive"
VERSION = "3.0"
TRAINING = (
    "MIT-BIH Arrhythmia Database, DS1 without 201 (its patient is in DS2) and the paced records "
    "102, 104, 107, 217; MIT-BIH Supraventricular Arrhythmia Database without 14 held-out records and "
    "867; both signals; a third of the runs show a record as a lead at another angle would, a quarter are "
    "its beats put together in other rhythms"
)
PROTOCOL = (
    "inter-patient (de Chazal 2004): no patient of DS2 or of the held-out SVDB records was trained on; "
    "recipe and calibration compared on four folds of the training patients; beats found by the live "
    "detector"
)

CARD = Card(
    kind=BEAT_SEQUENCE,
    name=NAME,
    version=VERSION,
    training=TRAINING,
    protocol=PROTOCOL,
    about="""\
Names a beat against its own patient: from the beat's shape, its difference from the patient's
usual beat and from the one after long intervals, its P wave beside theirs, how much it has of the
patient's beats least like them, its RR intervals beside the recent ones, and a memory of the beats
before. It learns the patient without labels. When the next beat has come it thinks again; a changed
class is announced as a revision.""",
    inputs="described beats in their order (`monitor/inference/patient_features.py`) and the explicit "
    "state of the beats before; one lead, any lead",
    outputs=f"probabilities of {', '.join(SYMBOLS)} (AAMI {', '.join(AAMI)}), the same for the beat before "
    "with the interval behind it, Grad-CAM over the 360-sample window, new state",
    limits="""\
Supraventricular beats are hard to tell from one lead, above all in patients most of whose beats are
premature. Nearly all fusion beats that were learnt are of one patient, or were put together. `L`
and `R` are told only where the block is plain. `Q` stands for paced and fused paced beats, as
trained on four records only.""",
)


def contract(
    plan: TrainingPlan, records: Sequence[str], calibration: Calibration, scores: Mapping[str, float]
) -> ModelContract:
    """Return what a trained file says of itself.

    Parameters
    ----------
    plan : TrainingPlan
        How it was trained.
    records : sequence of str
        On what.
    calibration : Calibration
        Of the logits.
    scores : mapping of str to float
        Figures on patients that it never saw.
    """
    own = {
        "temperature": f"{calibration.temperature:.4f}",
        "offsets": json.dumps([round(offset, 4) for offset in calibration.offsets]),
        "attribution": "Grad-CAM with point-by-point gradients (HiResCAM, arXiv:2011.08891)",
    }
    general = CARD.contract(plan, records, scores, own)
    return beat_contract(general, dict(zip(SYMBOLS, AAMI, strict=True)), DESCRIPTION)


def pack(network: AdaptiveNet, calibration: Calibration, about: ModelContract) -> bytes:
    """Return the model file of a trained network."""
    return seal_graph(to_graph(network, calibration), about)


def page(network: AdaptiveNet, about: ModelContract, scores: str) -> str:
    """Return the card of a trained network."""
    count = sum(parameter.numel() for parameter in network.parameters())
    return CARD.page(about, f"{count} parameters, {4 * count / 1000:.1f} KB as float32", scores)


def scores_page(scores: Mapping[str, float], calibration: Calibration) -> str:
    """Return the scores as Markdown.

    Parameters
    ----------
    scores : mapping of str to float
        As in the contract.
    calibration : Calibration
        Of the logits.
    """
    rows = ((name, f"{value:.4f}") for name, value in scores.items())
    return (
        "First signal of DS2, beats found by the live detector, class with the next interval known:\n\n"
        f"{markdown_table(('figure', 'value'), rows)}\n\n"
        f"Calibration: {_told(calibration)}.\n\n"
        "[docs/beats.md](../../docs/beats.md) has the scores end to end, by `ecgmon evaluate beats`."
    )


def _told(calibration: Calibration) -> str:
    if calibration == Calibration():
        return "as trained: on patients that cross-validation left out it was calibrated without more"
    offsets = ", ".join(
        f"{symbol} {offset:+.2f}"
        for symbol, offset in zip(SYMBOLS, calibration.offsets, strict=True)
        if offset
    )
    return (
        f"temperature {calibration.temperature:.3f}, offsets {offsets or 'none'}, fitted on patients left out"
    )
