"""A beat seen against its own patient: what the adaptive model is fed, live and in training."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.dsp.median import median
from monitor.dsp.operator import Samples, State
from monitor.dsp.segment import STD_FLOOR_MV
from monitor.events import PIPELINE_HZ

Float32 = NDArray[np.float32]

STRIDE = 3
"""Window samples averaged into one point: 120 Hz is enough for the shape of a beat."""

TYPICAL_BEATS = 24
"""Beats whose median is the patient's typical beat."""

RR_SHORT, RR_LONG = 8, 40
"""Intervals over which the short and the long median are taken."""

LIMIT = 1.5
"""Logarithms of ratios are cut off here."""

FIGURES = (
    "rr_to_last_rr",
    "rr_to_short_median",
    "rr_to_long_median",
    "rr_to_long_quarter",
    "rr_to_long_three_quarters",
    "last_rr_to_short_median",
    "short_median_to_800_ms",
    "spread_of_short",
    "size_to_typical",
    "likeness_to_typical",
    "has_rr",
    "has_typical",
)
"""What describes a beat's time and size; intervals as logarithms of ratios."""

NEXT_FIGURES = ("next_rr_to_rr", "next_rr_to_short_median", "pair_to_short_median", "has_next_rr")
"""What the following beat adds."""


@dataclass(frozen=True, slots=True, eq=False)
class DescribedBeat:
    """One beat as the adaptive model takes it.

    Parameters
    ----------
    shapes : array of shape (2, n_samples / STRIDE)
        The beat normalised, and the beat less the patient's typical one.
    figures : array of shape (12,)
        `FIGURES`.
    next_figures : array of shape (4,)
        `NEXT_FIGURES` of the beat before, known now that this one has come.
    """

    shapes: Float32
    figures: Float32
    next_figures: Float32


_AVERAGE = np.full(STRIDE, 1.0 / STRIDE)


def _size(centred: Samples) -> float:
    """Return the root mean square of a shape; a dot product is quicker than numpy's mean."""
    return max(math.sqrt(float(centred @ centred) / centred.size), STD_FLOOR_MV)


def _log_ratio(a: float, b: float) -> float:
    if a <= 0.0 or b <= 0.0:
        return 0.0
    return max(-LIMIT, min(LIMIT, math.log(a / b)))


def _quantile(ordered: list[float], q: float) -> float:
    return ordered[int(q * (len(ordered) - 1))] if ordered else 0.0


class IntervalHistory:
    """The patient's recent RR intervals, and what a new one is beside them."""

    _rrs: deque[float]

    def __init__(self) -> None:
        self._rrs = deque(maxlen=RR_LONG)
        self.break_off()

    def break_off(self) -> None:
        """Let no comparison span what comes; the intervals known stay known."""
        self._last_rr = 0.0
        self._last_median = 0.0

    def add(self, rr_s: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Describe the next interval, then remember it.

        Parameters
        ----------
        rr_s : float
            Seconds since the beat before; 0 if unknown.

        Returns
        -------
        figures : tuple of 8 floats
            The first eight of `FIGURES`.
        next_figures : tuple of 4 floats
            `NEXT_FIGURES` of the beat before.
        """
        long = sorted(self._rrs)
        short = sorted(list(self._rrs)[-RR_SHORT:])
        median, last = _quantile(short, 0.5), self._last_rr
        figures = (
            _log_ratio(rr_s, last),
            _log_ratio(rr_s, median),
            _log_ratio(rr_s, _quantile(long, 0.5)),
            _log_ratio(rr_s, _quantile(long, 0.25)),
            _log_ratio(rr_s, _quantile(long, 0.75)),
            _log_ratio(last, median),
            _log_ratio(median, 0.8),
            _log_ratio(_quantile(short, 0.85), _quantile(short, 0.15)),
        )
        pair = last + rr_s if last > 0.0 and rr_s > 0.0 else 0.0
        next_figures = (
            _log_ratio(rr_s, last),
            _log_ratio(rr_s, self._last_median),
            _log_ratio(pair, 2.0 * self._last_median),
            float(rr_s > 0.0),
        )
        self._last_rr, self._last_median = rr_s, median
        if rr_s > 0.0:
            self._rrs.append(rr_s)
        return figures, next_figures

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {"rrs": list(self._rrs), "last_rr": self._last_rr, "last_median": self._last_median}

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self._rrs = deque(state["rrs"], maxlen=RR_LONG)
        self._last_rr = float(state["last_rr"])
        self._last_median = float(state["last_median"])


class PatientContext:
    """Remembers a patient's recent intervals and shapes, without labels.

    A beat is described by the ones before it: its interval against the median of the last 8
    and 40, its shape against the median shape of the last 24. Quartiles stand beside the
    medians because in some patients most beats are premature.
    """

    _intervals: IntervalHistory
    _shapes: deque[Samples]
    _sizes: deque[float]

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Forget the patient: another stream begins."""
        self._intervals = IntervalHistory()
        self._shapes = deque(maxlen=TYPICAL_BEATS)
        self._sizes = deque(maxlen=TYPICAL_BEATS)
        self._last_r: int | None = None

    def break_off(self) -> None:
        """Forget where the last beat was: no interval spans a gap."""
        self._intervals.break_off()
        self._last_r = None

    def describe(self, r: int, window_mv: Samples | None) -> DescribedBeat | None:
        """Describe the next beat, then remember it.

        Parameters
        ----------
        r : int
            Pipeline index of the R wave, later than the last.
        window_mv : array of shape (n_samples,), or None
            Its window of clean signal in millivolts; None if the window is cut.

        Returns
        -------
        DescribedBeat or None
            None if there is no window; the interval is remembered all the same.
        """
        rr_s = 0.0 if self._last_r is None else (r - self._last_r) / PIPELINE_HZ
        self._last_r = r
        intervals, next_figures = self._intervals.add(rr_s)
        if window_mv is None:
            return None
        shapes, to_typical, likeness = self._shape(window_mv)
        known = min(1.0, (len(self._shapes) - 1) / TYPICAL_BEATS)
        return DescribedBeat(
            shapes,
            np.array((*intervals, to_typical, likeness, float(rr_s > 0.0), known), dtype=np.float32),
            np.array(next_figures, dtype=np.float32),
        )

    def _shape(self, window_mv: Samples) -> tuple[Float32, float, float]:
        """Return the beat's shapes, its size and its likeness to the typical beat; remember it."""
        points = window_mv.reshape(-1, STRIDE) @ _AVERAGE
        centred = points - points.sum() / points.size
        size = _size(centred)
        shapes = np.zeros((2, points.size), dtype=np.float32)
        shapes[0] = centred / size
        likeness = to_typical = 0.0
        if self._shapes:
            typical = median(np.array(self._shapes), axis=0)
            typical_size = _size(typical)
            shapes[1] = np.minimum(np.maximum((centred - typical) / typical_size, -10.0), 10.0)
            likeness = float(centred @ typical) / (points.size * size * typical_size)
            to_typical = _log_ratio(size, _quantile(sorted(self._sizes), 0.5))
        self._shapes.append(centred)
        self._sizes.append(size)
        return shapes, to_typical, likeness

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {
            "intervals": self._intervals.snapshot(),
            "shapes": [shape.copy() for shape in self._shapes],
            "sizes": list(self._sizes),
            "last_r": self._last_r,
        }

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self._intervals.restore(state["intervals"])
        self._shapes = deque(map(np.array, state["shapes"]), maxlen=TYPICAL_BEATS)
        self._sizes = deque(state["sizes"], maxlen=TYPICAL_BEATS)
        self._last_r = state["last_r"]
