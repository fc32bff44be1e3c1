"""Writes what the fibrillation file says of itself, and its card: data, protocol, scores, licence."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx

from ecgmon.models.vf.export import write
from ecgmon.models.vf.patients import FOLDS, TRAIN_MITDB
from ecgmon.models.vf.training import TrainingPlan

VERSION = "1.0"

_DATA = (
    "MIT-BIH Malignant Ventricular Ectopy Database (doi:10.13026/C22P44), MIT-BIH Arrhythmia Database "
    "(doi:10.13026/C2F305), MIT-BIH Supraventricular Arrhythmia Database (doi:10.13026/C2V30W), first "
    "halves of the noises of the MIT-BIH Noise Stress Test Database (doi:10.13026/C2HS3T)"
)


def metadata(vfdb: Sequence[str], plan: TrainingPlan) -> dict[str, str]:
    """Return what an exported file says of itself."""
    return {
        "name": "fibrillation",
        "version": VERSION,
        "licence": "MIT",
        "training_data": _DATA,
        "training_vfdb": " ".join(vfdb),
        "training_mitdb": " ".join(TRAIN_MITDB),
        "training_steps": str(plan.steps),
        "seed": str(plan.seed),
    }


def _percent(part: int, whole: int) -> str:
    return f"{100.0 * part / whole:.2f} %" if whole else "-"


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        "| | VF/VFL | Se | Se, clear | others | Sp | Sp, clear | VT called so | episodes | delay | stray |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        delays_s = row["delays_s"]
        delay = f"{sum(delays_s) / len(delays_s):.1f} s" if delays_s else "-"
        lines.append(
            f"| {row['name']} | {row['wanted']} s | {_percent(row['found'], row['wanted'])} "
            f"| {_percent(row['clear_found'], row['clear'])} | {row['other']} s "
            f"| {_percent(row['other'] - row['false'], row['other'])} "
            f"| {_percent(row['other_clear'] - row['false_clear'], row['other_clear'])} "
            f"| {_percent(row['tachycardia_found'], row['tachycardia'])} "
            f"| {row['caught']} of {row['episodes']} | {delay} | {row['stray']} ({row['stray_vt']}) |"
        )
    return "\n".join(lines)


def text(model: bytes, mitdb: Sequence[Mapping[str, Any]], crossval: Sequence[Mapping[str, Any]]) -> str:
    """Return the card in Markdown.

    Parameters
    ----------
    model : bytes
        The shipped file.
    mitdb : sequence of rows
        Scores of the shipped file on MIT-BIH.
    crossval : sequence of rows
        Scores of the cross-validation on VFDB: both leads, then each record.
    """
    return f"""# fibrillation {VERSION}

Says of each second whether it shows ventricular flutter or fibrillation, from the waveform alone: four
convolutions over four seconds of signal at 90 Hz. See `docs/ventricular-fibrillation.md`.

- **File:** `vf.onnx`, {len(model)} bytes, sha256 `{hashlib.sha256(model).hexdigest()}`.
- **Data:** {_DATA}.
- **Protocol:** the file was trained on all patients of VFDB, on DS1 of MIT-BIH without record 201, whose
  patient is that of 202 in DS2, and on SVDB. The scores on VFDB come from {FOLDS} other trainings of the same
  recipe and length, folds by patient, each record scored by weights that never saw its patient.
- **Scores:** seconds labelled by the rhythm at their middle. Se: VF, VFIB and VFL. Sp: all others but NOISE
  and VT, which is scored by itself; *clear*: at least 2 s from where annotated flutter or fibrillation begins
  or ends. Episodes: 4 s or more. Stray: announced with no annotated episode within 10 s (of these, in VT).
- **Licence:** MIT. Not a medical device.

## Cross-validation on VFDB

{_table(crossval)}

## This file on MIT-BIH

{_table(mitdb)}
"""


def ship(
    trained: Path,
    target: Path,
    mitdb: Sequence[Mapping[str, Any]],
    crossval: Sequence[Mapping[str, Any]],
) -> None:
    """Write the trained file, with its scores in the metadata, and the card beside it."""
    model = onnx.load(trained)
    entries = {entry.key: entry.value for entry in model.metadata_props}
    first = crossval[0]
    entries["scores"] = (
        f"Se {_percent(first['found'], first['wanted'])}, "
        f"Sp {_percent(first['other'] - first['false'], first['other'])} outside VT and noise, "
        f"episodes {first['caught']} of {first['episodes']}, on patients of VFDB never seen; "
        f"{sum(row['stray'] for row in mitdb)} false announcements in MIT-BIH"
    )
    onnx.helper.set_model_props(model, entries)
    content = write(model, target)
    target.with_suffix(".md").write_text(text(content, mitdb, crossval), encoding="utf-8")
