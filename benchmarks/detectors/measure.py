"""Run one detector over a suite in a process of its own: accuracy, R error, time, memory."""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path

import numpy as np
import psutil

from benchmarks.detectors.cases import cases
from benchmarks.detectors.detectors import DETECTORS, Lead
from ecgmon.models.rpeak.patients import FOLDS, fold_records
from ecgmon.monitor.evaluation.beats.report import qrs_row
from ecgmon.monitor.evaluation.beats.score import (
    DetectedBeats,
    RecordScore,
    ScoringSettings,
    pool,
    score_record,
)
from ecgmon.monitor.evaluation.table import Cell

Row = dict[str, Cell]

COUNTS = ("beats", "tp", "fn", "fp", "se_percent", "ppv_percent", "der_percent", "f1")
ERRORS = ("r_error_mean_ms", "r_error_p95_ms")
LEARNING_S = {"mitdb": 0.0, "svdb": 0.0, "stress": 300.0}
"""The noise starts after five minutes; what comes before is not scored."""


def measure(suite: str, name: str, data: Path, folds: Path | None = None) -> list[Row]:
    """Run one detector over a suite; return a row for each signal and one for all.

    With ``folds``, a folder of ``fold0.onnx`` and so on, each record gets the weights of
    the fold that left its patient out.
    """
    warnings.simplefilter("ignore")
    settings = ScoringSettings(learning_s=LEARNING_S[suite])
    scores: list[RecordScore] = []
    seconds: list[float] = []
    signal_s = 0.0
    for case in cases(suite, data):
        weights = None if folds is None else folds / f"fold{fold_of(suite, case.name.split()[0], data)}.onnx"
        if not scores:  # a first call imports and compiles
            DETECTORS[name](Lead(case.samples_mv[: round(60 * case.fs_hz)], case.fs_hz, weights))
        begun = time.process_time()
        found = np.unique(DETECTORS[name](Lead(case.samples_mv, case.fs_hz, weights)))
        seconds.append(time.process_time() - begun)
        signal_s += case.samples_mv.size / case.fs_hz
        beats = DetectedBeats(found, np.full(found.size, "N"))
        scores.append(score_record(case.name, case.reference, beats, case.fs_hz, settings))
    rows = [_row(name, score) | {"cpu_s": spent} for score, spent in zip(scores, seconds, strict=True)]
    total = _row(name, pool("all", scores)) | {
        "cpu_s": sum(seconds),
        "times_real_time": signal_s / sum(seconds),
        "peak_mb": _peak_mb(),
    }
    return [*rows, total]


def _peak_mb() -> float:
    """Return the most memory that this process ever held, in megabytes."""
    if sys.platform != "win32":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    else:
        return float(psutil.Process().memory_info().peak_wset) / 2**20


def fold_of(suite: str, record: str, data: Path) -> int:
    """Return the fold that tests a record."""
    svdb = [f"svdb/{path.stem}" for path in (data / "svdb").glob("*.atr")]
    name = f"{'svdb' if suite == 'svdb' else 'mitdb'}/{record}"
    return next(fold for fold in range(FOLDS) if name in fold_records(fold, svdb)[1])


def _row(name: str, score: RecordScore) -> Row:
    values = qrs_row(score)
    return {"detector": name, "record": score.record} | {key: values[key] for key in (*COUNTS, *ERRORS)}
