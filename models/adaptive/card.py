"""Puts a trained adaptive network into the zoo, with its contract and card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ecgmon.models.adaptive.calibration import Calibration
from ecgmon.models.adaptive.export import to_graph
from ecgmon.models.adaptive.network import AdaptiveNet
from ecgmon.models.adaptive.patients import AAMI, SYMBOLS
from ecgmon.models.adaptive.training import Recipe, load_network
from ecgmon.models.common.sealing import seal, ship
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp import FRONT_END_VERSION
from ecgmon.monitor.dsp.segment import SegmentSettings
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
LICENCE = "MIT; trained on data under ODC-By 1.0 (PhysioNet)"


def pack(
    network: AdaptiveNet, recipe: Recipe, calibration: Calibration, scores: Mapping[str, float]
) -> bytes:
    """Return the model file of a trained network.

    Parameters
    ----------
    network : AdaptiveNet
        Trained.
    recipe : Recipe
        How.
    calibration : Calibration
        Of the logits.
    scores : mapping of str to float
        Features on patients that it never saw.
    """
    window = SegmentSettings()
    contract = ModelContract(
        kind=BEAT_SEQUENCE,
        name=NAME,
        version=VERSION,
        symbols=SYMBOLS,
        aami=AAMI,
        input_hz=PIPELINE_HZ,
        window_before=window.before_samples,
        window_after=window.after_samples,
        normalisation=DESCRIPTION,
        front_end_version=FRONT_END_VERSION,
        training=TRAINING,
        protocol=PROTOCOL,
        scores=scores,
        licence=LICENCE,
        sha256="",
        extra={
            "seed": str(recipe.seed),
            "temperature": f"{calibration.temperature:.4f}",
            "offsets": json.dumps([round(offset, 4) for offset in calibration.offsets]),
            "attribution": "Grad-CAM with point-by-point gradients (HiResCAM, arXiv:2011.08891)",
        },
    )
    return seal(to_graph(network, calibration), contract)


def ship_run(checkpoint: Path, zoo: Path, calibration: Calibration, scores: Mapping[str, float]) -> Path:
    """Write the model of a run and its card into a zoo and return the model's path."""
    network, recipe = load_network(checkpoint)
    model = pack(network, recipe, calibration, scores)
    ship(zoo, NAME, model, _card(network, recipe, calibration, len(model)))
    return zoo / f"{NAME}.onnx"


def _card(network: AdaptiveNet, recipe: Recipe, calibration: Calibration, size_bytes: int) -> str:
    count = sum(parameter.numel() for parameter in network.parameters())
    return f"""# {NAME}

Names a beat against its own patient: from the beat's shape, its difference from the patient's
usual beat and from the one after long intervals, its P wave beside theirs, how much it has of the
patient's beats least like them, its RR intervals beside the recent ones, and a memory of the beats
before. It learns the patient without labels. When the next
beat has come it thinks again; a changed class is announced as a revision.

- **In:** described beats in their order (`monitor/inference/patient_features.py`) and the explicit state of
  the beats before; one lead, any lead
- **Out:** probabilities of {", ".join(SYMBOLS)} (AAMI {", ".join(AAMI)}), the same for the beat
  before with the interval behind it, Grad-CAM over the 360-sample window, new state
- **Size:** {count} parameters, {4 * count / 1000:.1f} KB as float32; the file has
  {size_bytes / 1000:.1f} KB
- **Data:** {TRAINING}
- **Protocol:** {PROTOCOL}
- **Calibration:** {_told(calibration)}
- **Licence:** {LICENCE}

## Scores

See [docs/beats.md](../../docs/beats.md): measured end to end, with our own detector, by
`ecgmon evaluate beats`.

## Limits

Supraventricular beats are hard to tell from one lead, above all in patients most of whose beats are
premature. Nearly all fusion beats that were learnt are of one patient, or were put together. `L`
and `R` are told only where the block is plain. `Q` stands for paced and fused paced beats, as
trained on four records only. It is not a medical device.

## Make it again

```
python -m ecgmon.models.adaptive crossval
python -m ecgmon.models.adaptive train --seed {recipe.seed}
python -m ecgmon.models.adaptive evaluate out/adaptive/seed{recipe.seed}
python -m ecgmon.models.adaptive export out/adaptive/seed{recipe.seed}
```
"""


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
