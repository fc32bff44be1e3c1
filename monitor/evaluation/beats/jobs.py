"""Scores the beats of one record: of the live pipeline, or of an annotation file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.events import Beat, BeatRevision, Event
from ecgmon.monitor.evaluation.annotations import Annotations
from ecgmon.monitor.evaluation.beats.score import DetectedBeats, RecordScore, ScoringSettings, score_record
from ecgmon.monitor.evaluation.records import live_events, one_lead, reference_of
from ecgmon.monitor.pipeline.pipeline import Pipeline, PipelineSettings
from ecgmon.sim.annotations import read_annotations
from ecgmon.sim.record import read_record


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


def run_job(job: Job) -> RecordScore:
    """Score one record.

    Raises
    ------
    RecordError
        The record cannot be read or has no reference.
    """
    record = read_record(job.record)
    reference = reference_of(record)
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
    truth = Annotations(reference.samples, reference.symbols)
    return score_record(record.name, truth, detected, record.fs_hz, job.scoring)


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
    events = live_events(Pipeline(settings, fs_hz=fs_hz), samples_mv, fs_hz, block_samples)
    return beats_among(events, fs_hz, provisional=provisional)


def beats_among(events: Sequence[Event], fs_hz: float, *, provisional: bool = False) -> DetectedBeats:
    """Return the beats among events, each with its final class.

    Parameters
    ----------
    events : sequence of Event
        What a pipeline told.
    fs_hz : float
        Sampling rate in Hz.
    provisional : bool
        Keep each beat's first class, whatever the next interval says.
    """
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
