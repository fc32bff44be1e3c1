"""What a second of signal looks like: band powers, peakedness and steps, for the quality index."""

from __future__ import annotations

import numpy as np

from monitor.dsp.operator import Samples
from monitor.events import PIPELINE_HZ

SECOND = int(PIPELINE_HZ)
CONTEXT_S = 4
"""Seconds that one verdict looks at: the judged one and those before it."""

WINDOW = CONTEXT_S * SECOND

BANDS_HZ = ((0.25, 0.75), (0.75, 1.5), (1.5, 3.0), (3.0, 6.0), (6.0, 12.0), (12.0, 24.0), (24.0, 40.0))
HIGH_BANDS_HZ = ((40.0, 48.0), (62.0, 150.0))
"""Bands of muscle noise, clear of the mains."""

HUM_BANDS_HZ = ((48.5, 51.5), (58.5, 61.5))

NAMES = (
    *(f"power {low:g}-{high:g} Hz" for low, high in (*BANDS_HZ, *HIGH_BANDS_HZ)),
    "slope kurtosis",
    "peak to peak",
    "unchanged samples",
    "greatest step",
)
"""The columns of `features`."""

POWER_FLOOR_MV2 = 1e-5
"""About the noise of a good front end; less counts as this much."""

SLOPE_SPAN = 8
"""Samples of the two neighbouring means whose difference is the slope: 22 ms each."""

_HANN = np.hanning(WINDOW + 1)[:-1]
_POWER = 2.0 / (np.sum(_HANN**2) * WINDOW)


def _bins(bands_hz: tuple[tuple[float, float], ...]) -> Samples:
    """Return the matrix that sums spectrum bins into bands, shape (bins, bands)."""
    frequency_hz = np.fft.rfftfreq(WINDOW, 1.0 / PIPELINE_HZ)[:, None]
    low, high = np.array(bands_hz).T
    return np.asarray(((frequency_hz >= low) & (frequency_hz < high)) * _POWER)


_BAND_BINS = _bins((*BANDS_HZ, *HIGH_BANDS_HZ, *HUM_BANDS_HZ))


def _log(power_mv2: Samples) -> Samples:
    return np.asarray(np.log10(power_mv2 + POWER_FLOOR_MV2))


def features(windows_mv: Samples) -> tuple[Samples, Samples]:
    """Return what the quality index looks at.

    Parameters
    ----------
    windows_mv : array of shape (n, 1440)
        Raw signal in millivolts at 360 Hz; the last second of each row is judged.

    Returns
    -------
    features : array of shape (n, 13)
        Columns as in `NAMES`: log10 powers (mV squared) but for the part of unchanged samples.
    hum_mv : array of shape (n,)
        RMS of the mains, whichever is greater of 50 and 60 Hz.
    """
    centred = windows_mv - windows_mv.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(centred * _HANN, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2) @ _BAND_BINS
    hum_mv = np.sqrt(power[:, -2:].max(axis=1))

    total = np.cumsum(centred, axis=1)
    mean = total[:, SLOPE_SPAN:] - total[:, :-SLOPE_SPAN]
    energy = np.square(mean[:, SLOPE_SPAN:] - mean[:, :-SLOPE_SPAN])
    spread = np.einsum("ij->i", energy) / energy.shape[1] + 1e-9
    kurtosis = np.einsum("ij,ij->i", energy, energy) / energy.shape[1] / spread**2

    last = centred[:, -SECOND:]
    step = np.abs(np.diff(last, axis=1))
    columns = (
        _log(power[:, :-2]),
        np.log10(kurtosis + 1e-3)[:, None],
        _log(np.square(np.ptp(last, axis=1)))[:, None],
        np.count_nonzero(step == 0.0, axis=1)[:, None] / step.shape[1],
        _log(np.square(step.max(axis=1)))[:, None],
    )
    return np.concatenate(columns, axis=1), hum_mv
