"""A beat seen against its own patient: what the adaptive model is fed, live and in training."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.dsp.segment import STD_FLOOR_MV
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
    POINTS,
    QRS_T,
    STRIDE,
    Template,
    Templates,
    about_mean,
    root_sum_square,
)

Float32 = NDArray[np.float32]

__all__ = ["FEATURES", "NEXT_FEATURES", "POINTS", "SHAPES", "STRIDE", "DescribedBeat", "PatientContext"]

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


@dataclass(slots=True)
class ContextState:
    """The last beats, and the typical ones among them.

    Parameters
    ----------
    rows : array of shape (96, 120)
        Shapes of the last beats in millivolts, in turn.
    rrs : array of shape (96,)
        The interval before each in seconds; 0 if unknown.
    count : int
        Beats so far.
    log_sizes, p_correlations : Recent
        Logarithm of the size of the last beats, and correlation of their P waves with the typical one.
    templates : Templates or None
        The typical beats; None before the first beat.
    last_r : int or None
        Pipeline index of the last R wave; None behind a gap.
    """

    rows: Samples = field(default_factory=lambda: np.zeros((SLOW_AMONG, POINTS)))
    rrs: Samples = field(default_factory=lambda: np.zeros(SLOW_AMONG))
    count: int = 0
    log_sizes: Recent = field(default_factory=lambda: Recent.of(TYPICAL_BEATS))
    p_correlations: Recent = field(default_factory=lambda: Recent.of(TYPICAL_BEATS))
    templates: Templates | None = None
    last_r: int | None = None


class PatientContext(Stateful[ContextState]):
    """Remembers a patient's recent intervals and shapes, without labels.

    A beat is described by the ones before it: its interval beside theirs (`IntervalHistory`), its
    shape beside the median of the last 24. Where most beats are ectopic that median is an
    ectopic beat. The beats that followed the longest intervals of the last minute or two are the
    least likely to be premature; their median is the second one that a beat is compared with.
    """

    def __init__(self) -> None:
        self._intervals = IntervalHistory()
        self._atypical = AtypicalBeats()
        super().__init__(intervals=self._intervals, atypical=self._atypical)

    def fresh(self, start: int) -> ContextState:  # noqa: ARG002 - beats say where they are
        """Return the state before the first beat of a patient."""
        return ContextState()

    def break_off(self) -> None:
        """Forget where the last beat was: no interval spans a gap."""
        self._intervals.break_off()
        self.state.last_r = None

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
        state = self.state
        rr_s = 0.0 if state.last_r is None else (r - state.last_r) / PIPELINE_HZ
        state.last_r = r
        intervals, next_features = self._intervals.add(rr_s)
        if points_mv is None:
            return None
        known = min(1.0, state.count / TYPICAL_BEATS)
        centred, templates, atypical = about_mean(points_mv), state.templates, NO_FEATURES
        if templates is not None:
            qrs_t = about_mean(centred[QRS_T])
            atypical = self._atypical.describe(qrs_t, templates.qrs_t_direction, templates.qrs_t_length)
        shapes, features = self._shape(centred, rr_s)
        features = (*intervals, *features, float(rr_s > 0.0), known, *atypical)
        return DescribedBeat(shapes, features, next_features)

    def _shape(self, centred: Samples, rr_s: float) -> tuple[Float32, tuple[float, ...]]:
        """Return the beat's shapes and `SHAPE_FEATURES`; remember it."""
        state = self.state
        length = root_sum_square(centred)
        size = max(length / math.sqrt(centred.size), STD_FLOOR_MV)
        shapes = np.zeros((SHAPES, centred.size), dtype=np.float32)
        shapes[0] = centred / size
        features = (0.0,) * len(SHAPE_FEATURES)
        templates = state.templates
        if templates is not None:
            shapes[1:] = templates.away(centred)
            p_wave = centred[P_WAVE]
            p_energy = float(p_wave @ p_wave) - float(p_wave.sum()) ** 2 / p_wave.size
            p_length, length = max(math.sqrt(max(p_energy, 0.0)), FLAT_MV), max(length, FLAT_MV)
            to_typical, to_slow, p_to_typical, p_to_slow = templates.correlations(centred)
            features = (
                within_limit(math.log(size) - state.log_sizes.quantile(0.5)),
                to_typical / length,
                to_slow / length,
                within_limit(math.log(p_length / templates.typical.p_length)),
                p_to_typical / p_length,
                p_to_slow / p_length,
                within_limit(state.p_correlations.quantile(0.5)),
                templates.alike,
                templates.p_alike,
            )
            state.p_correlations.add(p_to_typical / p_length)
        state.log_sizes.add(math.log(size))
        state.rows[state.count % SLOW_AMONG] = centred
        state.rrs[state.count % SLOW_AMONG] = rr_s
        state.count += 1
        if state.count <= RENEWAL or state.count % RENEWAL == 0:
            self._renew()
        return shapes, features

    def _renew(self) -> None:
        """Find the typical beats anew."""
        state, count = self.state, self.state.count
        last = np.arange(max(0, count - TYPICAL_BEATS), count) % SLOW_AMONG
        typical = Template.of(state.rows[last])
        if state.templates is None or count <= RENEWAL:
            slow = typical
        elif count % (2 * RENEWAL) == 0:
            known = min(count, SLOW_AMONG)
            wanted = max(RENEWAL, min(SLOW_BEATS, known // 4))
            slow = Template.of(state.rows[np.argsort(-state.rrs[:known], kind="stable")[:wanted]])
        else:
            slow = state.templates.slow
        state.templates = Templates(typical, slow)
