"""Score many records on the cores there are: run the live pipeline over each, or read a file."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.core.events import Beat, BeatRevision, Event, SampleBlock
from ecgmon.monitor.evaluation.annotations import Annotations
from ecgmon.monitor.evaluation.beats.score import DetectedBeats, RecordScore, ScoringSettings, score_record
from ecgmon.monitor.pipeline.pipeline import Pipeline, PipelineSettings
from ecgmon.sim.annotations import read_annotations
from ecgmon.sim.record import Record, read_record

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job:
    """One record to score.

    Parameters
    ----------
    record : Path
        The record's files, without suffix.
    channel : int
        The lead to analyse.
    block_samples : int
        Samples of each block fed to the pipeline.
    annotations : Path, optional
        Folder of annotation files to score in place of the pipeline.
    annotator : str
        Their suffix.
    pipeline : PipelineSettings
        Settings of the chain.
    scoring : ScoringSettings
        Match window, learning period, flutter.
    provisional : bool
        Score each beat's first class, before the next interval could revise it.
    """

    record: Path
    channel: int = 0
    block_samples: int = 360
    annotations: Path | None = None
    annotator: str = "ecgmon"
    pipeline: PipelineSettings = field(default_factory=PipelineSettings)
    scoring: ScoringSettings = field(default_factory=ScoringSettings)
    provisional: bool = False


def run_jobs(jobs: Sequence[Job], processes: int) -> Iterator[RecordScore]:
    """Score records, several at a time; yield each as it is done, in any order.

    Parameters
    ----------
    jobs : sequence of Job
        What to score.
    processes : int
        Number of processes; 1 stays in this one.

    Raises
    ------
    RecordError
        A record cannot be read or has no reference.
    """
    yield from in_parallel(run_job, jobs, processes)


def in_parallel(work: Callable[[Job], T], jobs: Sequence[Job], processes: int) -> Iterator[T]:
    """Do some work on each record, several at a time; yield each result as it is done.

    Parameters
    ----------
    work : callable
        A function of a module, so that another process can find it.
    jobs : sequence of Job
        What to work on.
    processes : int
        Number of processes; 1 stays in this one.
    """
    if processes <= 1 or len(jobs) == 1:
        yield from map(work, jobs)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(jobs)), mp_context=context) as pool:
        futures = [pool.submit(work, job) for job in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def run_job(job: Job) -> RecordScore:
    """Score one record."""
    record = read_record(job.record)
    if record.reference is None:
        raise RecordError(f"Record {record.name} has no reference annotations (.atr) to score against.")
    if job.annotations is not None:
        written = read_annotations(job.annotations, record.name, job.annotator)
        beats = Annotations(written.samples, written.symbols).beats()
        detected = DetectedBeats(beats.samples, beats.symbols)
    else:
        detected = find_beats(
            one_lead(record, job.channel),
            record.fs_hz,
            job.pipeline,
            block_samples=job.block_samples,
            provisional=job.provisional,
        )
    reference = Annotations(record.reference.samples, record.reference.symbols)
    return score_record(record.name, reference, detected, record.fs_hz, job.scoring)


def find_beats(
    samples_mv: NDArray[np.float64],
    fs_hz: float,
    settings: PipelineSettings | None = None,
    *,
    block_samples: int = 360,
    provisional: bool = False,
) -> DetectedBeats:
    """Run the live pipeline over a signal and collect its beats.

    Parameters
    ----------
    samples_mv : array of shape (n_samples,)
        One lead in millivolts.
    fs_hz : float
        Sampling rate in Hz.
    settings : PipelineSettings, optional
        Settings of the chain.
    block_samples : int
        Samples of each block.
    provisional : bool
        Keep each beat's first class, whatever the next interval says.
    """
    pipeline = Pipeline(settings, fs_hz=fs_hz)
    events: list[Event] = []
    for start in range(0, samples_mv.size, block_samples):
        block = SampleBlock(samples_mv[None, start : start + block_samples], start, fs_hz)
        events += pipeline.process(block)
    events += pipeline.finish()
    beats = sorted((event for event in events if isinstance(event, Beat)), key=lambda beat: beat.sample)
    revised = {event.sample: event.symbol for event in events if isinstance(event, BeatRevision)}
    if provisional:
        revised = {}
    samples = np.array([beat.sample for beat in beats], dtype=np.int64)
    return DetectedBeats(
        samples=samples,
        symbols=np.array([revised.get(beat.sample, beat.symbol) for beat in beats], dtype=np.str_),
        r_latency_s=(np.array([beat.r_known_at for beat in beats]) - samples) / fs_hz,
        class_latency_s=(np.array([beat.known_at for beat in beats]) - samples) / fs_hz,
    )


def one_lead(record: Record, channel: int) -> NDArray[np.float64]:
    """Return one lead of a record in millivolts, shape (n_samples,).

    Raises
    ------
    RecordError
        The record has no such lead.
    """
    if not 0 <= channel < len(record.leads):
        names = ", ".join(f"{number} ({lead})" for number, lead in enumerate(record.leads))
        raise RecordError(f"Record {record.name} has no channel {channel}.", f"It has {names}.")
    samples: NDArray[np.float64] = record.samples_mv(0, record.n_samples, (channel,))[0]
    return samples
