"""The true rate of a device, measured against the clock of this machine."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

_BUCKET_S = 1.0
_WINDOW = 90
_SURE_AFTER_S = 8.0
"""A line through fewer seconds says nothing about the rate."""
_USUAL_HZ = (50, 100, 125, 128, 130, 200, 250, 256, 300, 360, 400, 500, 512, 1000)


class RateTracker:
    """Follow the rate of a device from when its samples arrive.

    Samples arrive late but never early, so of each second only the least late arrival
    is kept. A Theil-Sen line (doi:10.1080/01621459.1968.10480934) through the last 90
    of them gives the drift; it bears up to 29 % of outliers, such as a stall.

    Parameters
    ----------
    nominal_hz : float
        Rate the device claims, in Hz.
    """

    def __init__(self, nominal_hz: float) -> None:
        self._nominal = nominal_hz
        self._points: deque[tuple[float, float]] = deque(maxlen=_WINDOW)
        self._best: tuple[float, float] | None = None
        self._bucket = math.nan
        self._late: deque[float] = deque(maxlen=200)
        self.drift_ppm = 0.0
        self.stderr_ppm = math.inf
        self._line: tuple[float, float] | None = None
        self.origin_s: float | None = None

    def add(self, count: float, time_s: float) -> bool:
        """Note that ``count`` samples had been sent by ``time_s``; return True after a new fit."""
        nominal_s = count / self._nominal
        late = time_s - nominal_s
        slope, at_zero = self._line = self._line or (0.0, late)
        self._late.append(late - (at_zero + slope * nominal_s))
        bucket = time_s // _BUCKET_S
        if bucket == self._bucket:
            assert self._best is not None
            if late < self._best[1]:
                self._best = (nominal_s, late)
            return False
        self._bucket, last, self._best = bucket, self._best, (nominal_s, late)
        if last is None:
            return False
        self._points.append(last)
        self._fit()
        return True

    def _fit(self) -> None:
        x, y = np.array(self._points).T
        if self.origin_s is None:
            self.origin_s = float(y[0])
        span = float(x[-1] - x[0])
        sure = span >= _SURE_AFTER_S
        slope = _middle_slope(x, y) if sure else self._line[0] if self._line else 0.0
        rest = y - slope * x
        at_zero = float(np.median(rest))
        spread = 1.4826 * float(np.median(np.abs(rest - at_zero))) + 1e-5
        self._line = (slope, at_zero)
        if sure:
            self.drift_ppm = -1e6 * slope / (1 + slope)
            self.stderr_ppm = 1e6 * spread * math.sqrt(12 / len(x)) / span

    @property
    def span_s(self) -> float:
        """Seconds over which the rate has been measured."""
        return self._points[-1][0] - self._points[0][0] if self._points else 0.0

    @property
    def rate_hz(self) -> float:
        """Measured rate in Hz; the nominal one before it is known."""
        return self._nominal * (1 + self.drift_ppm * 1e-6)

    @property
    def jitter_ms(self) -> float:
        """Standard deviation of the latest arrivals about the line, in ms."""
        return 1e3 * float(np.std(self._late)) if len(self._late) > 1 else 0.0

    def time_of(self, count: float) -> float:
        """Return when, on the clock of this machine, sample ``count`` was sent, by the line."""
        slope, at_zero = self._line or (0.0, 0.0)
        nominal_s = count / self._nominal
        return nominal_s + at_zero + slope * nominal_s

    def restart(self) -> None:
        """Forget the arrivals, as after a break; rate and line stay until there are new ones."""
        self._points.clear()
        self._late.clear()
        self._best, self._bucket = None, math.nan
        self.stderr_ppm = math.inf


def _middle_slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return the median slope between points a quarter of the window apart or more."""
    i, j = np.triu_indices(len(x), k=max(1, len(x) // 4))
    run = x[j] - x[i]
    return float(np.median((y[j] - y[i])[run > 0] / run[run > 0]))


def usual_rate(measured_hz: float) -> float:
    """Return the customary rate within 3 % of a measured one, else the latter to 0.1 Hz."""
    nearest = min(_USUAL_HZ, key=lambda usual: abs(math.log(measured_hz / usual)))
    return float(nearest) if abs(measured_hz / nearest - 1) <= 0.03 else round(measured_hz, 1)
