"""Measures whether scaling, turning over or resampling a signal changes which beats our detector finds.

    python -m benchmarks.detectors.invariance                  # the bundled records, under a minute
    python -m benchmarks.detectors.invariance --data-dir DIR   # the records that the shipped file never saw

Prints Markdown. Scaled signals are compared with what is found unscaled, other rates with the labels.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from benchmarks.detectors.cases import Case, cases
from benchmarks.detectors.detectors import Lead, Positions, ecgmon
from ecgmon.models.rpeak.patients import DS2_AND_PACED
from ecgmon.monitor.core.ecg_codes import AAMI_OF_SYMBOL
from ecgmon.monitor.evaluation.annotations import Annotations
from ecgmon.monitor.evaluation.beats.score import DetectedBeats, RecordScore, pool, score_record
from ecgmon.sim.library import BUNDLED

FACTORS = (0.2, 0.5, 2.0, 5.0, -1.0, -0.2, -5.0)
RATES_HZ = (360, 125, 128, 200, 250, 500, 1000)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, help="folder that holds mitdb; else the bundled records")
    folder = parser.parse_args().data_dir
    chosen = [
        case
        for case in cases("mitdb", folder or BUNDLED)
        if folder is None or f"mitdb/{case.name}" in DS2_AND_PACED
    ]
    sys.stdout.write(f"{len(chosen)} records\n\n")
    for line in (*scaling(chosen), "", *rates(chosen)):
        sys.stdout.write(line + "\n")


def scaling(chosen: Sequence[Case]) -> list[str]:
    """Return a table with a row for each factor: beats found with it or without it, but not with both."""
    plain = [_found(case, 1.0) for case in chosen]
    beats = sum(found.size for found in plain)
    rows = ["| factor | beats | lost | new | most in one record |", "| ---: |" + " ---: |" * 4]
    for factor in FACTORS:
        scores = [
            _score(case, _as_reference(case, found), _found(case, factor))
            for found, case in zip(plain, chosen, strict=True)
        ]
        lost, new = sum(score.missed for score in scores), sum(score.extra for score in scores)
        most = max(score.missed + score.extra for score in scores)
        rows.append(f"| {factor:g} | {beats} | {lost} | {new} | {most} |")
    return rows


def rates(chosen: Sequence[Case]) -> list[str]:
    """Return a table with a row for each rate: the score, and the most F1 that a record loses to it."""
    rows = ["| rate | missed | false | F1 | most lost by one record |", "| ---: |" + " ---: |" * 4]
    native: list[float] = []
    for rate_hz in RATES_HZ:
        scores = [_score(case, case.reference, _found_at(case, rate_hz)) for case in chosen]
        values = [_f1(score) for score in scores]
        native = native or values
        lost = max(own - value for own, value in zip(native, values, strict=True))
        total = pool("all", scores)
        rows.append(f"| {rate_hz} Hz | {total.missed} | {total.extra} | {_f1(total):.4f} | {lost:.4f} |")
    return rows


def _f1(score: RecordScore) -> float:
    return 2.0 * score.found / (2.0 * score.found + score.missed + score.extra)


def _found(case: Case, factor: float) -> Positions:
    return ecgmon(Lead(factor * case.samples_mv, case.fs_hz))


def _as_reference(case: Case, found: Positions) -> Annotations:
    """Return beats found outside flutter as if they were the labels, beside the marks of flutter."""
    for first, last in case.reference.flutter():
        found = found[(found < first) | (found > last)]
    others = ~np.isin(case.reference.symbols, list(AAMI_OF_SYMBOL))
    samples = np.concatenate((found, case.reference.samples[others]))
    symbols = np.concatenate((np.full(found.size, "N"), case.reference.symbols[others]))
    order = np.argsort(samples, kind="stable")
    return Annotations(samples[order], symbols[order])


def _found_at(case: Case, rate_hz: int) -> Positions:
    """Return what is found at a rate, in samples of the record's own."""
    ratio = Fraction(rate_hz) / Fraction(case.fs_hz)
    samples_mv = resample_poly(case.samples_mv, ratio.numerator, ratio.denominator)
    found = ecgmon(Lead(samples_mv, float(rate_hz)))
    return np.rint(found / float(ratio)).astype(np.int64)


def _score(case: Case, reference: Annotations, found: Positions) -> RecordScore:
    return score_record(case.name, reference, DetectedBeats(found, np.full(found.size, "N")), case.fs_hz)


if __name__ == "__main__":
    main()
