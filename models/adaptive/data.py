"""Beats as the live chain hands them to the model, with their reference labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgmon.models.adaptive.patients import IGNORED, label_of
from ecgmon.models.common.cache import cache_folder, cached, files_key
from ecgmon.models.common.windows import clean_windows, detector_key, front_end_key
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp.front_end import FrontEnd
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.dsp.resample import Resampler
from ecgmon.monitor.dsp.rpeak import RPeakDetector
from ecgmon.monitor.dsp.sanitise import Sanitiser
from ecgmon.monitor.dsp.segment import STD_FLOOR_MV, BeatSegmenter, BeatWindow
from ecgmon.monitor.evaluation.records import reference_of
from ecgmon.monitor.inference import atypical_beats, intervals, patient_features, templates
from ecgmon.monitor.inference.patient_features import POINTS, STRIDE, PatientContext
from ecgmon.sim.record import read_record

Float32 = NDArray[np.float32]

MATCH_SAMPLES = 0.15 * PIPELINE_HZ
"""A beat found belongs to the reference beat within this distance (EC57: 150 ms)."""

CHUNK = 36_000

ARRAYS = ("shapes", "features", "next_features", "sizes_mv", "labels", "samples", "others_mv")
"""What is kept of a `BeatSequence`, in its order."""


@dataclass(frozen=True, slots=True, eq=False)
class BeatSequence:
    """The beats of one lead of one record, in time.

    Parameters
    ----------
    database, record : str
        Where they come from.
    lead : int
        Which signal.
    shapes : float16 array of shape (n, 3, 120)
        `DescribedBeat.shapes`.
    features : float32 array of shape (n, 35)
        `DescribedBeat.features`.
    next_features : float32 array of shape (n, 5)
        What the following beat adds to each; zeros for the last.
    sizes_mv : float32 array of shape (n,)
        What the first shape was divided by.
    labels : int array of shape (n,)
        Labels of `ecgmon.models.adaptive.patients`.
    samples : int array of shape (n,)
        Pipeline index of the R wave.
    others_mv : float16 array of shape (n, 120)
        The windows of the record's other signal at these beats, at 120 Hz, less their means; not a
        number where that signal has no whole window, and in beats that were put together.
    invented : str
        The rhythm that its beats were put into, or what else was made of them; empty for a record
        as it is.
    """

    database: str
    record: str
    lead: int
    shapes: NDArray[np.float16]
    features: Float32
    next_features: Float32
    sizes_mv: Float32
    labels: NDArray[np.int64]
    samples: NDArray[np.int64]
    others_mv: NDArray[np.float16]
    invented: str = ""

    @property
    def points_mv(self) -> NDArray[np.float64]:
        """The windows in millivolts at 120 Hz, less their means; shape (n, 120)."""
        return self.shapes[:, 0].astype(np.float64) * self.sizes_mv[:, None]


def live_windows(samples_mv: Samples, fs_hz: float) -> list[BeatWindow]:
    """Run one lead through the live operators and return every beat's window.

    Parameters
    ----------
    samples_mv : array of shape (n,)
        The lead in millivolts.
    fs_hz : float
        Its rate in Hz.
    """
    sanitiser, resampler = Sanitiser(), Resampler(fs_hz)
    front_end, detector, segmenter = FrontEnd(), RPeakDetector(), BeatSegmenter()
    windows: list[BeatWindow] = []
    for at in range(0, samples_mv.size, CHUNK):
        raw = resampler.process(sanitiser.process(samples_mv[at : at + CHUNK])[0])
        peaks = [round(peak.sample) for peak in detector.process(raw)]
        windows += segmenter.process(front_end.process(raw), peaks)
    return windows


def match(found: NDArray[np.int64], reference: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return for each beat found the reference beat nearest to it, or -1; one to one.

    Parameters
    ----------
    found, reference : array
        Ascending positions at 360 Hz.
    """
    partner = np.full(found.size, -1, dtype=np.int64)
    if not reference.size or not found.size:
        return partner
    right = np.clip(np.searchsorted(reference, found), 1, max(1, reference.size - 1))
    left = right - 1
    right = np.minimum(right, reference.size - 1)
    nearest = np.where(np.abs(reference[left] - found) <= np.abs(reference[right] - found), left, right)
    distance = np.abs(reference[nearest] - found)
    taken = np.zeros(reference.size, dtype=np.bool_)
    for i in np.argsort(distance, kind="stable"):
        if distance[i] <= MATCH_SAMPLES and not taken[nearest[i]]:
            partner[i] = nearest[i]
            taken[nearest[i]] = True
    return partner


