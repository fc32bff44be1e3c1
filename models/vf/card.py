"""What the file of ventricular fibrillation says of itself, and its card: data, protocol, scores, licence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ecgmon.models.common.card import Card, markdown_table, percent
from ecgmon.models.common.sealing import seal_graph
from ecgmon.models.vf.export import to_graph
from ecgmon.models.vf.network import VfNetwork
from ecgmon.models.vf.patients import FOLDS
from ecgmon.models.vf.training import TrainingPlan
from ecgmon.monitor.core.model_contract import Contract
from ecgmon.monitor.rhythm.vf_model import VF, WINDOW_TERMS
from ecgmon.monitor.rhythm.vf_windows import WINDOW

NAME = "vf"
VERSION = "1.0"
TRAINING = (
    "MIT-BIH Malignant Ventricular Ectopy Database (doi:10.13026/C22P44), MIT-BIH Arrhythmia Database "
    "(doi:10.13026/C2F305), MIT-BIH Supraventricular Arrhythmia Database (doi:10.13026/C2V30W), first "
    "halves of the noises of the MIT-BIH Noise Stress Test Database (doi:10.13026/C2HS3T)"
)
PROTOCOL = (
    "trained on all patients of VFDB, on DS1 of MIT-BIH without record 201, whose patient is that of 202 "
    f"in DS2, and on SVDB; the scores on VFDB come from {FOLDS} other trainings of the same recipe and "
    "length, folds by patient, each record scored by weights that never saw its patient"
)

CARD = Card(
    kind=VF,
    name=NAME,
    version=VERSION,
    training=TRAINING,
    protocol=PROTOCOL,
    about="Says of each second whether it shows ventricular flutter or fibrillation, from the waveform "
    "alone: four convolutions over four seconds of signal at 90 Hz. See "
    "`docs/ventricular-fibrillation.md`.",
    inputs=f"`windows` (n, {WINDOW}), float32, in millivolts at 90 Hz, without baseline, as "
    "`monitor/rhythm/vf_windows.py` cuts them",
    outputs="`probability` (n,) of flutter or fibrillation in the second that ends one second before the "
    "window does",
    limits="Fast ventricular tachycardia is mostly called fibrillation too: the annotators themselves "
    "call the same waves one in one patient and the other in the next.",
)

_HOW = """\
Seconds are labelled by the rhythm at their middle. Se: VF, VFIB and VFL. Sp: all others but NOISE and
VT, which is scored by itself; *clear*: at least 2 s from where annotated flutter or fibrillation begins
or ends. Episodes: 4 s or more. Stray: announced with no annotated episode within 10 s (of these, in VT)."""

_HEAD = (
    *("", "VF/VFL", "Se", "Se, clear", "others", "Sp", "Sp, clear"),
    *("VT called so", "episodes", "delay", "stray"),
)


def contract(plan: TrainingPlan, records: Sequence[str], scores: Mapping[str, float]) -> Contract:
    """Return what a trained file says of itself."""
    return CARD.contract(plan, records, scores, WINDOW_TERMS)


def pack(network: VfNetwork, about: Contract) -> bytes:
    """Return the model file of a trained network."""
    return seal_graph(to_graph(network), about)


def page(network: VfNetwork, about: Contract, scores: str) -> str:
    """Return the card of a trained network."""
    size = f"{sum(part.numel() for part in network.parameters())} parameters, stored as float32"
    return CARD.page(about, size, scores)


def summary(mitdb: Sequence[Mapping[str, Any]], crossval: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the figures that travel in the model file.

    Parameters
    ----------
    mitdb : sequence of rows
        Scores of the file itself on MIT-BIH.
    crossval : sequence of rows
        Scores of the cross-validation on VFDB, the first lead of all records first.
    """
    first = crossval[0]
    return {
        "vfdb_se": round(first["found"] / first["wanted"], 4),
        "vfdb_sp": round(1.0 - first["false"] / first["other"], 4),
        "vfdb_episodes": round(first["caught"] / first["episodes"], 4),
        "mitdb_stray": float(sum(row["stray"] for row in mitdb)),
    }


def scores_page(mitdb: Sequence[Mapping[str, Any]], crossval: Sequence[Mapping[str, Any]]) -> str:
    """Return the scores as Markdown; the same rows as in `summary`, then one for each record of VFDB."""
    return (
        f"{_HOW}\n\n### Cross-validation on VFDB\n\n{markdown_table(_HEAD, map(_cells, crossval))}\n\n"
        f"### This file on MIT-BIH\n\n{markdown_table(_HEAD, map(_cells, mitdb))}"
    )


def _cells(row: Mapping[str, Any]) -> list[str]:
    delays_s = row["delays_s"]
    return [
        row["name"],
        f"{row['wanted']} s",
        percent(row["found"], row["wanted"]),
        percent(row["clear_found"], row["clear"]),
        f"{row['other']} s",
        percent(row["other"] - row["false"], row["other"]),
        percent(row["other_clear"] - row["false_clear"], row["other_clear"]),
        percent(row["tachycardia_found"], row["tachycardia"]),
        f"{row['caught']} of {row['episodes']}",
        f"{sum(delays_s) / len(delays_s):.1f} s" if delays_s else "-",
        f"{row['stray']} ({row['stray_vt']})",
    ]
