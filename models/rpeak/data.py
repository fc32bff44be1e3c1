"""Records for the R-peak network: band-passed by the live front end, cached, with beat labels."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from ecgmon.models.common.cache import cache_folder, cached
from ecgmon.monitor.core.ecg_codes import AAMI_OF_SYMBOL
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp.rpeak_frontend import VERSION, band_pass
from ecgmon.monitor.evaluation.records import one_lead, reference_of
from ecgmon.sim.noise import noise_rms_mv
from ecgmon.sim.record import read_record

NOISES = ("bw", "ma", "em", "em118")
MIXTURES = 8
ALIGN_SAMPLES = 29
FILTER_DELAY_SAMPLES = 2
QRS_HALF_SAMPLES = 18
"""Half of the window in which a QRS is measured peak to peak (50 ms)."""


@dataclass(frozen=True)
class Raw:
    """One lead as recorded: mV at 360 Hz, its beats, and the spans of flutter."""

    samples: NDArray[np.float64]
    beats: NDArray[np.float64]
    ignored: NDArray[np.float64]


@dataclass(frozen=True)
class Trace:
    """One lead of one record.

    Parameters
    ----------
    name : str
        ``database/record``.
    lead : int
        Which signal.
    samples : float32 array of shape (n,)
        Band-passed ECG in mV at 360 Hz.
    beats : float array of shape (k,)
        Reference beats at 360 Hz.
    ignored : array of shape (m, 2)
        Spans that are neither beat nor no beat (flutter).
    qrs_mv : float
        Median peak-to-peak height of a QRS.
    """

    name: str
    lead: int
    samples: NDArray[np.float32]
    beats: NDArray[np.float64]
    ignored: NDArray[np.float64]
    qrs_mv: float


@dataclass(frozen=True)
class Noise:
    """Noise to add to traces.

    Parameters
    ----------
    name : str
        Record of the noise stress test, or ``motion`` for made noise.
    samples : float32 array of shape (n,)
        Band-passed noise in mV at 360 Hz.
    rms_mv : float
        RMS of the raw noise by the definition of WFDB's ``nst``.
    """

    name: str
    samples: NDArray[np.float32]
    rms_mv: float


def to_pipeline_rate(samples: NDArray[np.float64], fs_hz: float) -> NDArray[np.float64]:
    """Resample a whole record to 360 Hz."""
    ratio = Fraction(PIPELINE_HZ / fs_hz).limit_denominator(1000)
    if ratio == 1:
        return samples
    resampled: NDArray[np.float64] = signal.resample_poly(samples, ratio.numerator, ratio.denominator)
    return resampled


def _flutter_spans(
    symbols: NDArray[np.str_], positions: NDArray[np.float64], end: float
) -> NDArray[np.float64]:
    starts = positions[symbols == "["]
    stops = positions[symbols == "]"]
    spans = [(start, stops[stops > start][0] if (stops > start).any() else end) for start in starts]
    return np.array(spans, dtype=np.float64).reshape(-1, 2)


def _qrs_height(samples: NDArray[np.float64], beats: NDArray[np.float64]) -> float:
    centres = beats.astype(int)
    centres = centres[(centres > QRS_HALF_SAMPLES) & (centres < samples.size - QRS_HALF_SAMPLES)]
    windows = samples[centres[:, None] + np.arange(-QRS_HALF_SAMPLES, QRS_HALF_SAMPLES)]
    return float(np.median(np.ptp(windows, axis=1)))


def _aligned(samples: NDArray[np.float64], beats: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """Move the labels of SVDB, which lag behind the R wave by up to 40 ms, by one shift a record."""
    if not name.startswith("svdb"):
        return beats
    centres = beats.astype(int)
    inside = (centres > ALIGN_SAMPLES) & (centres < samples.size - ALIGN_SAMPLES)
    windows = samples[centres[inside, None] + np.arange(-ALIGN_SAMPLES, ALIGN_SAMPLES)]
    peaks = np.abs(windows).argmax(axis=1) - ALIGN_SAMPLES - FILTER_DELAY_SAMPLES
    return beats + float(np.median(peaks))


def read_raw(folder: Path, name: str, lead: int) -> Raw:
    """Read one lead of ``database/record`` with its beats, at 360 Hz.

    Raises
    ------
    RecordError
        The record is missing or damaged, has no such lead, or nobody annotated it.
    """
    record = read_record(folder / name)
    notes = reference_of(record)
    positions = notes.samples.astype(np.float64) * PIPELINE_HZ / record.fs_hz
    samples = to_pipeline_rate(np.nan_to_num(one_lead(record, lead)), record.fs_hz)
    return Raw(
        samples,
        positions[np.isin(notes.symbols, list(AAMI_OF_SYMBOL))],
        _flutter_spans(notes.symbols, positions, float(samples.size)),
    )


def prepare(folder: Path, name: str, lead: int) -> Trace:
    """Read, resample and band-pass one lead of ``database/record``, through the cache."""
    place = cache_folder("rpeak", VERSION) / f"{name.replace('/', '-')}-{lead}.npz"
    stored = cached(place, lambda: _prepared(folder, name, lead))
    samples, beats, ignored, qrs_mv = (stored[key] for key in ("samples", "beats", "ignored", "qrs_mv"))
    return Trace(name, lead, samples, beats, ignored, float(qrs_mv))


def _prepared(folder: Path, name: str, lead: int) -> dict[str, NDArray[Any]]:
    raw = read_raw(folder, name, lead)
    samples = band_pass(raw.samples)[0]
    beats = _aligned(samples, raw.beats, name)
    qrs_mv = np.array(_qrs_height(samples, beats))
    return {"samples": samples.astype(np.float32), "beats": beats, "ignored": raw.ignored, "qrs_mv": qrs_mv}


def records(folder: Path, database: str) -> list[str]:
    """Return ``database/record`` for every record with beat annotations."""
    return sorted(f"{database}/{path.stem}" for path in (folder / database).glob("*.atr"))


def prepare_noise(folder: Path) -> list[Noise]:
    """Return the first half of each noise of the noise stress test, as several electrodes would see it.

    Both signals of a record come from one body; ``MIXTURES`` weighted sums of them, each scaled
    to the same power, stand for electrodes at other places. The second halves are left to tests.

    Parameters
    ----------
    folder : Path
        Folder of databases.
    """
    noises = []
    for name in NOISES:
        path = folder / "nstdb" / name
        if not path.with_suffix(".hea").exists():
            continue
        record = read_record(path)
        raw = to_pipeline_rate(np.nan_to_num(np.ascontiguousarray(record.samples_mv().T)), record.fs_hz)
        half = raw[: raw.shape[0] // 2]
        one, other = ((half - half.mean(axis=0)) / half.std(axis=0)).T
        angles = np.arange(MIXTURES) * np.pi / MIXTURES
        noises += [as_noise(name, one * np.cos(angle) + other * np.sin(angle)) for angle in angles]
    return noises


def as_noise(name: str, raw: NDArray[np.float64]) -> Noise:
    """Band-pass noise, shape (n,) in mV at 360 Hz, and measure it."""
    filtered = band_pass(raw - raw.mean())[0]
    return Noise(name, filtered.astype(np.float32), noise_rms_mv(raw, PIPELINE_HZ))
