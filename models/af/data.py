"""Stretches of beats with and without atrial fibrillation, as the live pipeline describes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.ecg_codes import DS1_WITHOUT_201
from ecgmon.monitor.core.events import SampleBlock
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.pipeline.pipeline import Pipeline
from ecgmon.sim.record import read_record

AF = "AFIB"

TRAIN_MITDB = DS1_WITHOUT_201
TRAIN_VFDB = ("609", "615")
"""The records of VFDB's training half with fibrillating atria; their other rhythms are not used."""

NEITHER = frozenset({"", "AFL", "AB", "VFL", "VF", "VFIB", "VT", "ASYS", "NOISE", "HGEA"})
"""Rhythms that are no example of either kind."""

PURE_S = 15.0
"""A stretch counts if the rhythm was the same so long before it."""

BLOCK = 3600


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """Judged stretches of one record.

    Parameters
    ----------
    source : str
        Database and record.
    rows : array of shape (n, n_features)
        Features, as `ecgmon.monitor.rhythm.af_features.describe` gives them.
    fibrillates : array of bool, shape (n,)
        Whether the annotators found fibrillating atria.
    """

    source: str
    rows: Samples
    fibrillates: NDArray[np.bool_]


class Recorder:
    """Stands in for the judge: keeps what it is shown and finds nothing."""

    def __init__(self) -> None:
        self.rows: list[list[float]] = []

    def probability(self, features: Sequence[float]) -> float:
        """Keep the features; return 0."""
        self.rows.append(list(features))
        return 0.0


def training_stretches(folder: Path) -> list[Stretches]:
    """Return the stretches of all training records."""
    return [
        *(stretches(folder / "mitdb" / name) for name in TRAIN_MITDB),
        *(stretches(folder / "vfdb" / name, only_vf=True) for name in TRAIN_VFDB),
    ]


def stretches(stem: Path, *, only_vf: bool = False) -> Stretches:
    """Run the live pipeline over a record's first lead and label each judgement.

    Parameters
    ----------
    stem : Path
        The record's files, without suffix.
    only_vf : bool
        Leave out what is not fibrillation.
    """
    record = read_record(stem)
    assert record.reference is not None
    recorder, at_s = Recorder(), list[float]()
    pipeline = Pipeline(fs_hz=record.fs_hz)
    pipeline.rhythm.base.af.model = recorder
    for start in range(0, record.n_samples, BLOCK):
        samples = record.samples_mv(start, min(start + BLOCK, record.n_samples), (0,))
        pipeline.process(SampleBlock(samples, start, record.fs_hz))
        end_s = pipeline.processed / record.fs_hz
        at_s += [end_s] * (len(recorder.rows) - len(at_s))
    changes = np.char.startswith(record.reference.notes, "(")
    begins_s = record.reference.samples[changes] / record.fs_hz
    names = np.concatenate([[""], record.reference.notes[changes]])
    now = names[np.searchsorted(begins_s, np.array(at_s) - BLOCK / record.fs_hz, side="right")]
    before_s = np.array(at_s) - BLOCK / record.fs_hz - PURE_S
    before = names[np.searchsorted(begins_s, before_s, side="right")]
    later = names[np.searchsorted(begins_s, at_s, side="right")]
    rhythm = np.char.lstrip(now, "(")
    kept = (now == before) & (now == later) & ~np.isin(rhythm, list(NEITHER))
    if only_vf:
        kept &= rhythm == AF
    rows = np.array(recorder.rows)
    return Stretches(f"{stem.parent.name}/{stem.name}", rows[kept], (rhythm == AF)[kept])
