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
_EARLY_S = 1.0
"""Samples that come so much before they can have been sent are a backlog that is caught up with."""
_HURRY_S = 3.0
NAMED = 0.05
"""A device keeps the rate it names to this part; what is further off is no clock."""
_USUAL_HZ = (50, 100, 125, 128, 130, 200, 250, 256, 300, 360, 400, 500, 512, 1000)


class RateTracker:
    """Follow the rate of a device from when its samples arrive.

    Samples arrive late but never early, so of each second only the least late arrival
    is kept. A Theil-Sen line (doi:10.1080/01621459.1968.10480934) through the last 90
    of them gives the drift; it bears up to 29 % of outliers, such as a stall.

    A rate further off than the limit is a backlog or a mistake. It is told by `strange_hz`
    and never followed.

    Parameters
    ----------
    nominal_hz : float
        Rate the device claims, in Hz.
    limit : float
        Part by which a rate may be off.
    """

    def __init__(self, nominal_hz: float, limit: float = NAMED) -> None:
        self._nominal = nominal_hz
        self._limit = limit
        self._points: deque[tuple[float, float]] = deque(maxlen=_WINDOW)
        self._best: tuple[float, float] | None = None
        self._bucket = math.nan
        self._late: deque[float] = deque(maxlen=200)
        self.drift_ppm = 0.0
        self.stderr_ppm = math.inf
        self._line: tuple[float, float] | None = None
        self.origin_s: float | None = None
        self._mark: tuple[float, float] | None = None
        self._hurried_s = -math.inf
        self._now_s = 0.0
        self._fast_hz = self._slow_hz = 0.0

    def add(self, count: float, time_s: float) -> bool:
        """Note that ``count`` samples had been sent by ``time_s``; return True after a new fit."""
        nominal_s = count / self._nominal
        late = time_s - nominal_s
        slope, at_zero = self._line = self._line or (0.0, late)
        over = late - (at_zero + slope * nominal_s)
        if over < -_EARLY_S:
            self._hurry(over, count, time_s)
            over = 0.0
        self._now_s = time_s
        self._late.append(over)
        bucket = time_s // _BUCKET_S
        if bucket == self._bucket:
            assert self._best is not None
            if late < self._best[1]:
                self._best = (nominal_s, late)
            return False
        self._bucket, last, self._best = bucket, self._best, (nominal_s, late)
        self._mark = (count, time_s)
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
        kept = self._line[0] if self._line else 0.0
        slope = middle_slope(x, y) if sure else kept
        drift = -slope / (1 + slope)
        if sure:
            self._slow_hz = self._nominal * (1 + drift) if abs(drift) > self._limit else 0.0
        if sure and self._slow_hz:
            self._line = (kept, float(min((y - kept * x)[-3:])))
            return
        rest = y - slope * x
        at_zero = float(np.median(rest))
        spread = 1.4826 * float(np.median(np.abs(rest - at_zero))) + 1e-5
        self._line = (slope, at_zero)
        if sure:
            self.drift_ppm = 1e6 * drift
            self.stderr_ppm = 1e6 * spread * math.sqrt(12 / len(x)) / span

    def _hurry(self, over_s: float, count: float, time_s: float) -> None:
        """Move the line to samples that came before they can have been sent."""
        assert self._line is not None
        self._line = (self._line[0], self._line[1] + over_s)
        if self.origin_s is not None:
            self.origin_s += over_s
        self.restart()
        before, since_s = self._mark or (count, time_s)
        self._fast_hz = (count - before) / (time_s - since_s) if time_s > since_s else math.inf
        self._mark, self._hurried_s, self._slow_hz = (count, time_s), time_s, 0.0

    @property
    def hurrying(self) -> bool:
        """True while samples come faster than they can be measured: a backlog."""
        return self._now_s - self._hurried_s < _HURRY_S

    @property
    def settled(self) -> bool:
        """True if the line says when samples were sent."""
        return len(self._points) > 2 and not self.hurrying

    @property
    def strange_hz(self) -> float:
        """Rate at which samples come if it is further off than the limit; else 0."""
        return self._fast_hz if self.hurrying else self._slow_hz

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


def middle_slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return the median slope between points a quarter of the window apart or more."""
    i, j = np.triu_indices(len(x), k=max(1, len(x) // 4))
    run = x[j] - x[i]
    return float(np.median((y[j] - y[i])[run > 0] / run[run > 0]))


def usual_rate(measured_hz: float) -> float:
    """Return the customary rate within 3 % of a measured one, else the latter to 0.1 Hz."""
    nearest = min(_USUAL_HZ, key=lambda usual: abs(math.log(measured_hz / usual)))
    return float(nearest) if abs(measured_hz / nearest - 1) <= 0.03 else round(measured_hz, 1)
