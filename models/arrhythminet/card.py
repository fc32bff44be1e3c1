"""What the file of an ArrhythmiNet says of itself, and its card."""

from __future__ import annotations

from collections.abc import Mapping

from ecgmon.models.arrhythminet.export import to_graph
from ecgmon.models.arrhythminet.network import CLASSES, Version
from ecgmon.models.arrhythminet.scoring import Confusion
from ecgmon.models.arrhythminet.training import Result
from ecgmon.models.common.card import Card, beat_contract, markdown_table
from ecgmon.models.common.sealing import seal_graph
from ecgmon.monitor.core.ecg_codes import AAMI_OF_SYMBOL
from ecgmon.monitor.dsp import FRONT_END_VERSION
from ecgmon.monitor.inference.contract import BEAT_WINDOW, ModelContract
from ecgmon.monitor.inference.window_model import NORMALISATION

AAMI = {symbol: AAMI_OF_SYMBOL[symbol] for symbol in CLASSES}
"""AAMI class of each class, in the order of the outputs."""

MODEL_VERSION = "1.1.0"
LICENCE = "MIT; trained on data under ODC-By-1.0"
TRAINING = (
    "MIT-BIH Arrhythmia Database (Moody & Mark 2001, doi:10.13026/C2F305), N, L, R, A and V beats of all "
    "48 records, both leads, through the live filters, denoiser and segmenter"
)
PROTOCOL = (
    "6000 held-out beats of the first lead, 1200 of each class, chosen at random before classes were "
    "resampled; patients are on both sides, so this is no measure of new patients"
)


def card_of(version: Version, seed: int) -> Card:
    """Return what is said of one version, trained from one random start."""
    own = f"--version {version} --seed {seed}"
    return Card(
        kind=BEAT_WINDOW,
        name=f"arrhythminet-{version}",
        version=MODEL_VERSION,
        training=TRAINING,
        protocol=PROTOCOL,
        licence=LICENCE,
        about=f"ArrhythmiNet {version.upper()} ([doi:10.48550/arXiv.2505.03787]"
        "(https://doi.org/10.48550/arXiv.2505.03787)): names one beat from one second of one lead and "
        "shows what it looked at (Grad-CAM).",
        inputs="`window` (n, 360), float32, 360 Hz, 216 samples before the R wave and 144 from it on, "
        f"normalised (`{NORMALISATION}`), front end version {FRONT_END_VERSION}",
        outputs=f"`probabilities` (n, 5) of {', '.join(CLASSES)}; `attribution` (n, 360), 0 to 1",
        limits="Beats of the same patients are on both sides of this split, as in the paper. On patients "
        "never seen it does worse, most of all for A, whose sign is in the rhythm more than in the shape. "
        "It knows five classes and has no name for the rest.",
        commands=[f"arrhythminet {word} {own}" for word in ("train", "evaluate", "export")],
    )


def contract(result: Result, scores: Mapping[str, float]) -> ModelContract:
    """Return what a trained file says of itself.

    Parameters
    ----------
    result : Result
        What training gave.
    scores : mapping of str to float
        Figures on the held-out beats.
    """
    plan = result.plan
    own = {
        "architecture": f"ArrhythmiNet {plan.version.upper()}, doi:10.48550/arXiv.2505.03787",
        "attribution": "Grad-CAM of the predicted class, doi:10.1109/ICCV.2017.74",
    }
    general = card_of(plan.version, plan.seed).contract(plan, result.records, scores, own)
    return beat_contract(general, AAMI, NORMALISATION)


def pack(result: Result, temperature: float, about: ModelContract) -> bytes:
    """Return the model file of a trained network.

    Parameters
    ----------
    result : Result
        What training gave.
    temperature : float
        Divides the logits.
    about : ModelContract
        What the file says of itself.
    """
    return seal_graph(to_graph(result.network, temperature), about)


def page(about: ModelContract, parameters: int, scores: str) -> str:
    """Return the model's card.

    Parameters
    ----------
    about : ModelContract
        What the file says of itself.
    parameters : int
        Trained values.
    scores : str
        What `scores_page` returned.
    """
    version: Version = "v1" if about.name.endswith("v1") else "v2"
    size = f"{parameters} parameters, most of them stored in eight bits"
    return card_of(version, int(about.extra["seed"])).page(about, size, scores)


def scores_page(seed: int, confusion: Confusion, scores: Mapping[str, float]) -> str:
    """Return the scores as Markdown.

    Parameters
    ----------
    seed : int
        Of the run.
    confusion : Confusion
        Of the held-out beats.
    scores : mapping of str to float
        As in the contract.
    """
    rows = zip(CLASSES, confusion.precision, confusion.recall, confusion.f1, strict=True)
    table = markdown_table(
        ("class", "AAMI", "precision", "recall", "F1"),
        ([symbol, AAMI[symbol], *(f"{value:.3f}" for value in row)] for symbol, *row in rows),
    )
    return (
        f"Seed {seed}: accuracy {scores['accuracy']:.4f}; {scores['live_accuracy']:.4f} with windows "
        "around the "
        "R waves of the live detector. Expected calibration error "
        f"{scores['calibration_error']:.3f}.\n\n{table}"
    )
