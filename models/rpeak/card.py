"""Write the detector's metadata and its card: data, protocol, scores, licence."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx

from ecgmon.models.rpeak.patients import FOLDS
from ecgmon.models.rpeak.training import TrainingPlan
from ecgmon.monitor.core.files import replace_file
from ecgmon.monitor.dsp.rpeak_frontend import BAND_HZ

VERSION = "2.1"
WORST_SHOWN = 6

_DATA = (
    "MIT-BIH Arrhythmia Database (doi:10.13026/C2F305), MIT-BIH Supraventricular Arrhythmia Database "
    "(doi:10.13026/C2V30W), first halves of the noises of the MIT-BIH Noise Stress Test Database "
    "(doi:10.13026/C2HS3T), synthetic ECG and noise"
)


def metadata(names: Sequence[str], plan: TrainingPlan) -> dict[str, str]:
    """Return what an exported file says of itself."""
    return {
        "name": "rpeak",
        "version": VERSION,
        "licence": "MIT",
        "band_hz": "{:g} {:g}".format(*BAND_HZ),
        "training_data": _DATA,
        "training_records": " ".join(names),
        "training_steps": str(plan.steps),
        "seed": str(plan.seed),
    }


def _percent(row: Mapping[str, Any]) -> float:
    return 100.0 * float(row["missed"] + row["false"]) / float(row["beats"])


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        "| record | beats | missed | false | DER | R error mean / p95 | known after p50 / p99 |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row['record']} | {row['beats']} | {row['missed']} | {row['false']} | {_percent(row):.2f} % "
        f"| {row['error_ms']:.1f} / {row['error_p95_ms']:.1f} ms "
        f"| {row['known_p50_ms']:.0f} / {row['known_p99_ms']:.0f} ms |"
        for row in rows
    ]
    return "\n".join(lines)


def text(
    model: bytes,
    unseen: Sequence[Mapping[str, Any]],
    folds: Sequence[Mapping[str, Any]],
    svdb: Sequence[Mapping[str, Any]],
) -> str:
    """Return the card in Markdown.

    Parameters
    ----------
    model : bytes
        The shipped file.
    unseen, folds, svdb : sequence of rows
        Scores of the shipped file on DS2 and paced records, and of the cross-validation on
        MIT-BIH and on SVDB; the last row of each is the sum.
    """
    worst = sorted(folds[:-1], key=_percent, reverse=True)[:WORST_SHOWN]
    return f"""# rpeak {VERSION}

Finds R waves online: a causal, dilated convolutional network (45 steps a second, state carried
along) behind a causal {BAND_HZ[0]:g}-{BAND_HZ[1]:g} Hz band-pass and a follower of the signal's level.
It looks at every beat twice: 0.2 s and 0.4 s behind the signal. See `docs/detector.md`.

- **File:** `rpeak.onnx`, {len(model)} bytes, sha256 `{hashlib.sha256(model).hexdigest()}`.
- **Data:** {_DATA}.
- **Protocol:** trained on SVDB and DS1 without record 201, whose patient is that of 202 in DS2.
  The records of the first table were never seen. The other tables come from {FOLDS} other trainings
  of the same recipe and length, folds by patient over MIT-BIH and SVDB, each record scored by
  weights that never saw its patient.
- **Scores:** first signal, whole record, 150 ms window, flutter of 207 left out; DER is missed
  plus false over beats.
- **Licence:** MIT. Not a medical device.

## This file on DS2 and the paced records

{_table(unseen[-1:])}

## Cross-validation over all 48 records of MIT-BIH, and its {WORST_SHOWN} worst

{_table([*folds[-1:], *worst])}

## The same over the {len(svdb) - 1} records of SVDB

Its labels lie behind the R wave by up to 40 ms, so the R error says little.

{_table(svdb[-1:])}
"""


def ship(
    trained: Path,
    target: Path,
    unseen: Sequence[Mapping[str, Any]],
    folds: Sequence[Mapping[str, Any]],
    svdb: Sequence[Mapping[str, Any]],
) -> None:
    """Write the trained file, with its scores in the metadata, and the card beside it."""
    model = onnx.load(trained)
    entries = {entry.key: entry.value for entry in model.metadata_props}
    entries["scores"] = f"DER {_percent(unseen[-1]):.3f} % on DS2 and paced records, never seen"
    onnx.helper.set_model_props(model, entries)
    content = model.SerializeToString(deterministic=True)
    for path, data in (
        (target, content),
        (target.with_suffix(".md"), text(content, unseen, folds, svdb).encode()),
    ):
        replace_file(path, data)
