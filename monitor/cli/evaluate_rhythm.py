"""The command ``evaluate rhythm``: rhythms by time and by episodes, runs, pauses, delays."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.evaluation.jobs import Job, in_parallel
from ecgmon.monitor.evaluation.picture import draw_rhythms
from ecgmon.monitor.evaluation.rhythm.jobs import run_rhythm_job
from ecgmon.monitor.evaluation.rhythm.report import episode_table, record_table, rhythm_table
from ecgmon.monitor.evaluation.rhythm.score import RhythmScore
from ecgmon.monitor.evaluation.table import Table
from ecgmon.monitor.inference.classification import ClassifierSettings
from ecgmon.monitor.pipeline.pipeline import PipelineSettings


def evaluate_rhythm(arguments: argparse.Namespace, stems: Sequence[Path]) -> int:
    """Score the rhythms of records, print and save the tables.

    Parameters
    ----------
    arguments : argparse.Namespace
        Options of ``evaluate``.
    stems : sequence of Path
        Records to score.

    Raises
    ------
    EcgmonError
        A record or annotation file cannot be used, or a result cannot be written.
    """
    pipeline = PipelineSettings(classifier=ClassifierSettings(model=arguments.model))
    jobs = [
        Job(
            record=stem,
            channel=arguments.channel,
            block_samples=arguments.chunk,
            annotations=arguments.annotations,
            annotator=arguments.annotator,
            pipeline=pipeline,
        )
        for stem in stems
    ]
    found: dict[str, RhythmScore] = {}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"Scoring {len(jobs)} records", total=len(jobs))
        for score in in_parallel(run_rhythm_job, jobs, arguments.jobs):
            found[score.record] = score
            progress.advance(task)
    scores = [found[job.record.name] for job in jobs]
    tables = {
        "rhythms": rhythm_table(scores),
        "records": record_table(scores),
        "episodes": episode_table(scores),
    }
    hours = sum(score.duration_s for score in scores) / 3600
    sys.stdout.write(f"{len(scores)} records, {hours:.1f} hours\n\n")
    sys.stdout.write("\n".join(table.to_text() for table in tables.values()))
    if arguments.out is not None:
        _save(arguments.out, tables, scores)
    return 0


def _save(folder: Path, tables: dict[str, Table], scores: Sequence[RhythmScore]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            (folder / f"{name}.txt").write_text(table.to_text(), encoding="utf-8")
            (folder / f"{name}.csv").write_text(table.to_csv(), encoding="utf-8")
        draw_rhythms(scores, folder / "rhythms.png")
    except OSError as error:
        raise OutputError(f"The scores cannot be written to {folder}: {error.strerror}.") from error
