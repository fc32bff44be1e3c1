"""Score the live detector on whole records during development and cross-validation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgmon.models.rpeak.data import read_raw
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp.rpeak import RPeakDetector
from ecgmon.monitor.evaluation.beats.matching import match_beats

MATCH_SAMPLES = 0.15 * PIPELINE_HZ
CHUNK = 3600


@dataclass(frozen=True)
class Score:
    """One record's score.

    Parameters
    ----------
    record : str
        ``database/record``.
    beats, missed, false : int
        Reference beats, those not found, and beats found where none is.
    error_ms : array
        Distance between R wave and reference, for each beat found.
    late_ms : array
        How long after the R wave it was known.
    """

    record: str
    beats: int
    missed: int
    false: int
    error_ms: NDArray[np.float64] = field(repr=False, compare=False)
    late_ms: NDArray[np.float64] = field(repr=False, compare=False)

    @property
    def error_rate(self) -> float:
        """Missed and false beats over beats."""
        return (self.missed + self.false) / self.beats

    def row(self) -> dict[str, Any]:
        """Return the score as plain numbers."""
        return {
            "record": self.record,
            "beats": self.beats,
            "missed": self.missed,
            "false": self.false,
            "error_ms": float(self.error_ms.mean()) if self.error_ms.size else np.nan,
            "error_p95_ms": _percentile(self.error_ms, 95),
            "known_p50_ms": _percentile(self.late_ms, 50),
            "known_p99_ms": _percentile(self.late_ms, 99),
        }


def _percentile(values: NDArray[np.float64], percent: int) -> float:
    """Return a percentile, or not a number where no beat was found."""
    return float(np.percentile(values, percent)) if values.size else np.nan


def _outside(places: NDArray[np.float64], spans: NDArray[np.float64]) -> NDArray[np.bool_]:
    inside = (places[:, None] >= spans[:, 0]) & (places[:, None] <= spans[:, 1])
    return np.asarray(~inside.any(axis=1))


def score_record(folder: Path, name: str, detector: RPeakDetector) -> Score:
    """Run the detector over the first signal of a record and match its beats within 150 ms."""
    raw = read_raw(folder, name, 0)
    detector.reset()
    found = [
        b for i in range(0, raw.samples.size, CHUNK) for b in detector.process(raw.samples[i : i + CHUNK])
    ]
    places = np.array([beat.sample for beat in found])
    known = np.array([beat.known_at for beat in found])
    keep = _outside(places, raw.ignored)
    places, known = places[keep], known[keep]
    beats = raw.beats[_outside(raw.beats, raw.ignored)]
    matches = match_beats(np.round(beats).astype(int), np.round(places).astype(int), MATCH_SAMPLES)
    to_ms = 1000.0 / PIPELINE_HZ
    error = np.abs(places[matches.test] - beats[matches.reference]) * to_ms
    late = (known[matches.test] - beats[matches.reference]) * to_ms
    return Score(name, beats.size, matches.missed.size, matches.extra.size, error, late)


def gross(scores: Iterable[Score], label: str) -> Score:
    """Pool the scores of several records."""
    rows = list(scores)
    return Score(
        label,
        sum(row.beats for row in rows),
        sum(row.missed for row in rows),
        sum(row.false for row in rows),
        np.concatenate([row.error_ms for row in rows]),
        np.concatenate([row.late_ms for row in rows]),
    )


def line(score: Score) -> str:
    """Return the score as one line of text."""
    row = score.row()
    return (
        f"{score.record:12} {score.beats:7} beats  {score.missed:4} missed  {score.false:4} false  "
        f"{100 * score.error_rate:6.3f} %  "
        f"R error {row['error_ms']:5.2f} ms (p95 {row['error_p95_ms']:5.1f})  "
        f"known after {row['known_p50_ms']:4.0f} ms (p99 {row['known_p99_ms']:4.0f})"
    )
