"""What a window of signal looks like: bands, peakedness, fill and periodicity, for fibrillation."""

from __future__ import annotations

import numpy as np

from monitor.dsp.operator import Samples
from monitor.rhythm.fibrillation_windows import RATE_HZ, SHORT_SECOND, WINDOW, WINDOW_S

BANDS_HZ = (
    (0.5, 1.5),
    (1.5, 2.5),
    (2.5, 3.5),
    (3.5, 4.5),
    (4.5, 6.0),
    (6.0, 8.0),
    (8.0, 11.0),
    (11.0, 15.0),
    (15.0, 20.0),
    (20.0, 30.0),
)
POWER_FLOOR_MV2 = 1e-5
"""About the noise of a good front end; less counts as this much."""

FILL_LEVELS = (0.2, 0.5)
SHORT_LAGS = slice(11, 38)
"""Lags of 0.12 to 0.42 s: a period of fibrillation or flutter."""

LONG_LAGS = slice(38, 136)
"""Lags of 0.42 to 1.5 s: a period of slower rhythms."""

HALF_LAGS = slice(4, 23)
"""Lags of 0.04 to 0.26 s: where a wave as round as a sine is turned over."""

NAMES = (
    *(f"share {low:g}-{high:g} Hz" for low, high in BANDS_HZ),
    "power",
    "frequency",
    "frequency spread",
    "concentration",
    "leakage",
    "zero crossing rate",
    "peakedness",
    "slope peakedness",
    *(f"fill above {level:g}" for level in FILL_LEVELS),
    "steadiness",
    "short period",
    "long period",
    "half period",
    "periodic frequency",
    "last second",
)
"""The columns of `features`."""

_HANN = np.hanning(WINDOW + 1)[:-1]
_FREQUENCY_HZ = np.fft.rfftfreq(WINDOW, 1.0 / RATE_HZ)
_LOW_HZ, _HIGH_HZ = np.array(BANDS_HZ).T
_IN_BAND = (_FREQUENCY_HZ[:, None] >= _LOW_HZ) & (_FREQUENCY_HZ[:, None] < _HIGH_HZ)
_BAND_BINS = _IN_BAND * (2.0 / (np.sum(_HANN**2) * WINDOW))
_LAGS = LONG_LAGS.stop
_PADDED = 512
_COUNTED = WINDOW / (WINDOW - np.arange(_LAGS))


def features(windows_mv: Samples) -> Samples:
    """Return what the verdict on fibrillation looks at.

    Leakage is that of the fibrillation filter: what is left of the signal when it is added to
    itself half a mean period later, 0 for a sine and near 1 for sharp complexes (Kuo and
    Dillman 1978; as in Thakor et al. 1990, doi:10.1109/10.55679).

    Parameters
    ----------
    windows_mv : array of shape (n, 360)
        Windows as `monitor.rhythm.fibrillation_windows` cuts them.

    Returns
    -------
    array of shape (n, n_features)
        Columns as in `NAMES`.
    """
    centred = windows_mv - windows_mv.mean(axis=1, keepdims=True)
    size = np.abs(centred)
    spread = np.sqrt(np.einsum("ij,ij->i", centred, centred) / WINDOW) + 1e-3
    slope = np.diff(centred, axis=1)
    slope_power = np.einsum("ij,ij->i", slope, slope) / slope.shape[1] + 1e-8
    squared = np.square(slope)
    top = size.max(axis=1, keepdims=True) + 1e-6
    half = np.pi * size.sum(axis=1) / (np.abs(slope).sum(axis=1) + 1e-6)
    parts = np.ptp(centred.reshape(-1, WINDOW_S, SHORT_SECOND), axis=2) + 1e-3
    return np.column_stack(
        (
            _spectrum(centred),
            _leakage(centred, size, half),
            np.log2(RATE_HZ / (2.0 * half)),
            np.log10(np.einsum("ij,ij->i", centred**2, centred**2) / WINDOW / spread**4),
            np.log10(np.einsum("ij,ij->i", squared, squared) / slope.shape[1] / slope_power**2),
            *(np.count_nonzero(size > level * top, axis=1) / WINDOW for level in FILL_LEVELS),
            np.log10(parts.min(axis=1) / parts.max(axis=1)),
            _periods(centred),
            np.log10(parts[:, -1] / parts.max(axis=1)),
        )
    )


def _spectrum(centred: Samples) -> Samples:
    """Return the shares of the bands, all power, its mean frequency, spread and concentration."""
    spectrum = np.fft.rfft(centred * _HANN, axis=1)
    bins = spectrum.real**2 + spectrum.imag**2
    power = bins @ _BAND_BINS
    total = power.sum(axis=1) + POWER_FLOOR_MV2
    summed = bins.sum(axis=1) + 1e-12
    mean = bins @ _FREQUENCY_HZ / summed
    square = bins @ np.square(_FREQUENCY_HZ) / summed
    near = bins[:, 2:] + bins[:, 1:-1] + bins[:, :-2]
    return np.column_stack(
        (
            np.log10((power + POWER_FLOOR_MV2) / total[:, None]),
            np.log10(total),
            mean,
            np.sqrt(np.maximum(square - mean**2, 0.0)),
            near.max(axis=1) / summed,
        )
    )


def _leakage(centred: Samples, size: Samples, half: Samples) -> Samples:
    """Return what the fibrillation filter leaves over, 0 to 1."""
    lag = np.clip(np.rint(half), 1, WINDOW // 2).astype(np.int64)
    at = np.arange(WINDOW) - lag[:, None]
    inside = at >= 0
    moved = np.where(inside, np.take_along_axis(centred, np.maximum(at, 0), axis=1), 0.0)
    left = np.abs(np.where(inside, centred + moved, 0.0)).sum(axis=1)
    both = np.where(inside, size, 0.0).sum(axis=1) + np.abs(moved).sum(axis=1)
    return np.asarray(left / (both + 1e-6))


def _periods(centred: Samples) -> Samples:
    """Return the greatest autocorrelation at short and at long lags, the least, and the frequency."""
    spectrum = np.fft.rfft(centred, 2 * _PADDED, axis=1)
    correlation = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, axis=1)[:, :_LAGS]
    correlation = correlation / (correlation[:, :1] + 1e-6) * _COUNTED
    short = correlation[:, SHORT_LAGS]
    best = short.argmax(axis=1)
    return np.column_stack(
        (
            np.take_along_axis(short, best[:, None], axis=1),
            correlation[:, LONG_LAGS].max(axis=1),
            correlation[:, HALF_LAGS].min(axis=1),
            np.log2(RATE_HZ / (SHORT_LAGS.start + best)),
        )
    )
