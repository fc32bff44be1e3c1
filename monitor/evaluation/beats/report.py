"""From scores to tables: per record, gross (every beat weighs the same) and average (every record does)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.evaluation.beats.runs import EpisodeCounts
from ecgmon.monitor.evaluation.beats.score import LABELS, RecordScore, pool
from ecgmon.monitor.evaluation.table import Cell, Column, Table

Row = dict[str, Cell]

QRS_COLUMNS = (
    Column("record", "record"),
    Column("beats", "beats"),
    Column("tp", "TP"),
    Column("fn", "FN"),
    Column("fp", "FP"),
    Column("se_percent", "Se %", 3),
    Column("ppv_percent", "+P %", 3),
    Column("der_percent", "DER %", 3),
    Column("f1", "F1", 4),
    Column("r_error_mean_ms", "|dR| ms", 1),
    Column("r_error_p95_ms", "p95", 1),
    Column("r_latency_p50_ms", "R known ms", 0),
    Column("r_latency_p99_ms", "p99", 0),
    Column("class_latency_p50_ms", "class known ms", 0),
    Column("class_latency_p99_ms", "p99", 0),
)

BEAT_COLUMNS = (
    Column("record", "record"),
    Column("beats", "beats"),
    Column("accuracy_percent", "right %", 2),
    Column("veb", "VEB"),
    Column("veb_se_percent", "Se %"),
    Column("veb_ppv_percent", "+P %"),
    Column("veb_fpr_percent", "FPR %", 3),
    Column("veb_f1", "F1", 4),
    Column("sveb", "SVEB"),
    Column("sveb_se_percent", "Se %"),
    Column("sveb_ppv_percent", "+P %"),
    Column("sveb_fpr_percent", "FPR %", 3),
    Column("sveb_f1", "F1", 4),
)

RUN_COLUMNS = (
    Column("episode", "episode"),
    Column("reference", "reference"),
    Column("detected", "detected"),
    Column("se_percent", "Se %"),
    Column("test", "test"),
    Column("confirmed", "confirmed"),
    Column("ppv_percent", "+P %"),
)


def qrs_table(scores: list[RecordScore]) -> Table:
    """Return detection of QRS complexes: Se, +P, DER, R error, latency."""
    return _table(QRS_COLUMNS, scores, qrs_row, scores)


def unpaced(scores: list[RecordScore]) -> list[RecordScore]:
    """Return the records whose beats count: EC57 leaves out those of patients with a pacemaker.

    Where all are paced, all are returned.
    """
    return [score for score in scores if not score.paced] or scores


def beat_table(scores: list[RecordScore]) -> Table:
    """Return classification: ventricular and supraventricular ectopic beats against the rest.

    Gross and average are of the records without paced beats.

    As EC57 has it, a fusion or unknown beat called V, and an unknown beat called S, is no
    false positive; a missed ectopic beat is a miss, an extra one a false positive.
    """
    return _table(BEAT_COLUMNS, scores, _beat_row, unpaced(scores))


def run_table(score: RecordScore) -> Table:
    """Return couplets, short runs and long runs of ectopic beats."""
    rows = [
        run_row(f"{kind} {episode}", found)
        for kind, runs in (("VEB", score.veb_runs), ("SVEB", score.sveb_runs))
        for episode, found in (
            ("couplets", runs.couplets),
            ("runs of 3 to 5", runs.short),
            ("longer runs", runs.long),
        )
    ]
    return Table(RUN_COLUMNS, rows)


def confusion_table(score: RecordScore) -> Table:
    """Return the confusion matrix: reference down, test across."""
    names = [*LABELS, "none"]
    columns = (Column("reference", "reference"), *(Column(name, name.lower()) for name in names))
    rows: list[Row] = [
        {"reference": name, **{other: int(score.confusion[i, j]) for j, other in enumerate(names)}}
        for i, name in enumerate(names)
    ]
    return Table(columns, rows)


def _table(
    columns: tuple[Column, ...],
    scores: list[RecordScore],
    row: Callable[[RecordScore], Row],
    counted: list[RecordScore],
) -> Table:
    rows = [row(score) for score in scores]
    if len(rows) == 1:
        return Table(columns, rows)
    return Table(columns, rows, [row(pool("gross", counted)), _average([row(score) for score in counted])])


def _average(rows: list[Row]) -> Row:
    """Return the mean over records of what is a ratio; counts have no average."""
    average: Row = {"record": "average"}
    for key in rows[0]:
        values = [value for row in rows if isinstance(value := row[key], float)]
        if values:
            average[key] = float(np.mean(values))
    return average


def qrs_row(score: RecordScore) -> Row:
    """Return the figures of detection of one record, or of several pooled."""
    tp, fn, fp = score.found, score.missed, score.extra
    error_ms = np.abs(score.r_error_s) * 1e3
    return {
        "record": score.record,
        "beats": tp + fn,
        "tp": tp,
        "fn": fn,
        "fp": fp,
        "se_percent": percent(tp, tp + fn),
        "ppv_percent": percent(tp, tp + fp),
        "der_percent": percent(fn + fp, tp + fn),
        "f1": _ratio(2 * tp, 2 * tp + fn + fp),
        "r_error_mean_ms": float(error_ms.mean()) if error_ms.size else None,
        "r_error_p95_ms": _percentile(error_ms, 95),
        "r_latency_p50_ms": _percentile(score.r_latency_s * 1e3, 50),
        "r_latency_p99_ms": _percentile(score.r_latency_s * 1e3, 99),
        "class_latency_p50_ms": _percentile(score.class_latency_s * 1e3, 50),
        "class_latency_p99_ms": _percentile(score.class_latency_s * 1e3, 99),
    }


def _beat_row(score: RecordScore) -> Row:
    matched = score.confusion[:-1, :-1]
    return {
        "record": score.record,
        "beats": score.found + score.missed,
        "accuracy_percent": percent(int(np.trace(matched)), int(matched.sum())),
        **_ectopic("veb", score.confusion, "V", "FQ"),
        **_ectopic("sveb", score.confusion, "S", "Q"),
    }


def _ectopic(name: str, confusion: NDArray[np.int64], label: str, forgiven: str) -> Row:
    own = LABELS.index(label)
    spared = [LABELS.index(other) for other in forgiven]
    tp = int(confusion[own, own])
    fn = int(confusion[own].sum()) - tp
    fp = int(confusion[:, own].sum() - confusion[spared, own].sum()) - tp
    rest = np.delete(confusion, own, axis=0)
    tn = int(rest[:, :-1].sum() - rest[:, own].sum())
    return {
        name: tp + fn,
        f"{name}_se_percent": percent(tp, tp + fn),
        f"{name}_ppv_percent": percent(tp, tp + fp),
        f"{name}_fpr_percent": percent(fp, fp + tn),
        f"{name}_f1": _ratio(2 * tp, 2 * tp + fn + fp),
    }


def run_row(episode: str, found: EpisodeCounts) -> Row:
    """Return the figures of one kind of episode, under `RUN_COLUMNS`."""
    return {
        "episode": episode,
        "reference": found.in_reference,
        "detected": found.detected,
        "se_percent": percent(found.detected, found.in_reference),
        "test": found.in_test,
        "confirmed": found.confirmed,
        "ppv_percent": percent(found.confirmed, found.in_test),
    }


def percent(part: float, whole: float) -> float | None:
    """Return a part of a whole in percent; None where there is no whole."""
    return 100.0 * part / whole if whole else None


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _percentile(values: NDArray[np.float64], q: float) -> float | None:
    return float(np.percentile(values, q)) if values.size else None
