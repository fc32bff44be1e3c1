"""Beat windows of whole records, cut by the operators that run live: the one front end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgmon.models.common.cache import files_key
from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.zoo import shipped_file
from ecgmon.monitor.dsp import FRONT_END_VERSION, rpeak
from ecgmon.monitor.dsp.front_end import FrontEndSettings, clean_record
from ecgmon.monitor.dsp.rpeak import RPeakDetector
from ecgmon.monitor.dsp.segment import BeatSegmenter, SegmentSettings
from ecgmon.sim.record import read_record

MARGIN_SAMPLES = 24
"""Extra samples on both sides of a stored window, so that training can shift the beat."""

_CHUNK_SAMPLES = 3600
_MATCH_SAMPLES = round(0.15 * PIPELINE_HZ)


@dataclass(frozen=True, slots=True, eq=False)
class RecordBeats:
    """The annotated beats of one record.

    Parameters
    ----------
    record : str
        Name of the record.
    samples : array of shape (n,)
        Reference R waves at 360 Hz.
    symbols : array of shape (n,)
        WFDB beat symbols.
    live_offsets : int array of shape (n, leads)
        Samples from the reference to where the live detector puts the R wave, in each lead;
        0 for a beat that it does not find within 150 ms.
    windows_mv : float32 array of shape (n, leads, width + 2 * margin)
        Clean signal in millivolts around each reference R wave.
    """

    record: str
    samples: NDArray[np.int64]
    symbols: NDArray[np.str_]
    live_offsets: NDArray[np.int64]
    windows_mv: NDArray[np.float32]


def front_end_key(window: SegmentSettings | None = None) -> str:
    """Return a short name of the front end as it is, for the folder that caches its output.

    Parameters
    ----------
    window : SegmentSettings, optional
        Shape of the windows cut, if not the usual one.
    """
    settings = (FrontEndSettings(), window or SegmentSettings())
    return f"{FRONT_END_VERSION}-{files_key((), *(item.model_dump_json() for item in settings))}"


def detector_key() -> str:
    """Return a short name of the live detector as it is: of its network, its settings and its code."""
    return files_key([*Path(rpeak.__file__).parent.glob("rpeak*.py"), shipped_file("rpeak")])


def clean_windows(
    raw_mv: NDArray[np.float64],
    r_samples: Sequence[int],
    margin: int = MARGIN_SAMPLES,
    window: SegmentSettings | None = None,
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Run one lead through the live front end and segmenter.

    Parameters
    ----------
    raw_mv : array of shape (n,)
        A whole lead at 360 Hz, in millivolts.
    r_samples : sequence of int
        R waves, ascending.
    margin : int
        Extra samples on both sides of each window.
    window : SegmentSettings, optional
        Its shape, if not the usual one.

    Returns
    -------
    kept : bool array of shape (beats,)
        False for a beat whose window would reach over an end of the record.
    windows_mv : float32 array of shape (kept beats, width + 2 * margin)
        Clean windows in millivolts, not normalised.
    """
    live = window or SegmentSettings()
    segmenter = BeatSegmenter(
        SegmentSettings(
            before_samples=live.before_samples + margin,
            after_samples=live.after_samples + margin,
            history_s=60.0,
        )
    )
    clean = clean_record(raw_mv)
    r = np.asarray(r_samples, dtype=np.int64)
    cut: dict[int, NDArray[np.float64]] = {}
    for start in range(0, len(clean), _CHUNK_SAMPLES):
        beats = r[np.searchsorted(r, start) : np.searchsorted(r, start + _CHUNK_SAMPLES)]
        for found in segmenter.process(clean[start : start + _CHUNK_SAMPLES], beats.tolist()):
            if found.samples_mv is not None:
                cut[found.r] = found.samples_mv
    kept = np.array([int(at) in cut for at in r], dtype=bool)
    width = live.before_samples + live.after_samples + 2 * margin
    rows = [cut[int(at)] for at in r[kept]]
    return kept, np.asarray(rows, dtype=np.float32).reshape(-1, width)


def live_offsets(raw_mv: NDArray[np.float64], r_samples: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how far from each reference R wave the live detector puts it.

    Parameters
    ----------
    raw_mv : array of shape (n,)
        A whole lead at 360 Hz, in millivolts.
    r_samples : array of shape (beats,)
        Reference R waves, ascending.

    Returns
    -------
    int array of shape (beats,)
        In samples; 0 for a beat not found within 150 ms.
    """
    found = np.array([peak.sample for peak in RPeakDetector().process(raw_mv)])
    if not found.size:
        return np.zeros(len(r_samples), dtype=np.int64)
    right = np.clip(np.searchsorted(found, r_samples), 1, max(1, found.size - 1))
    pair = np.stack([found[right - 1], found[np.minimum(right, found.size - 1)]]) - r_samples
    offsets = np.where(np.abs(pair[0]) <= np.abs(pair[1]), pair[0], pair[1])
    return np.where(np.abs(offsets) <= _MATCH_SAMPLES, np.rint(offsets), 0).astype(np.int64)


def read_beats(
    folder: Path, record: str, symbols: Sequence[str], window: SegmentSettings | None = None
) -> RecordBeats:
    """Read a WFDB record at 360 Hz and cut the windows of its beats, in all leads.

    Parameters
    ----------
    folder : Path
        Folder with the record's ``.hea``, ``.dat`` and ``.atr``.
    record : str
        Name of the record.
    symbols : sequence of str
        Beat symbols wanted.
    window : SegmentSettings, optional
        Shape of the windows, if not the usual one.

    Raises
    ------
    RecordError
        The record is not there, has no reference or another sampling rate.
    """
    whole = read_record(folder / record)
    if whole.fs_hz != PIPELINE_HZ:
        raise RecordError(f"{folder / record}: it runs at {whole.fs_hz:g} Hz, not at {PIPELINE_HZ:g} Hz.")
    if whole.reference is None:
        raise RecordError(f"{folder / record}: it has no reference annotations.")
    wanted = np.isin(whole.reference.symbols, list(symbols))
    # Two annotations on one sample would be one window with two names.
    at, first = np.unique(whole.reference.samples[wanted], return_index=True)
    raw = np.nan_to_num(whole.samples_mv(0, whole.n_samples))
    leads = [clean_windows(lead, at.tolist(), window=window) for lead in raw]
    kept = leads[0][0]
    return RecordBeats(
        record,
        at[kept],
        whole.reference.symbols[wanted][first][kept],
        np.stack([live_offsets(lead, at[kept]) for lead in raw], axis=1),
        np.stack([windows for _, windows in leads], axis=1),
    )
