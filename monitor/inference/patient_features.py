"""A beat seen against its own patient: what the adaptive model is fed, live and in training."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp.operator import Samples, State
from ecgmon.monitor.dsp.segment import STD_FLOOR_MV, SegmentSettings
from ecgmon.monitor.inference.atypical_beats import ATYPICAL_FEATURES, NO_FEATURES, AtypicalBeats
from ecgmon.monitor.inference.intervals import (
    INTERVAL_FEATURES,
    NEXT_FEATURES,
    IntervalHistory,
    Recent,
    within_limit,
)
from ecgmon.monitor.inference.templates import (
    FLAT_MV,
    P_WAVE,
    QRS_T,
    Template,
    Templates,
    about_mean,
    root_sum_square,
)

Float32 = NDArray[np.float32]

__all__ = ["FEATURES", "NEXT_FEATURES", "POINTS", "SHAPES", "STRIDE", "DescribedBeat", "PatientContext"]

STRIDE = 3
"""Window samples averaged into one point: 120 Hz is enough for the shape of a beat."""

_WINDOW = SegmentSettings()
POINTS = (_WINDOW.before_samples + _WINDOW.after_samples) // STRIDE
"""Points of a beat's shape."""

SHAPES = 3
"""The beat, the beat less the patient's typical one, and less the typical one after a long interval."""

TYPICAL_BEATS = 24
"""Beats whose median is the patient's typical beat."""

SLOW_AMONG, SLOW_BEATS = 96, 16
"""The typical beat after a long interval is the median of so many, out of so many."""

RENEWAL = 8
"""The typical beat is found anew every so many beats, the slow one half as often."""

SHAPE_FEATURES = (
    "size_to_typical",
    "correlation_with_typical",
    "correlation_with_slow",
    "p_size_to_typical",
    "p_correlation_with_typical",
    "p_correlation_with_slow",
    "p_steadiness",
    "correlation_of_typical_to_slow",
    "p_correlation_of_typical_to_slow",
)
"""What describes a beat's shape; a correlation is a correlation, ``p_`` that of the P wave's place."""

USUAL_FEATURES = (*INTERVAL_FEATURES, *SHAPE_FEATURES, "has_rr", "has_typical")
"""What describes a beat beside the usual ones, but for its shapes."""

FEATURES = (*USUAL_FEATURES, *ATYPICAL_FEATURES)
"""All that describes a beat but its shapes."""


@dataclass(frozen=True, slots=True, eq=False)
class DescribedBeat:
    """One beat as the adaptive model takes it.

    Parameters
    ----------
    shapes : float32 array of shape (3, 120)
        `SHAPES`; the first is normalised, the others are in sizes of the typical beat.
    features : tuple of 35 floats
        `FEATURES`.
    next_features : tuple of 5 floats
        `NEXT_FEATURES` of the beat before, known now that this one has come.
    """

    shapes: Float32
    features: tuple[float, ...]
    next_features: tuple[float, ...]


_AVERAGE = np.full(STRIDE, 1.0 / STRIDE)


