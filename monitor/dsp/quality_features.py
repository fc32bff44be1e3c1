"""What a second of signal looks like: band powers, peakedness and steps, for the quality index."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp.operator import Samples

SECOND = int(PIPELINE_HZ)
CONTEXT_S = 4
"""Seconds that one verdict looks at: the assessed one and those before it."""

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
"""The columns of `Look.features`."""

POWER_FLOOR_MV2 = 1e-5
"""About the noise of a good front end; less counts as this much."""

SLOPE_SPANS = (1, 2, 4)
SLOPE_SPAN = 1 + sum(SLOPE_SPANS)
"""Samples of the two neighbouring sums whose difference is the slope: 22 ms each. A sum of eight
is one of sums of four, and so on."""

UNCHANGED = NAMES.index("unchanged samples")

_HANN = np.hanning(WINDOW + 1)[:-1]
_POWER = 2.0 / (np.sum(_HANN**2) * WINDOW)


def _edges(bands_hz: tuple[tuple[float, float], ...]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return how a spectrum, its real and imaginary parts side by side, falls into bands.

    Returns
    -------
    edges : int array
        Where the bands and the gaps between them begin, and the end of the last one.
    columns : int array of shape (n_bands,)
        Which of those stretches each band is.
    """
    frequency_hz = np.fft.rfftfreq(WINDOW, 1.0 / PIPELINE_HZ)
    borders = 2 * np.searchsorted(frequency_hz, np.array(bands_hz))
    # np.unique would import numpy.ma, which costs 10 ms of every start
    edges = np.array(sorted(set(borders.ravel().tolist())), dtype=np.intp)
    return edges, np.searchsorted(edges, borders[:, 0])


_EDGES, _COLUMNS = _edges((*BANDS_HZ, *HIGH_BANDS_HZ, *HUM_BANDS_HZ))
_POWERS = len(BANDS_HZ) + len(HIGH_BANDS_HZ)
_FLOOR = np.full(len(NAMES), POWER_FLOOR_MV2)
_FLOOR[NAMES.index("slope kurtosis")] = 1e-3


class Look(NamedTuple):
    """What the quality index sees of each second.

    Parameters
    ----------
    features : array of shape (n, 13)
        Columns as in `NAMES`: log10 powers (mV squared) but for the part of unchanged samples.
    hum_mv : array of shape (n,)
        RMS of the mains, whichever is greater of 50 and 60 Hz.
    swing_mv : array of shape (n,)
        Peak-to-peak of the assessed second.
    """

    features: Samples
    hum_mv: Samples
    swing_mv: Samples


def look(windows_mv: Samples) -> Look:
    """Return what the quality index looks at.

    Parameters
    ----------
    windows_mv : array of shape (n, 1440)
        Raw signal in millivolts at 360 Hz; the last second of each row is assessed.
    """
    centred = windows_mv - np.add.reduce(windows_mv, axis=1, keepdims=True) / WINDOW
    spectrum = np.fft.rfft(centred * _HANN, axis=1)
    parts = spectrum.view(np.float64)[:, : _EDGES[-1]]
    power = np.add.reduceat(parts * parts, _EDGES[:-1], axis=1)[:, _COLUMNS] * _POWER

    total = centred[:, 1:]
    for span in SLOPE_SPANS:
        total = total[:, span:] + total[:, :-span]
    energy = np.square(total[:, SLOPE_SPAN:] - total[:, :-SLOPE_SPAN])
    spread = np.add.reduce(energy, axis=1) / energy.shape[1] + 1e-9
    kurtosis = np.add.reduce(energy * energy, axis=1) / energy.shape[1] / spread**2

    last = centred[:, -SECOND:]
    step = np.abs(last[:, 1:] - last[:, :-1])
    swing = np.maximum.reduce(last, axis=1) - np.minimum.reduce(last, axis=1)
    columns = np.empty((len(windows_mv), len(NAMES)))
    columns[:, :_POWERS] = power[:, :_POWERS]
    columns[:, _POWERS] = kurtosis
    columns[:, _POWERS + 1] = swing * swing
    columns[:, _POWERS + 3] = np.square(np.maximum.reduce(step, axis=1))
    columns[:, UNCHANGED] = 1.0
    np.log10(columns + _FLOOR, out=columns)
    columns[:, UNCHANGED] = np.add.reduce(step == 0.0, axis=1) / step.shape[1]
    return Look(columns, np.sqrt(np.maximum.reduce(power[:, _POWERS:], axis=1)), swing)