def build_sequence(folder: Path, database: str, record: str, lead: int) -> BeatSequence:
    """Cut and describe all beats of one lead.

    Parameters
    ----------
    folder : Path
        Folder with one folder a database.
    database, record : str
        What to read.
    lead : int
        Which signal.

    Raises
    ------
    RecordError
        The record is missing or damaged, or nobody annotated it.
    """
    signal = read_record(folder / database / record)
    notes = reference_of(signal)
    fs_hz = signal.fs_hz
    labels = np.array([label_of(str(symbol), database) for symbol in notes.symbols], dtype=np.int64)
    beats = labels != IGNORED
    reference = notes.samples[beats] * (PIPELINE_HZ / fs_hz)
    own, other = signal.samples_mv(order=(lead, 1 - lead))
    windows = live_windows(own, fs_hz)
    cut = [(window.r, window.samples_mv) for window in windows if window.samples_mv is not None]
    samples = np.array([r for r, _ in cut], dtype=np.int64)
    points = np.stack([window.reshape(-1, STRIDE).mean(axis=1) for _, window in cut])
    partner = match(samples, reference)
    truth = np.where(partner < 0, IGNORED, labels[beats][partner])
    described = describe_beats(database, record, lead, points, samples, truth)
    return replace(described, others_mv=_points_at(other, fs_hz, samples))


def _points_at(samples_mv: Samples, fs_hz: float, r: NDArray[np.int64]) -> NDArray[np.float16]:
    """Return the windows of one lead at given R waves, less their means; shape (n, 120)."""
    raw = Resampler(fs_hz).process(Sanitiser().process(samples_mv)[0])
    whole, windows = clean_windows(raw, r.tolist(), margin=0)
    rows = np.full((r.size, POINTS), np.nan, dtype=np.float16)
    points = windows.reshape(-1, POINTS, STRIDE).mean(axis=2)
    rows[whole] = points - points.mean(axis=1, keepdims=True)
    return rows


def describe_beats(
    database: str,
    record: str,
    lead: int,
    points_mv: Samples,
    samples: NDArray[np.int64],
    labels: NDArray[np.int64],
) -> BeatSequence:
    """Describe beats in time, each against the ones before it.

    Parameters
    ----------
    database, record, lead
        Where they come from.
    points_mv : array of shape (n, 120)
        Their windows at 120 Hz.
    samples, labels : int array of shape (n,)
        R waves and labels.
    """
    patient = PatientContext()
    rows = [patient.describe_points(r, points) for r, points in zip(samples.tolist(), points_mv, strict=True)]
    described = [beat for beat in rows if beat is not None]
    next_features = np.array([beat.next_features for beat in described], dtype=np.float32)
    sizes = np.maximum(points_mv.std(axis=1), STD_FLOOR_MV)
    return BeatSequence(
        database,
        record,
        lead,
        np.stack([beat.shapes for beat in described]).astype(np.float16),
        np.array([beat.features for beat in described], dtype=np.float32),
        np.concatenate((next_features[1:], np.zeros_like(next_features[:1]))),
        sizes.astype(np.float32),
        labels,
        samples,
        np.full(points_mv.shape, np.nan, dtype=np.float16),
    )


def beats_key() -> str:
    """Return a short name of all that makes the beats, for the folder that caches them.

    It changes with the front end, the detector's file and code, and the code that describes beats.
    """
    code = (patient_features, intervals, templates, atypical_beats)
    return files_key((Path(module.__file__ or "") for module in code), front_end_key(), detector_key())


def load_sequences(
    folder: Path, records: Iterable[tuple[str, str]], say: Callable[[str], None] = print
) -> list[BeatSequence]:
    """Return both leads of each record that the folder holds, built once and then cached.

    Parameters
    ----------
    folder : Path
        Folder with one folder a database.
    records : iterable of (database, record)
        What to load; records that are not there are left out.
    say : callable
        Takes a line on progress.
    """
    cache = cache_folder("adaptive", beats_key())
    sequences = []
    for database, record in records:
        if not (folder / database / f"{record}.hea").is_file():
            continue
        for lead in (0, 1):
            path = cache / f"{database}-{record}-{lead}.npz"
            if not path.is_file():
                say(f"{database}/{record}, lead {lead}: cutting beats")
            rows = cached(path, partial(_arrays, folder, database, record, lead))
            shapes, features, following, sizes, labels, samples, others = (rows[name] for name in ARRAYS)
            sequences.append(
                BeatSequence(
                    database, record, lead, shapes, features, following, sizes, labels, samples, others
                )
            )
    return sequences


def _arrays(folder: Path, database: str, record: str, lead: int) -> dict[str, NDArray[Any]]:
    sequence = build_sequence(folder, database, record, lead)
    return {name: getattr(sequence, name) for name in ARRAYS}
