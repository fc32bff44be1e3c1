"""The detectors that are compared, each behind the same call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Lead:
    """What a detector gets.

    Parameters
    ----------
    samples_mv : array of shape (n_samples,)
        One lead, whole.
    fs_hz : float
        Sampling rate in Hz.
    weights : Path, optional
        Model file for our detector; the shipped one by default.
    """

    samples_mv: NDArray[np.float64]
    fs_hz: float
    weights: Path | None = None


def ecgmon(lead: Lead) -> Positions:
    """Ours: live, in blocks of one second, resampled to 360 Hz."""
    from ecgmon.monitor.core.events import PIPELINE_HZ
    from ecgmon.monitor.dsp.resample import Resampler
    from ecgmon.monitor.dsp.rpeak import RPeakDetector

    resampler, detector = Resampler(lead.fs_hz), RPeakDetector(model=lead.weights)
    block = round(lead.fs_hz)
    peaks = [
        peak.sample
        for start in range(0, lead.samples_mv.size, block)
        for peak in detector.process(resampler.process(lead.samples_mv[start : start + block]))
    ]
    return np.rint(np.sort(peaks) * lead.fs_hz / PIPELINE_HZ).astype(np.int64)


def gqrs(lead: Lead) -> Positions:
    """WFDB's gqrs, Python version (G. Moody); needs counts of a converter."""
    from wfdb.processing import gqrs_detect

    counts = np.rint(lead.samples_mv * 200).astype(np.int64)
    return np.asarray(gqrs_detect(d_sig=counts, fs=lead.fs_hz, adc_gain=200, adc_zero=0), dtype=np.int64)


def xqrs(lead: Lead) -> Positions:
    """WFDB's xqrs (C. Xie)."""
    from wfdb.processing import xqrs_detect

    return np.asarray(xqrs_detect(lead.samples_mv, lead.fs_hz, verbose=False), dtype=np.int64)


def sleepecg(lead: Lead) -> Positions:
    """SleepECG: a modified Pan-Tompkins detector, in C."""
    from sleepecg import detect_heartbeats

    return np.asarray(detect_heartbeats(lead.samples_mv, lead.fs_hz), dtype=np.int64)


def neurokit(lead: Lead) -> Positions:
    """NeuroKit2: its own cleaning and its own detector."""
    from neurokit2 import ecg_clean, ecg_peaks

    fs_hz = int(lead.fs_hz)
    cleaned = ecg_clean(lead.samples_mv, sampling_rate=fs_hz)
    return np.asarray(ecg_peaks(cleaned, sampling_rate=fs_hz)[1]["ECG_R_Peaks"], dtype=np.int64)


def pan_tompkins(lead: Lead) -> Positions:
    """Pan-Tompkins as py-ecg-detectors has it."""
    from ecgdetectors import Detectors

    return np.asarray(Detectors(int(lead.fs_hz)).pan_tompkins_detector(lead.samples_mv), dtype=np.int64)


def fast_nvg(lead: Lead) -> Positions:
    """FastNVG: visibility graphs (vg-beat-detectors)."""
    from vg_beat_detectors import FastNVG

    return np.asarray(FastNVG(sampling_frequency=int(lead.fs_hz)).find_peaks(lead.samples_mv), dtype=np.int64)


DETECTORS: dict[str, Callable[[Lead], Positions]] = {
    "ecgmon": ecgmon,
    "ecgmon-shipped": ecgmon,
    "gqrs": gqrs,
    "xqrs": xqrs,
    "sleepecg": sleepecg,
    "neurokit2": neurokit,
    "pan-tompkins": pan_tompkins,
    "fast-nvg": fast_nvg,
}
"""Name to call; only ours is online, all others see the whole record.

``ecgmon`` runs with weights that never saw the record's patient, from the folds that
``ecgmon train rpeak crossval`` trains; ``ecgmon-shipped`` with the shipped file.
"""
