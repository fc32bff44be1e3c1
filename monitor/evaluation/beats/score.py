"""Score one record: detection of QRS complexes, classification of beats, runs of ectopic beats."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.ecg_codes import AAMI_CLASSES, PACED_BEAT
from ecgmon.monitor.evaluation.annotations import Annotations
from ecgmon.monitor.evaluation.beats.matching import Matches, match_beats
from ecgmon.monitor.evaluation.beats.runs import RunCounts, score_runs

LABELS = "".join(AAMI_CLASSES)
"""AAMI classes, the order of the confusion matrix; its last row and column count what has no partner."""

Seconds = NDArray[np.float64]


class ScoringSettings(Settings):
    """How beats are compared.

    Parameters
    ----------
    window_s : float
        Largest distance, in seconds, at which two annotations are the same beat; EC57
        says 0.15.
    learning_s : float
        Seconds at the start that are not scored. EC57 allows 300; 0 scores everything.
    skip_flutter : bool
        Leave out what a detector finds within ventricular flutter or fibrillation.
    """

    window_s: float = Field(default=0.150, gt=0, le=1)
    learning_s: float = Field(default=0.0, ge=0)
    skip_flutter: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class DetectedBeats:
    """What is to be scored.

    Parameters
    ----------
    samples : array of shape (n,)
        Sample indices of the beats, ascending.
    symbols : array of str, shape (n,)
        WFDB beat symbols.
    r_latency_s, class_latency_s : array of shape (n,), or empty
        Seconds of signal between the R wave and the sample at which it, and its class,
        were known.
    """

    samples: NDArray[np.int64]
    symbols: NDArray[np.str_]
    r_latency_s: Seconds = field(default_factory=lambda: np.zeros(0))
    class_latency_s: Seconds = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, slots=True, eq=False)
class RecordScore:
    """Everything counted on one record, or on several together.

    Parameters
    ----------
    record : str
        Name.
    confusion : integer array of shape (6, 6)
        Reference class down, test class across, in the order of `LABELS`; the last row
        holds extra beats, the last column missed ones.
    r_error_s : array
        Test minus reference for each pair, in seconds.
    r_latency_s, class_latency_s : array
        As in `DetectedBeats`, of the scored beats.
    veb_runs, sveb_runs : RunCounts
        Couplets and runs of ventricular and supraventricular ectopic beats.
    paced : bool
        The record has paced beats; EC57 leaves such records out of beat classification.
    """

    record: str
    confusion: NDArray[np.int64]
    r_error_s: Seconds
    r_latency_s: Seconds
    class_latency_s: Seconds
    veb_runs: RunCounts
    sveb_runs: RunCounts
    paced: bool = False

    @property
    def found(self) -> int:
        """Reference beats that were found."""
        return int(self.confusion[:-1, :-1].sum())

    @property
    def missed(self) -> int:
        """Reference beats that were not found."""
        return int(self.confusion[:-1, -1].sum())

    @property
    def extra(self) -> int:
        """Test beats that are none."""
        return int(self.confusion[-1, :-1].sum())


def score_record(
    record: str,
    reference: Annotations,
    test: DetectedBeats,
    fs_hz: float,
    settings: ScoringSettings | None = None,
) -> RecordScore:
    """Compare a record's beats with its reference.

    Parameters
    ----------
    record : str
        Name for the table.
    reference : Annotations
        The truth, non-beats included.
    test : DetectedBeats
        What is to be scored.
    fs_hz : float
        Sampling rate of the record in Hz.
    settings : ScoringSettings, optional
        Window, learning period, flutter.
    """
    settings = settings or ScoringSettings()
    window = settings.window_s * fs_hz
    beats = reference.beats()
    pairs = match_beats(beats.samples, test.samples, window)
    flutter = reference.flutter() if settings.skip_flutter else np.zeros((0, 2), dtype=np.int64)
    pairs = _scored(pairs, beats.samples, test.samples, flutter, settings.learning_s * fs_hz)
    classes = beats.classes()
    labels = Annotations(test.samples, test.symbols).classes()
    return RecordScore(
        record=record,
        confusion=_confusion(pairs, classes, labels),
        r_error_s=(test.samples[pairs.test] - beats.samples[pairs.reference]) / fs_hz,
        r_latency_s=_of(test.r_latency_s, pairs),
        class_latency_s=_of(test.class_latency_s, pairs),
        veb_runs=score_runs(beats.samples, classes, test.samples, labels, "VF", window, flutter),
        sveb_runs=score_runs(beats.samples, classes, test.samples, labels, "S", window, flutter),
        paced=bool((beats.symbols == PACED_BEAT).any()),
    )


def pool(name: str, scores: list[RecordScore]) -> RecordScore:
    """Count several records as one ("gross" in EC57: every beat weighs the same)."""
    return RecordScore(
        record=name,
        confusion=np.sum([score.confusion for score in scores], axis=0, dtype=np.int64),
        r_error_s=np.concatenate([score.r_error_s for score in scores]),
        r_latency_s=np.concatenate([score.r_latency_s for score in scores]),
        class_latency_s=np.concatenate([score.class_latency_s for score in scores]),
        veb_runs=sum((score.veb_runs for score in scores), RunCounts()),
        sveb_runs=sum((score.sveb_runs for score in scores), RunCounts()),
        paced=any(score.paced for score in scores),
    )


def _scored(
    pairs: Matches,
    reference: NDArray[np.int64],
    test: NDArray[np.int64],
    flutter: NDArray[np.int64],
    start: float,
) -> Matches:
    """Drop what lies in the learning period, and extra beats within flutter."""
    kept = reference[pairs.reference] >= start
    extra = pairs.extra[test[pairs.extra] >= start]
    times = test[extra][:, None]
    inside = ((times >= flutter[:, 0]) & (times <= flutter[:, 1])).any(axis=1)
    missed = pairs.missed[reference[pairs.missed] >= start]
    return Matches(pairs.reference[kept], pairs.test[kept], missed, extra[~inside])


def _confusion(pairs: Matches, classes: NDArray[np.str_], labels: NDArray[np.str_]) -> NDArray[np.int64]:
    size = len(LABELS) + 1
    none = np.int64(size - 1)
    truth, found = _numbers(classes), _numbers(labels)
    rows = np.concatenate([truth[pairs.reference], truth[pairs.missed], np.full(pairs.extra.size, none)])
    columns = np.concatenate([found[pairs.test], np.full(pairs.missed.size, none), found[pairs.extra]])
    return np.bincount(rows * size + columns, minlength=size * size).reshape(size, size).astype(np.int64)


def _numbers(classes: NDArray[np.str_]) -> NDArray[np.int64]:
    return np.array([LABELS.index(label) for label in classes.tolist()], dtype=np.int64)


def _of(values: Seconds, pairs: Matches) -> Seconds:
    return values[pairs.test] if values.size else values
