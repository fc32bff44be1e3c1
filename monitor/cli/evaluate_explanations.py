"""Answers ``evaluate explanations``: whether the maps are true to the model."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from ecgmon.monitor.core.errors import OutputError, RecordError, UsageError
from ecgmon.monitor.evaluation.annotations import Annotations
from ecgmon.monitor.explain.choosing import choose_beats
from ecgmon.monitor.explain.proof import BeatFigures, Effort, ProofJob, prove
from ecgmon.monitor.explain.proof_picture import draw_proof
from ecgmon.monitor.explain.tables import proof_tables
from ecgmon.monitor.inference.registry import find_model
from ecgmon.sim.annotations import read_annotations


def evaluate_explanations(arguments: argparse.Namespace, stems: Sequence[Path]) -> int:
    """Explain beats of each class, measure, print, save; return the exit status.

    Parameters
    ----------
    arguments : argparse.Namespace
        Options of ``evaluate``.
    stems : sequence of Path
        Records to draw beats from.

    Raises
    ------
    EcgmonError
        A record or the model cannot be used, an extra is missing, or a result cannot be written.
    """
    if arguments.beats < 1:
        raise UsageError("--beats must be 1 or more.")
    contract = find_model(arguments.model).contract()
    references = {}
    for stem in stems:
        written = read_annotations(stem.parent, stem.name, "atr")
        references[str(stem)] = Annotations(written.samples, written.symbols), _rate_hz(stem)
    chosen = choose_beats(references, set(contract.symbols), arguments.beats, seed=0)
    jobs = [
        ProofJob(Path(stem), arguments.channel, tuple(beats), arguments.model, Effort())
        for stem, beats in chosen.items()
    ]
    beats = _prove(jobs, arguments.jobs)
    if not beats:
        raise RecordError("No beat of these records was found and named right.", "Name other records.")
    wanted = sum(len(job.beats) for job in jobs)
    title = (
        f"{contract.name}: {len(beats)} of {wanted} beats drawn were found and named right, "
        f"of {len({beat.record for beat in beats})} records"
    )
    tables = proof_tables(beats)
    texts = [f"{name}\n{table.to_text()}" for name, table in tables.items()]
    sys.stdout.write("\n".join([title + "\n", *texts]))
    if arguments.out is not None:
        try:
            arguments.out.mkdir(parents=True, exist_ok=True)
            for name, table in tables.items():
                (arguments.out / f"{name}.txt").write_text(table.to_text(), encoding="utf-8")
                (arguments.out / f"{name}.csv").write_text(table.to_csv(), encoding="utf-8")
            draw_proof(beats, title, arguments.out / "explanations.png")
        except OSError as error:
            raise OutputError(
                f"The figures cannot be written to {arguments.out}: {error.strerror}."
            ) from error
    return 0


def _rate_hz(stem: Path) -> float:
    """Return the sampling rate from a record's header, without reading its signals."""
    try:
        return float(stem.with_suffix(".hea").read_text(encoding="ascii").split()[2].split("/")[0])
    except (OSError, IndexError, ValueError) as error:
        raise RecordError(f"The header of record {stem} cannot be read.") from error


def _prove(jobs: list[ProofJob], processes: int) -> list[BeatFigures]:
    beats: list[BeatFigures] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"Explaining beats of {len(jobs)} records", total=len(jobs))
        for some in _results(jobs, processes):
            beats += some
            progress.advance(task)
    return sorted(beats, key=lambda beat: (beat.record, beat.symbol))


def _results(jobs: list[ProofJob], processes: int) -> Iterator[list[BeatFigures]]:
    if processes <= 1 or len(jobs) == 1:
        yield from map(prove, jobs)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(jobs)), mp_context=context) as pool:
        futures = [pool.submit(prove, job) for job in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