class PatientContext:
    """Remembers a patient's recent intervals and shapes, without labels.

    A beat is described by the ones before it: its interval beside theirs (`IntervalHistory`), its
    shape beside the median of the last 24. Where most beats are ectopic that median is an
    ectopic beat. The beats that followed the longest intervals of the last minute or two are the
    least likely to be premature; their median is the second one that a beat is compared with.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Forget the patient: another stream begins."""
        self._intervals = IntervalHistory()
        self._rows: Samples = np.zeros((SLOW_AMONG, POINTS))
        self._rrs: Samples = np.zeros(SLOW_AMONG)
        self._count = 0
        self._log_sizes = Recent(TYPICAL_BEATS)
        self._p_correlations = Recent(TYPICAL_BEATS)
        self._templates: Templates | None = None
        self._atypical = AtypicalBeats()
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
        window_mv : array of shape (360,), or None
            Its window of clean signal in millivolts; None if the window is cut.

        Returns
        -------
        DescribedBeat or None
            None if there is no window; the interval is remembered all the same.
        """
        return self.describe_points(
            r, None if window_mv is None else window_mv.reshape(-1, STRIDE) @ _AVERAGE
        )

    def describe_points(self, r: int, points_mv: Samples | None) -> DescribedBeat | None:
        """Describe the next beat from the points of its window, shape (120,), as `describe` does."""
        rr_s = 0.0 if self._last_r is None else (r - self._last_r) / PIPELINE_HZ
        self._last_r = r
        intervals, next_features = self._intervals.add(rr_s)
        if points_mv is None:
            return None
        known = min(1.0, self._count / TYPICAL_BEATS)
        centred, templates, atypical = about_mean(points_mv), self._templates, NO_FEATURES
        if templates is not None:
            qrs_t = about_mean(centred[QRS_T])
            atypical = self._atypical.describe(qrs_t, templates.qrs_t_direction, templates.qrs_t_length)
        shapes, features = self._shape(centred, rr_s)
        features = (*intervals, *features, float(rr_s > 0.0), known, *atypical)
        return DescribedBeat(shapes, features, next_features)

    def _shape(self, centred: Samples, rr_s: float) -> tuple[Float32, tuple[float, ...]]:
        """Return the beat's shapes and `SHAPE_FEATURES`; remember it."""
        length = root_sum_square(centred)
        size = max(length / math.sqrt(centred.size), STD_FLOOR_MV)
        shapes = np.zeros((SHAPES, centred.size), dtype=np.float32)
        shapes[0] = centred / size
        features = (0.0,) * len(SHAPE_FEATURES)
        templates = self._templates
        if templates is not None:
            shapes[1:] = templates.away(centred)
            p_wave = centred[P_WAVE]
            p_energy = float(p_wave @ p_wave) - float(p_wave.sum()) ** 2 / p_wave.size
            p_length, length = max(math.sqrt(max(p_energy, 0.0)), FLAT_MV), max(length, FLAT_MV)
            to_typical, to_slow, p_to_typical, p_to_slow = templates.correlations(centred)
            features = (
                within_limit(math.log(size) - self._log_sizes.quantile(0.5)),
                to_typical / length,
                to_slow / length,
                within_limit(math.log(p_length / templates.typical.p_length)),
                p_to_typical / p_length,
                p_to_slow / p_length,
                within_limit(self._p_correlations.quantile(0.5)),
                templates.alike,
                templates.p_alike,
            )
            self._p_correlations.add(p_to_typical / p_length)
        self._log_sizes.add(math.log(size))
        self._rows[self._count % SLOW_AMONG] = centred
        self._rrs[self._count % SLOW_AMONG] = rr_s
        self._count += 1
        if self._count <= RENEWAL or self._count % RENEWAL == 0:
            self._renew()
        return shapes, features

    def _renew(self) -> None:
        """Find the typical beats anew."""
        count = self._count
        last = np.arange(max(0, count - TYPICAL_BEATS), count) % SLOW_AMONG
        typical = Template(self._rows[last])
        if self._templates is None or count <= RENEWAL:
            slow = typical
        elif count % (2 * RENEWAL) == 0:
            known = min(count, SLOW_AMONG)
            wanted = max(RENEWAL, min(SLOW_BEATS, known // 4))
            slow = Template(self._rows[np.argsort(-self._rrs[:known], kind="stable")[:wanted]])
        else:
            slow = self._templates.slow
        self._templates = Templates(typical, slow)

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {
            "intervals": self._intervals.snapshot(),
            "rows": self._rows.copy(),
            "rrs": self._rrs.copy(),
            "count": self._count,
            "log_sizes": self._log_sizes.values(),
            "p_correlations": self._p_correlations.values(),
            "slow": None if self._templates is None else self._templates.slow.shape.copy(),
            "typical": None if self._templates is None else self._templates.typical.shape.copy(),
            "unlike": self._atypical.snapshot(),
            "last_r": self._last_r,
        }

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self.forget()
        self._intervals.restore(state["intervals"])
        self._rows, self._rrs = np.array(state["rows"]), np.array(state["rrs"])
        self._count = int(state["count"])
        self._log_sizes.restore(state["log_sizes"])
        self._p_correlations.restore(state["p_correlations"])
        self._atypical.restore(state["unlike"])
        self._last_r = state["last_r"]
        if state["typical"] is not None:
            typical, slow = (Template(state[name][None]) for name in ("typical", "slow"))
            self._templates = Templates(typical, slow)
