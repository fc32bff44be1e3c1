"""What the file of the R-peak network says of itself, and its card: data, protocol, scores, licence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ecgmon.models.common.card import Card, markdown_table, percent
from ecgmon.models.common.sealing import seal_graph
from ecgmon.models.rpeak.export import to_graph
from ecgmon.models.rpeak.network import RPeakNetwork
from ecgmon.models.rpeak.patients import FOLDS
from ecgmon.models.rpeak.training import TrainingPlan
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.model_contract import Contract
from ecgmon.monitor.dsp.rpeak_frontend import BAND_HZ, HOP
from ecgmon.monitor.dsp.rpeak_frontend import VERSION as FRONT_END
from ecgmon.monitor.dsp.rpeak_network import RPEAK

NAME = "rpeak"
VERSION = "2.1"
WORST_SHOWN = 6
TRAINING = (
    "MIT-BIH Arrhythmia Database (doi:10.13026/C2F305), MIT-BIH Supraventricular Arrhythmia Database "
    "(doi:10.13026/C2V30W), first halves of the noises of the MIT-BIH Noise Stress Test Database "
    "(doi:10.13026/C2HS3T), synthetic ECG and noise"
)
PROTOCOL = (
    "trained on SVDB and DS1 without record 201, whose patient is that of 202 in DS2; DS2 and the paced "
    f"records were never seen; the other scores come from {FOLDS} other trainings of the same recipe and "
    "length, folds by patient over MIT-BIH and SVDB, each record scored by weights that never saw its "
    "patient"
)

CARD = Card(
    kind=RPEAK,
    name=NAME,
    version=VERSION,
    training=TRAINING,
    protocol=PROTOCOL,
    about="Finds R waves online: a causal, dilated convolutional network (45 steps a second, state "
    f"carried along) behind a causal {BAND_HZ[0]:g}-{BAND_HZ[1]:g} Hz band-pass and a follower of the "
    "signal's level. It looks at every beat twice: 0.2 s and 0.4 s behind the signal. See "
    "`docs/detector.md`.",
    inputs=f"`hops` (1, {HOP}, t), float32: {HOP} samples at 360 Hz a step, behind the front end "
    f"`{FRONT_END}`; the state of every convolution",
    outputs="`beat` (1, 3, t): probability of an R wave at the first and at the second look, and where it "
    "lies in its step; the next states",
    limits="Electrode motion as strong as the beats is taken for beats. Nothing below 0.165 mV is reported.",
)

_HEAD = ("record", "beats", "missed", "false", "DER", "R error mean / p95", "known after p50 / p99")


def contract(
    network: RPeakNetwork, plan: TrainingPlan, records: Sequence[str], scores: Mapping[str, float]
) -> Contract:
    """Return what a trained file says of itself.

    Parameters
    ----------
    network : RPeakNetwork
        Trained.
    plan : TrainingPlan
        How it was trained.
    records : sequence of str
        On what.
    scores : mapping of str to float
        On patients never seen.
    """
    shape = network.shape
    terms = {
        "front_end": FRONT_END,
        "fs_hz": f"{PIPELINE_HZ:g}",
        "band_hz": "{:g} {:g}".format(*BAND_HZ),
        "lookahead_steps": str(shape.lookahead_steps),
        "second_look_steps": str(shape.second_look_steps),
        "dilations": " ".join(map(str, shape.dilations)),
        "channels": str(shape.channels),
    }
    return CARD.contract(plan, records, scores, terms)


def pack(network: RPeakNetwork, about: Contract) -> bytes:
    """Return the model file of a trained network."""
    return seal_graph(to_graph(network), about)


def page(network: RPeakNetwork, about: Contract, scores: str) -> str:
    """Return the card of a trained network."""
    size = f"{sum(part.numel() for part in network.parameters())} parameters, stored as float32"
    return CARD.page(about, size, scores)


def _error_rate(row: Mapping[str, Any]) -> float:
    return float(row["missed"] + row["false"]) / float(row["beats"])


def summary(
    unseen: Sequence[Mapping[str, Any]],
    mitdb: Sequence[Mapping[str, Any]],
    svdb: Sequence[Mapping[str, Any]],
) -> dict[str, float]:
    """Return the figures that travel in the model file: detection error rates.

    Parameters
    ----------
    unseen, mitdb, svdb : sequence of rows
        Scores of the file itself on DS2 and paced records, and of the cross-validation on
        MIT-BIH and on SVDB; the last row of each is the sum.
    """
    named = {"unseen_der": unseen, "mitdb_der": mitdb, "svdb_der": svdb}
    return {name: round(_error_rate(rows[-1]), 5) for name, rows in named.items() if rows}


def scores_page(
    unseen: Sequence[Mapping[str, Any]],
    mitdb: Sequence[Mapping[str, Any]],
    svdb: Sequence[Mapping[str, Any]],
) -> str:
    """Return the scores as Markdown, of the same rows as in `summary`."""
    worst = sorted(mitdb[:-1], key=_error_rate, reverse=True)[:WORST_SHOWN]
    parts = [
        "First signal, whole record, 150 ms window, flutter of 207 left out; DER is missed plus false over "
        "beats.",
        f"### This file on DS2 and the paced records\n\n{_table(unseen[-1:])}",
        f"### Cross-validation over the {len(mitdb) - 1} records of MIT-BIH, and its {WORST_SHOWN} worst\n\n"
        f"{_table([*mitdb[-1:], *worst])}",
    ]
    if svdb:
        parts.append(
            f"### The same over the {len(svdb) - 1} records of SVDB\n\n"
            "Its labels lie behind the R wave by up to 40 ms, so the R error says little.\n\n"
            f"{_table(svdb[-1:])}"
        )
    return "\n\n".join(parts)


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    return markdown_table(_HEAD, map(_cells, rows))


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        row["record"],
        str(row["beats"]),
        str(row["missed"]),
        str(row["false"]),
        percent(_error_rate(row), 1.0),
        f"{row['error_ms']:.1f} / {row['error_p95_ms']:.1f} ms",
        f"{row['known_p50_ms']:.0f} / {row['known_p99_ms']:.0f} ms",
    ]
