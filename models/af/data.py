"""Stretches of beats with and without atrial fibrillation, as the live pipeline describes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgmon import monitor
from ecgmon.models.common.cache import cache_folder, cached, files_key
from ecgmon.monitor.core.ecg_codes import DS1_WITHOUT_201
from ecgmon.monitor.core.events import SampleBlock
from ecgmon.monitor.core.zoo import shipped_file, shipped_parts
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.pipeline.pipeline import Pipeline
from ecgmon.monitor.rhythm.af_features import NAMES
from ecgmon.sim.record import Reference, read_record

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
    """Labelled stretches of one record.

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
    """Stands in for the classifier: keeps what it is shown and finds nothing."""

    def __init__(self) -> None:
        self.rows: list[list[float]] = []

    def probability(self, features: Sequence[float]) -> float:
        """Keep the features; return 0."""
        self.rows.append(list(features))
        return 0.0


def pipeline_key() -> str:
    """Return a short name of all that describes beats: the operators' code and the shipped models."""
    rooms = (Path(monitor.__path__[0]) / room for room in ("dsp", "inference", "rhythm", "pipeline"))
    code = [path for room in rooms for path in room.glob("*.py")]
    return files_key([*code, *(shipped_file(name) for name in ("rpeak", "quality", shipped_parts()[0]))])


def load_stretches(folder: Path, record: str) -> Stretches:
    """Return the stretches of a record such as ``mitdb/101``, described once and then cached.

    Of VFDB only atrial fibrillation is used: its other rhythms are those of very ill hearts.

    Raises
    ------
    RecordError
        The record is missing or damaged.
    """
    place = cache_folder("af", pipeline_key()) / f"{record.replace('/', '-')}.npz"

    def described() -> dict[str, NDArray[Any]]:
        found = stretches(folder / record, only_af=record.startswith("vfdb/"))
        return {"rows": found.rows, "fibrillates": found.fibrillates}

    return Stretches(record, **cached(place, described))


def stretches(stem: Path, *, only_af: bool = False) -> Stretches:
    """Run the live pipeline over a record's first lead and label each stretch.

    Parameters
    ----------
    stem : Path
        The record's files, without suffix.
    only_af : bool
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
    rhythm, pure = pure_rhythm(record.reference, record.fs_hz, np.array(at_s))
    kept = pure & ~np.isin(rhythm, list(NEITHER))
    if only_af:
        kept &= rhythm == AF
    rows = np.array(recorder.rows).reshape(-1, len(NAMES))
    return Stretches(f"{stem.parent.name}/{stem.name}", rows[kept], (rhythm == AF)[kept])


def pure_rhythm(
    reference: Reference, fs_hz: float, at_s: NDArray[np.float64]
) -> tuple[NDArray[np.str_], NDArray[np.bool_]]:
    """Return the annotated rhythm when features were described, and whether it had held for a while.

    Parameters
    ----------
    reference : Reference
        Annotations of the record.
    fs_hz : float
        Their rate.
    at_s : array of shape (n,)
        Ends of the blocks in which the features became known, in seconds.

    Returns
    -------
    rhythm : array of str, shape (n,)
        Without the bracket; empty before the first annotation.
    pure : bool array of shape (n,)
        The rhythm was the same from 15 s before the block to its end.
    """
    changes = np.char.startswith(reference.notes, "(")
    begins_s = reference.samples[changes] / fs_hz
    names = np.concatenate([[""], reference.notes[changes]])

    def held(moment_s: NDArray[np.float64]) -> NDArray[np.str_]:
        return np.asarray(names[np.searchsorted(begins_s, moment_s, side="right")])

    block_s = at_s - BLOCK / fs_hz
    now = held(block_s)
    return np.char.lstrip(now, "("), (now == held(block_s - PURE_S)) & (now == held(at_s))
