"""The command ``evaluate``: scores by EC57, of the live pipeline or of anybody's annotation files."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from ecgmon.monitor.cli.evaluate_alarms import evaluate_alarms
from ecgmon.monitor.cli.evaluate_rhythm import evaluate_rhythm
from ecgmon.monitor.core.ecg_codes import MITDB_SPLITS
from ecgmon.monitor.core.errors import OutputError, RecordError, UsageError
from ecgmon.monitor.evaluation.beats.report import beat_table, confusion_table, qrs_table, run_table, unpaced
from ecgmon.monitor.evaluation.beats.score import LABELS, RecordScore, ScoringSettings, pool
from ecgmon.monitor.evaluation.jobs import Job, run_jobs
from ecgmon.monitor.evaluation.picture import draw_classes, draw_detection
from ecgmon.monitor.evaluation.table import Table
from ecgmon.monitor.inference.classification import ClassifierSettings
from ecgmon.monitor.pipeline.pipeline import PipelineSettings
from ecgmon.sim.library import BUNDLED, DATA_ENVIRONMENT, cache_dir, find_record


def evaluate(arguments: argparse.Namespace) -> int:
    """Score, print, save; return the exit status.

    Raises
    ------
    EcgmonError
        A record or annotation file cannot be used, or a result cannot be written.
    """
    if arguments.chunk < 1 or arguments.jobs < 1:
        raise UsageError("--chunk and --jobs must be 1 or more.")
    if arguments.learning_s < 0:
        raise UsageError("--learning-s cannot be negative.")
    stems = _records(arguments)
    if arguments.what == "alarms":
        return evaluate_alarms(arguments, stems)
    if arguments.what == "rhythm":
        return evaluate_rhythm(arguments, stems)
    if arguments.what == "explanations":
        from ecgmon.monitor.cli.evaluate_explanations import (  # noqa: PLC0415 - the other scores do without it
            evaluate_explanations,
        )

        return evaluate_explanations(arguments, stems)
    jobs = [
        Job(
            record=stem,
            channel=arguments.channel,
            block_samples=arguments.chunk,
            annotations=arguments.annotations,
            annotator=arguments.annotator,
            pipeline=PipelineSettings(classifier=ClassifierSettings(model=arguments.model)),
            scoring=ScoringSettings(learning_s=arguments.learning_s),
            provisional=arguments.provisional,
        )
        for stem in stems
    ]
    scores = _score(jobs, arguments.jobs)
    tables = _tables(arguments.what, scores)
    sys.stdout.write("\n".join(table.to_text() for table in tables.values()))
    if arguments.out is not None:
        _save(arguments.out, arguments.what, tables, scores)
    return 0


def _records(arguments: argparse.Namespace) -> list[Path]:
    names: Sequence[str] = arguments.records
    if arguments.split:
        names = [*names, *MITDB_SPLITS[arguments.split]]
    if names:
        return [find_record(name, arguments.data_dir) for name in names]
    folders = [arguments.data_dir or os.environ.get(DATA_ENVIRONMENT), BUNDLED, cache_dir()]
    for folder in (Path(folder).expanduser() for folder in folders if folder):
        stems = _stems(folder / arguments.database) or _stems(folder, arguments.database)
        if stems:
            return stems
        if folder == arguments.data_dir:
            break
    raise RecordError(
        f"No record of {arguments.database} with reference annotations is here.",
        f"Name records, give --data-dir FOLDER or set {DATA_ENVIRONMENT}.",
    )


def _stems(folder: Path, named: str = "") -> list[Path]:
    if named and folder.name != named:
        return []
    return sorted(path.with_suffix("") for path in folder.glob("*.atr") if path.with_suffix(".hea").is_file())


def _score(jobs: list[Job], processes: int) -> list[RecordScore]:
    scores: dict[str, RecordScore] = {}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"Scoring {len(jobs)} records", total=len(jobs))
        for score in run_jobs(jobs, processes):
            scores[score.record] = score
            progress.advance(task)
    return [scores[job.record.name] for job in jobs]


def _tables(what: str, scores: list[RecordScore]) -> dict[str, Table]:
    if what == "qrs":
        return {"qrs": qrs_table(scores)}
    gross = pool("gross", unpaced(scores))
    return {"beats": beat_table(scores), "runs": run_table(gross), "confusion": confusion_table(gross)}


def _save(folder: Path, what: str, tables: dict[str, Table], scores: list[RecordScore]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            (folder / f"{name}.txt").write_text(table.to_text(), encoding="utf-8")
            (folder / f"{name}.csv").write_text(table.to_csv(), encoding="utf-8")
        if what == "qrs":
            draw_detection(scores, folder / "qrs.png")
        else:
            draw_classes(pool("gross", unpaced(scores)), LABELS, folder / "beats.png")
    except OSError as error:
        raise OutputError(f"The scores cannot be written to {folder}: {error.strerror}.") from error
