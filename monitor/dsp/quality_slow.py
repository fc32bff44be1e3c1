"""What a slow source cannot carry of an ECG, so that its absence is not taken for noise."""

from __future__ import annotations

import numpy as np

from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.dsp.quality_features import NAMES
from ecgmon.monitor.dsp.resample import SLOW_HZ

RATES_HZ = (50.0, 64.0, 80.0, SLOW_HZ)
LOST = {
    "power 24-40 Hz": (1.05, 0.26, 0.05, 0.0),
    "power 40-48 Hz": (1.19, 1.15, 0.63, 0.0),
    "power 62-150 Hz": (0.64, 0.64, 0.63, 0.0),
    "peak to peak": (0.08, 0.04, 0.02, 0.0),
    "greatest step": (0.43, 0.23, 0.12, 0.0),
}
"""How much smaller features of ordinary ECG are at each rate of `RATES_HZ` than at 360 Hz, as log10.

The median over the seconds of DS1 without 201, first signal: ``python -m benchmarks.rates --lost``. At
100 Hz, where the network is used as it was trained, nothing is filled in, so that no step is left there.
"""


def lost_to_a_slow_rate(source_hz: float) -> Samples:
    """Return what to add to the quality features of a source; zeros from 100 Hz on.

    The network was trained at 360 Hz. At 50 Hz a QRS has no power above 25 Hz, and clean
    seconds look shaken to it, shaken ones clean. What is filled in is what ordinary ECG has
    there. Noise above half the rate cannot be seen at such a rate, filled in or not. From 100 Hz on
    the network is used as it was trained.

    Parameters
    ----------
    source_hz : float
        Sampling rate of the source in Hz.

    Returns
    -------
    array of shape (13,)
        One summand for each of `NAMES`.
    """
    return np.array(
        [np.interp(source_hz, RATES_HZ, LOST.get(name, (0.0,) * len(RATES_HZ))) for name in NAMES]
    )
