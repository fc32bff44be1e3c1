"""What other sampling rates cost: records brought to each rate, through the whole chain, scored.

``python -m benchmarks.rates --data-dir DIR [RECORD …]`` prints the table of `docs/python.md`;
``--lost`` prints what the quality features of a slow source lack (`ecgmon.monitor.dsp.quality_slow`).
"""

from __future__ import annotations

import argparse
import os
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from ecgmon import Beat, Event, Pipeline, Quality, Record, read_record
from ecgmon.monitor.core.ecg_codes import DS1_WITHOUT_201, DS2, PACED
from ecgmon.monitor.dsp.quality_features import CONTEXT_S, NAMES, SECOND, WINDOW, look
from ecgmon.monitor.dsp.quality_slow import RATES_HZ
from ecgmon.monitor.dsp.resample import Resampler
from ecgmon.monitor.evaluation.annotations import Annotations
from ecgmon.monitor.evaluation.beats.score import DetectedBeats, RecordScore, pool, score_record

RATES = (50.0, 64.0, 80.0, 94.5, 250.0, 360.0, 1000.0, 5000.0, 10_000.0)
BLOCK_S = 10
Samples = NDArray[np.float64]


def at_rate(samples_mv: Samples, fs_hz: float, target_hz: float) -> Samples:
    """Return a whole signal at another rate."""
    if fs_hz == target_hz:
        return samples_mv
    step = Fraction(target_hz).limit_denominator(200) / Fraction(fs_hz).limit_denominator(200)
    return np.asarray(signal.resample_poly(samples_mv, step.numerator, step.denominator))


def events_of(samples_mv: Samples, fs_hz: float) -> list[Event]:
    """Return what the pipeline makes of one lead."""
    pipeline = Pipeline(fs_hz=fs_hz)
    events: list[Event] = []
    size = round(BLOCK_S * fs_hz)
    for start in range(0, samples_mv.size, size):
        events += pipeline.process(samples_mv[start : start + size])
    return events + pipeline.finish()


def score(record: Record, events: list[Event], fs_hz: float) -> RecordScore:
    """Score the beats among the events, on the record's own time axis."""
    assert record.reference is not None
    beats = [event for event in events if isinstance(event, Beat)]
    found = DetectedBeats(
        np.array([round(beat.time_s * record.fs_hz) for beat in beats], dtype=np.int64),
        np.array([beat.symbol for beat in beats], dtype=np.str_),
        np.array([(beat.r_known_at - beat.sample) / fs_hz for beat in beats]),
        np.array([(beat.known_at - beat.sample) / fs_hz for beat in beats]),
    )
    reference = Annotations(record.reference.samples, record.reference.symbols)
    return score_record(record.name, reference, found, record.fs_hz)


def table(records: list[Record]) -> None:
    """Print one row a rate over all records."""
    print("| rate, Hz | missed | extra | F1 | class right | R known, p99 | class known, p99 | poor seconds |")
    print("| ---: |" + " ---: |" * 7)
    for fs_hz in RATES:
        scores, poor, seconds = [], 0, 0
        for record in records:
            samples_mv = np.nan_to_num(record.samples_mv(0, record.n_samples, (0,))[0])
            events = events_of(at_rate(samples_mv, record.fs_hz, fs_hz), fs_hz)
            scores.append(score(record, events, fs_hz))
            quality = [event.index for event in events if isinstance(event, Quality)]
            poor, seconds = poor + sum(index < 0.5 for index in quality), seconds + len(quality)
        whole = pool("all", scores)
        f1 = 2 * whole.found / (2 * whole.found + whole.missed + whole.extra)
        right = np.trace(whole.confusion[:-1, :-1]) / whole.found
        known = [np.percentile(latency, 99) for latency in (whole.r_latency_s, whole.class_latency_s)]
        print(
            f"| {fs_hz:g} | {whole.missed} | {whole.extra} | {f1:.4f} | {right:.1%} "
            f"| {known[0]:.2f} s | {known[1]:.2f} s | {poor / seconds:.1%} |",
            flush=True,
        )


def features(samples_mv: Samples, fs_hz: float) -> Samples:
    """Return the quality features of each second behind the first four, shape (n_seconds, 13)."""
    raw = Resampler(fs_hz).process(samples_mv)
    starts = range(0, raw.size - WINDOW + 1, SECOND)
    return np.concatenate([look(raw[None, start : start + WINDOW]).features for start in starts])


def lost(records: list[Record]) -> None:
    """Print the median difference of each quality feature between 360 Hz and slower rates."""
    for fs_hz in RATES_HZ:
        differences = []
        for record in records:
            samples_mv = np.nan_to_num(record.samples_mv(0, record.n_samples, (0,))[0])
            whole = features(samples_mv, record.fs_hz)
            slow = features(at_rate(samples_mv, record.fs_hz, fs_hz), fs_hz)
            count = min(len(whole), len(slow))
            differences.append(whole[CONTEXT_S:count] - slow[CONTEXT_S:count])
        middle = np.median(np.concatenate(differences), axis=0)
        print(
            f"{fs_hz:g} Hz: "
            + ", ".join(f"{name} {value:.2f}" for name, value in zip(NAMES, middle, strict=True))
        )


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", nargs="*", help="records of MIT-BIH (all 48)")
    parser.add_argument("--data-dir", default=os.environ.get("ECGMON_DATA"))
    parser.add_argument("--lost", action="store_true", help="what quality features lack at slow rates")
    options = parser.parse_args()
    if options.data_dir is None:
        parser.error("name the folder of the databases with --data-dir or ECGMON_DATA")
    every = DS1_WITHOUT_201 if options.lost else sorted((*DS1_WITHOUT_201, "201", *DS2, *PACED))
    records = [read_record(name, options.data_dir) for name in options.records or every]
    (lost if options.lost else table)(records)


if __name__ == "__main__":
    main()
