"""How far a signal moves, and whether an ECG moves so."""

from __future__ import annotations

import math

_PLAUSIBLE_MV = (0.01, 50.0)
_JUDGED = 1024
"""Samples after which the swing is judged anew."""


class Swing:
    """Watch the range of a signal.

    Attributes
    ----------
    doubt : str
        Why the signal is hardly an ECG, in words; empty where it may be one.
    """

    def __init__(self) -> None:
        self.doubt = ""
        self._low, self._high, self._seen = math.inf, -math.inf, 0

    def take(self, low_mv: float, high_mv: float, n_samples: int = 1) -> None:
        """Note the least and the greatest of the next samples, in millivolts."""
        self._low, self._high = min(self._low, low_mv), max(self._high, high_mv)
        self._seen += n_samples
        if self._seen < _JUDGED:
            return
        swing_mv = self._high - self._low
        if swing_mv == 0:
            self.doubt = "the number never changes: is an electrode off, or is this something else?"
        elif not _PLAUSIBLE_MV[0] <= swing_mv <= _PLAUSIBLE_MV[1]:
            self.doubt = f"the signal moves by {swing_mv:.3g} mV: are unit, adc_max, vref_v and gain right?"
        else:
            self.doubt = ""
        self._low, self._high, self._seen = math.inf, -math.inf, 0
