"""The command ``evaluate alarms``: missed and false alarms, and how long each took."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.evaluation.alarms.score import (
    OTHER_KINDS,
    AlarmJob,
    AlarmScore,
    alarm_table,
    high_priority_kinds,
    run_alarm_jobs,
)
from ecgmon.monitor.evaluation.table import Table
from ecgmon.monitor.inference.classification import ClassifierSettings
from ecgmon.monitor.pipeline.pipeline import PipelineSettings


def evaluate_alarms(arguments: argparse.Namespace, stems: Sequence[Path]) -> int:
    """Score the alarms of records, print and save the tables.

    Raises
    ------
    EcgmonError
        A record cannot be used, or a result cannot be written.
    """
    pipeline = PipelineSettings(
        classifier=ClassifierSettings(model=arguments.model), judge_quality=not arguments.without_quality
    )
    jobs = [AlarmJob(stem, arguments.channel, arguments.chunk, pipeline) for stem in stems]
    scores: list[AlarmScore] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"Scoring {len(jobs)} records", total=len(jobs))
        for score in run_alarm_jobs(jobs, arguments.jobs):
            scores.append(score)
            progress.advance(task)
    tables = {
        "alarms_high": alarm_table(scores, high_priority_kinds()),
        "alarms_other": alarm_table(scores, OTHER_KINDS),
    }
    hours = sum(score.duration_s for score in scores) / 3600
    sys.stdout.write(f"{len(scores)} records, {hours:.1f} hours\n\n")
    sys.stdout.write("\n".join(table.to_text() for table in tables.values()))
    if arguments.out is not None:
        _save(arguments.out, tables)
    return 0


def _save(folder: Path, tables: dict[str, Table]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            (folder / f"{name}.txt").write_text(table.to_text(), encoding="utf-8")
            (folder / f"{name}.csv").write_text(table.to_csv(), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"The scores cannot be written to {folder}: {error.strerror}.") from error
