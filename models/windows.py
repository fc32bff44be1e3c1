"""Beat windows of whole records, cut by the operators that run live: the one front end."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import wfdb
from numpy.typing import NDArray

from monitor.dsp import FRONT_END_VERSION
from monitor.dsp.denoise import DenoiseSettings, WaveletDenoiser
from monitor.dsp.filters import FilterChain, FilterSettings
from monitor.dsp.segment import BeatSegmenter, SegmentSettings
from monitor.errors import RecordError
from monitor.events import PIPELINE_HZ

MARGIN_SAMPLES = 24
"""Extra samples on both sides of a stored window, so that training can shift the beat."""

_CHUNK_SAMPLES = 3600


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
    windows_mv : float32 array of shape (n, leads, 360 + 2 * margin)
        Clean signal in millivolts around each R wave.
    """

    record: str
    samples: NDArray[np.int64]
    symbols: NDArray[np.str_]
    windows_mv: NDArray[np.float32]


def front_end_key() -> str:
    """Return a short name of the front end as it is, for the folder that caches its output."""
    settings = (FilterSettings(), DenoiseSettings(), SegmentSettings())
    text = "|".join(item.model_dump_json() for item in settings)
    return f"{FRONT_END_VERSION}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def clean_windows(
    raw_mv: NDArray[np.float64], r_samples: Sequence[int], margin: int = MARGIN_SAMPLES
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Run one lead through filters, denoiser and segmenter.

    Parameters
    ----------
    raw_mv : array of shape (n,)
        A whole lead at 360 Hz, in millivolts.
    r_samples : sequence of int
        R waves, ascending.
    margin : int
        Extra samples on both sides of each window.

    Returns
    -------
    kept : bool array of shape (beats,)
        False for a beat whose window would reach over an end of the record.
    windows_mv : float32 array of shape (kept beats, 360 + 2 * margin)
        Clean windows in millivolts, not normalised.
    """
    filters, denoiser = FilterChain(), WaveletDenoiser()
    live = SegmentSettings()
    segmenter = BeatSegmenter(
        SegmentSettings(
            before_samples=live.before_samples + margin,
            after_samples=live.after_samples + margin,
            history_s=60.0,
        )
    )
    segmenter.reset(start=-round(filters.delay_samples + denoiser.delay_samples), valid_from=0)
    r = np.asarray(r_samples, dtype=np.int64)
    cut: dict[int, NDArray[np.float64]] = {}
    for start in range(0, len(raw_mv), _CHUNK_SAMPLES):
        stop = min(start + _CHUNK_SAMPLES, len(raw_mv))
        clean = denoiser.process(filters.process(raw_mv[start:stop]))
        beats = r[np.searchsorted(r, start) : np.searchsorted(r, stop)]
        for window in segmenter.process(clean, beats.tolist()):
            if window.samples_mv is not None:
                cut[window.r] = window.samples_mv
    kept = np.array([int(at) in cut for at in r], dtype=bool)
    width = live.before_samples + live.after_samples + 2 * margin
    rows = [cut[int(at)] for at in r[kept]]
    return kept, np.asarray(rows, dtype=np.float32).reshape(-1, width)


def read_beats(folder: Path, record: str, symbols: Sequence[str]) -> RecordBeats:
    """Read a WFDB record at 360 Hz and cut the windows of its beats, in all leads.

    Parameters
    ----------
    folder : Path
        Folder with the record's ``.hea``, ``.dat`` and ``.atr``.
    record : str
        Name of the record.
    symbols : sequence of str
        Beat symbols wanted.

    Raises
    ------
    RecordError
        The record is not there or has another sampling rate.
    """
    try:
        signal = wfdb.rdrecord(str(folder / record))
        notes = wfdb.rdann(str(folder / record), "atr")
    except (FileNotFoundError, ValueError) as error:
        raise RecordError(f"{folder / record}: the record cannot be read ({error}).") from None
    if float(signal.fs) != PIPELINE_HZ:
        raise RecordError(f"{folder / record}: it runs at {signal.fs} Hz, not at {PIPELINE_HZ:g} Hz.")
    names = np.asarray(notes.symbol)
    wanted = np.isin(names, list(symbols))
    # Two annotations on one sample would be one window with two names.
    at, first = np.unique(notes.sample[wanted], return_index=True)
    raw = np.nan_to_num(np.asarray(signal.p_signal, dtype=np.float64))
    leads = [clean_windows(raw[:, lead], at.tolist()) for lead in range(raw.shape[1])]
    kept = leads[0][0]
    return RecordBeats(
        record,
        at[kept],
        names[wanted][first][kept],
        np.stack([windows for _, windows in leads], axis=1),
    )
