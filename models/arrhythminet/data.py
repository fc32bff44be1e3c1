"""The paper's data: N, L, R, A and V beats of MIT-BIH, split into sides before anything is resampled."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgmon.models.arrhythminet.network import CLASSES
from ecgmon.models.common.cache import cache_folder, cached, files_key
from ecgmon.models.common.command import data_folder
from ecgmon.models.common.windows import MARGIN_SAMPLES, detector_key, front_end_key, read_beats
from ecgmon.monitor.core.files import replacing
from ecgmon.monitor.dsp.segment import normalise

_SPANS = "100-109 111-119 121-124 200-203 205-205 207-210 212-215 217-217 219-223 228-228 230-234"
MITDB = tuple(
    str(number)
    for first, last in (span.split("-") for span in _SPANS.split())
    for number in range(int(first), int(last) + 1)
)
"""All 48 records."""

HELD_OUT_PER_CLASS = 1200
VALIDATION_PER_CLASS = 150

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Beats:
    """All beats of the data set, in the order of records and time.

    Parameters
    ----------
    windows_mv : float32 array of shape (n, 2, 360 + 2 * margin)
        Clean windows of both leads in millivolts; may be mapped from a file.
    labels : array of shape (n,)
        Index into `CLASSES`.
    records : array of shape (n,)
        Name of each beat's record.
    samples : array of shape (n,)
        Reference R wave at 360 Hz.
    live_offsets : int array of shape (n, 2)
        Samples from the reference to where the live detector puts the R wave, in each lead.
    """

    windows_mv: NDArray[np.float32]
    labels: Index
    records: NDArray[np.str_]
    samples: Index
    live_offsets: Index

    def served(self, which: Index, lead: int = 0, *, live: bool = False) -> NDArray[np.float32]:
        """Return windows as the classifier is served them.

        Parameters
        ----------
        which : array of int
            Beats.
        lead : int
            Which of the two signals.
        live : bool
            Around the R waves of the live detector and not those of the reference.

        Returns
        -------
        float32 array of shape (len(which), 360)
            Normalised windows.
        """
        width = self.windows_mv.shape[2] - 2 * MARGIN_SAMPLES
        shift = np.clip(self.live_offsets[which, lead], -MARGIN_SAMPLES, MARGIN_SAMPLES) if live else 0
        places = MARGIN_SAMPLES + np.reshape(shift, (-1, 1)) + np.arange(width)
        return normalise(np.take_along_axis(self.windows_mv[which, lead], places, axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Indices of the beats on each side; no beat is on two.

    Parameters
    ----------
    train, validation, test : arrays of int
        Sorted indices into `Beats`. ``test`` and ``validation`` hold the same number of
        beats of every class; ``train`` is all the rest.
    """

    train: Index
    validation: Index
    test: Index


def database_folder(data_dir: Path | None) -> Path:
    """Return the folder that holds the MIT-BIH records.

    Parameters
    ----------
    data_dir : Path or None
        A folder with the records, or with ``mitdb`` in it; ``ECGMON_DATA`` if None.

    Raises
    ------
    RecordError
        It is not there.
    """
    if data_dir is not None and (data_dir / "100.hea").is_file():
        return data_dir
    return data_folder(data_dir, "mitdb") / "mitdb"


def load_beats(folder: Path, say: Callable[[str], None] = print, records: Sequence[str] = MITDB) -> Beats:
    """Return the data set, built once for each front end and detector and then cached.

    Parameters
    ----------
    folder : Path
        Folder with the records.
    say : callable
        Takes a line on progress.
    records : sequence of str
        Which; all 48 by default.
    """
    cache = cache_folder("mitdb", files_key((), front_end_key(), detector_key(), *records))
    windows = cache / "windows.npy"

    def cut() -> dict[str, NDArray[Any]]:
        parts = []
        for number, record in enumerate(records, 1):
            say(f"{record}: cutting beats ({number} of {len(records)})")
            parts.append(read_beats(folder, record, CLASSES))
        with replacing(windows) as path:
            np.save(path, np.concatenate([part.windows_mv for part in parts]))
        symbols = np.concatenate([part.symbols for part in parts])
        return {
            "labels": np.array([CLASSES.index(symbol) for symbol in symbols], dtype=np.int64),
            "records": np.concatenate([np.full(len(part.samples), part.record) for part in parts]),
            "samples": np.concatenate([part.samples for part in parts]),
            "live_offsets": np.concatenate([part.live_offsets for part in parts]),
        }

    rows = cached(cache / "beats.npz", cut)
    return Beats(np.load(windows, mmap_mode="r"), **rows)


def split_beats(
    labels: Index,
    seed: int,
    held_out: int = HELD_OUT_PER_CLASS,
    validation: int = VALIDATION_PER_CLASS,
) -> Split:
    """Put each beat on one side, the same number of every class held out.

    Parameters
    ----------
    labels : array of shape (n,)
        Class of each beat.
    seed : int
        Decides which beats are held out.
    held_out, validation : int
        Beats of each class for the test and for the validation.
    """
    return _dealt(labels, np.arange(len(labels)), np.random.default_rng(seed), held_out, validation)


def split_patients(
    beats: Beats, tested: Collection[str], seed: int, validation: int = VALIDATION_PER_CLASS
) -> Split:
    """Put all beats of some records on the test side, the others on the other sides.

    Parameters
    ----------
    beats : Beats
        The data set.
    tested : collection of str
        Records that are tested, and neither trained nor validated on.
    seed : int
        Decides which beats of the others are for validation.
    validation : int
        Beats of each class for it.
    """
    out = np.isin(beats.records, list(tested))
    sides = _dealt(beats.labels, np.flatnonzero(~out), np.random.default_rng(seed), 0, validation)
    return Split(sides.train, sides.validation, np.flatnonzero(out))


def _dealt(labels: Index, among: Index, rng: np.random.Generator, held_out: int, validation: int) -> Split:
    """Deal beats to the sides, class by class."""
    test, check, train = [], [], []
    for label in np.unique(labels[among]):
        order = rng.permutation(among[labels[among] == label])
        test.append(order[:held_out])
        check.append(order[held_out : held_out + validation])
        train.append(order[held_out + validation :])
    train_, check_, test_ = (np.sort(np.concatenate(side)) for side in (train, check, test))
    return Split(train_, check_, test_)
