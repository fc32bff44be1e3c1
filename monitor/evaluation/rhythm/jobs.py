"""Scores the rhythms of one record: of the live pipeline, or of an annotation file."""

from __future__ import annotations

import numpy as np

from ecgmon.monitor.core.events import Beat, BeatRevision, RhythmChange
from ecgmon.monitor.evaluation.annotations import Annotations
from ecgmon.monitor.evaluation.beats.jobs import Job
from ecgmon.monitor.evaluation.records import live_events, one_lead, reference_of
from ecgmon.monitor.evaluation.rhythm.score import RhythmScore, RhythmTrack, score_rhythms
from ecgmon.monitor.evaluation.rhythm.spans import annotated_changes, spans_of
from ecgmon.monitor.pipeline.pipeline import Pipeline
from ecgmon.sim.annotations import read_annotations
from ecgmon.sim.record import Record, Reference, read_record


def run_rhythm_job(job: Job) -> RhythmScore:
    """Score one record.

    Raises
    ------
    RecordError
        The record cannot be read or has no reference.
    """
    record = read_record(job.record)
    reference = annotated_track(reference_of(record), record)
    if job.annotations is not None:
        test = annotated_track(read_annotations(job.annotations, record.name, job.annotator), record)
    else:
        test = live_track(record, job)
    return score_rhythms(record.name, reference, test, record.duration_s, record.fs_hz)


def annotated_track(marks: Reference, record: Record) -> RhythmTrack:
    """Return the rhythms and beats of an annotation file."""
    changes = annotated_changes(marks.samples, marks.symbols, marks.notes, record.fs_hz)
    return RhythmTrack(
        spans_of(changes, record.duration_s), Annotations(marks.samples, marks.symbols).beats()
    )


def live_track(record: Record, job: Job) -> RhythmTrack:
    """Run the live pipeline over a record and return its rhythms and beats."""
    lead = one_lead(record, job.channel)
    pipeline = Pipeline(job.pipeline, fs_hz=record.fs_hz)
    events = live_events(pipeline, lead, record.fs_hz, job.block_samples)
    changes = [
        (event.time_s, event.rhythm, event.known_at / record.fs_hz)
        for event in events
        if isinstance(event, RhythmChange)
    ]
    symbols = {event.sample: event.symbol for event in events if isinstance(event, Beat)}
    symbols |= {event.sample: event.symbol for event in events if isinstance(event, BeatRevision)}
    samples = sorted(symbols)
    beats = Annotations(
        np.array(samples, dtype=np.int64), np.array([symbols[at] for at in samples], dtype=np.str_)
    )
    return RhythmTrack(spans_of(changes, record.duration_s), beats)
