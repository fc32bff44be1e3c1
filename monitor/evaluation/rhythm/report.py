"""Tables of rhythm scores: by time, by episodes, and runs of beats."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add

import numpy as np

from ecgmon.monitor.evaluation.beats.report import RUN_COLUMNS, Row, percent, run_row
from ecgmon.monitor.evaluation.beats.runs import EpisodeCounts, RunCounts
from ecgmon.monitor.evaluation.rhythm.score import (
    CLASSES,
    FAST_BPM,
    PAUSE_S,
    TACHYCARDIAS,
    RhythmCounts,
    RhythmScore,
)
from ecgmon.monitor.evaluation.table import Column, Table

TIME_COLUMNS = (
    Column("rhythm", "rhythm"),
    Column("reference_s", "reference s", 0),
    Column("test_s", "test s", 0),
    Column("se_percent", "Se %"),
    Column("ppv_percent", "+P %"),
    Column("sp_percent", "Sp %"),
    Column("episodes", "episodes"),
    Column("episode_se_percent", "ep. Se %"),
    Column("test_episodes", "test ep."),
    Column("episode_ppv_percent", "ep. +P %"),
    Column("delay_median_s", "delay s", 1),
    Column("delay_max_s", "longest", 1),
)

RECORD_COLUMNS = (
    Column("record", "record"),
    Column("af_reference_s", "AF s", 0),
    Column("af_se_percent", "AF Se %"),
    Column("af_sp_percent", "AF Sp %"),
    Column("af_delay_max_s", "longest", 1),
    Column("vf_reference_s", "VF s", 0),
    Column("vf_se_percent", "VF Se %"),
    Column("vf_sp_percent", "VF Sp %"),
    Column("vf_delay_max_s", "longest", 1),
)


def rhythm_table(scores: Sequence[RhythmScore]) -> Table:
    """Return one row a class of rhythms over all records: by time, then by episodes."""
    return Table(
        TIME_COLUMNS,
        [
            {"rhythm": kind.title, **_figures(reduce(add, (score.classes[key] for score in scores)))}
            for key, kind in CLASSES.items()
        ],
    )


def record_table(scores: Sequence[RhythmScore]) -> Table:
    """Return fibrillation of the atria and of the ventricles, one row a record."""
    rows: list[Row] = []
    for score in scores:
        row: Row = {"record": score.record}
        for key in ("af", "vf"):
            row |= {f"{key}_{name}": cell for name, cell in _figures(score.classes[key]).items()}
        rows.append(row)
    return Table(RECORD_COLUMNS, rows)


def episode_table(scores: Sequence[RhythmScore]) -> Table:
    """Return couplets, runs and pauses, compared run by run over the beats of both sides."""
    rows: list[Row] = []
    for title, runs in (
        ("ventricular", reduce(add, (score.ventricular for score in scores), RunCounts())),
        ("supraventricular", reduce(add, (score.supraventricular for score in scores), RunCounts())),
    ):
        rows += [
            run_row(f"{title} couplets", runs.couplets),
            run_row(f"{title} runs of 3 and 4", runs.short),
            run_row(f"{title} runs of 5 and more", runs.long),
        ]
    tachycardias = {
        ectopic: reduce(add, (score.tachycardias[ectopic] for score in scores), EpisodeCounts())
        for ectopic in TACHYCARDIAS
    }
    pauses = reduce(add, (score.pauses for score in scores), EpisodeCounts())
    rows += [
        run_row(f"ventricular tachycardias, 5 beats above {FAST_BPM:g}/min", tachycardias["V"]),
        run_row(f"supraventricular tachycardias, 3 beats above {FAST_BPM:g}/min", tachycardias["S"]),
        run_row(f"pauses of {PAUSE_S:g} s", pauses),
    ]
    return Table(RUN_COLUMNS, rows)


def _figures(counts: RhythmCounts) -> Row:
    rest = counts.scored_s - counts.reference_s
    false_s = counts.test_s - counts.common_s
    found = counts.episodes
    return {
        "reference_s": counts.reference_s,
        "test_s": counts.test_s,
        "se_percent": percent(counts.common_s, counts.reference_s),
        "ppv_percent": percent(counts.common_s, counts.test_s),
        "sp_percent": percent(rest - false_s, rest),
        "episodes": found.in_reference,
        "episode_se_percent": percent(found.detected, found.in_reference),
        "test_episodes": found.in_test,
        "episode_ppv_percent": percent(found.confirmed, found.in_test),
        "delay_median_s": float(np.median(counts.delays_s)) if counts.delays_s else None,
        "delay_max_s": max(counts.delays_s, default=None),
    }
