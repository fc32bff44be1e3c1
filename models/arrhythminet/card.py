"""Packs a trained ArrhythmiNet for the zoo: the ONNX file and its card."""

from __future__ import annotations

from collections.abc import Mapping

from ecgmon.models.arrhythminet.export import to_graph
from ecgmon.models.arrhythminet.network import CLASSES, parameter_count
from ecgmon.models.arrhythminet.scoring import Confusion
from ecgmon.models.arrhythminet.training import Result
from ecgmon.models.common.sealing import seal
from ecgmon.monitor.core.ecg_codes import AAMI_OF_SYMBOL
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp import FRONT_END_VERSION
from ecgmon.monitor.dsp.segment import SegmentSettings
from ecgmon.monitor.inference.contract import BEAT_WINDOW, ModelContract
from ecgmon.monitor.inference.window_model import NORMALISATION

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


def pack(result: Result, temperature: float, scores: Mapping[str, float]) -> bytes:
    """Return the model file of a trained network.

    Parameters
    ----------
    result : Result
        What training gave.
    temperature : float
        Divides the logits.
    scores : mapping of str to float
        Figures on the held-out beats.
    """
    window = SegmentSettings()
    contract = ModelContract(
        kind=BEAT_WINDOW,
        name=f"arrhythminet-{result.recipe.version}",
        version=MODEL_VERSION,
        symbols=CLASSES,
        aami=tuple(AAMI_OF_SYMBOL[symbol] for symbol in CLASSES),
        input_hz=PIPELINE_HZ,
        window_before=window.before_samples,
        window_after=window.after_samples,
        normalisation=NORMALISATION,
        front_end_version=FRONT_END_VERSION,
        training=TRAINING,
        protocol=PROTOCOL,
        scores=scores,
        licence=LICENCE,
        sha256="",
        extra={
            "seed": str(result.recipe.seed),
            "architecture": f"ArrhythmiNet {result.recipe.version.upper()}, doi:10.48550/arXiv.2505.03787",
            "attribution": "Grad-CAM of the predicted class, doi:10.1109/ICCV.2017.74",
        },
    )
    return seal(to_graph(result.network, temperature), contract)


def card(result: Result, confusion: Confusion, scores: Mapping[str, float], size_bytes: int) -> str:
    """Return the model's card: what it is, what it learnt from, how well it does and where it fails."""
    recipe, version = result.recipe, result.recipe.version
    count = parameter_count(result.network)
    rows = [
        f"| {symbol} | {AAMI_OF_SYMBOL[symbol]} | {p:.3f} | {r:.3f} | {f:.3f} |"
        for symbol, p, r, f in zip(CLASSES, confusion.precision, confusion.recall, confusion.f1, strict=True)
    ]
    return "\n".join(
        [
            f"# arrhythminet-{version}",
            "",
            f"ArrhythmiNet {version.upper()} ([doi:10.48550/arXiv.2505.03787]"
            "(https://doi.org/10.48550/arXiv.2505.03787)): names one beat from one second of one lead and "
            "shows what it looked at (Grad-CAM).",
            "",
            f"- **In:** `window` (n, 360), float32, 360 Hz, 216 samples before the R wave and 144 from it "
            f"on, normalised (`{NORMALISATION}`), front end version {FRONT_END_VERSION}",
            f"- **Out:** `probabilities` (n, 5) of {', '.join(CLASSES)}; `attribution` (n, 360), 0 to 1",
            f"- **Size:** {count} parameters, most of them stored in eight bits; the file with metadata has "
            f"{size_bytes / 1000:.1f} KB",
            f"- **Data:** {TRAINING}",
            f"- **Protocol:** {PROTOCOL}",
            f"- **Licence:** {LICENCE} (attribution: Moody & Mark 2001, PhysioNet)",
            "",
            f"## Scores (seed {recipe.seed})",
            "",
            f"Accuracy {scores['accuracy']:.4f}; {scores['live_accuracy']:.4f} with windows around the "
            f"R waves of the live detector. Expected calibration error {scores['calibration_error']:.3f}.",
            "",
            "| class | AAMI | precision | recall | F1 |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
            "## Limits",
            "",
            "Beats of the same patients are on both sides of this split, as in the paper. On patients never "
            "seen it does worse, most of all for A, whose sign is in the rhythm more than in the shape. It "
            "knows five classes and has no name for the rest. It is not a medical device.",
            "",
            "## Make it again",
            "",
            "```",
            f"python -m ecgmon.models.arrhythminet train --version {version} --seed {recipe.seed} "
            f"--epochs {recipe.epochs}",
            f"python -m ecgmon.models.arrhythminet evaluate out/arrhythminet/{version}-seed{recipe.seed}",
            f"python -m ecgmon.models.arrhythminet export out/arrhythminet/{version}-seed{recipe.seed}",
            "```",
            "",
        ]
    )
