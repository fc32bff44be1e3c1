"""The patient's beats that are least like the usual one, and what other beats have of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.dsp.arrays import median
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.inference.templates import FLAT_MV, QRS_T, about_mean, root_sum_square

ATYPICAL_FEATURES = (
    "correlation_with_atypical",
    "part_of_usual",
    "part_of_atypical",
    "part_unexplained",
    "correlation_of_atypical_to_usual",
    "correlation_with_nearest_atypical",
    "has_atypical",
)
"""What describes a beat beside the atypical ones. A fused beat has a part of both kinds."""

NO_FEATURES = (0.0,) * len(ATYPICAL_FEATURES)
"""While no atypical beat has been seen."""

LEAST_LIKE = 0.9
"""A beat less like the usual one than this is remembered."""

REMEMBERED, LEAST_ALIKE = 32, 8
"""Atypical beats remembered, and how many of the least like make their template."""

RIDGE = 1.02
"""Stands in the place of 1 where two shapes are fitted, so that parts stay small when both are alike."""

RENEWAL = 4
"""The typical atypical beat is found anew at each of the first `LEAST_ALIKE`, then every so many."""

LARGEST_PART = 2.0
"""Parts are cut off here."""


WIDTH = QRS_T.stop - QRS_T.start


@dataclass(slots=True)
class AtypicalState:
    """The atypical beats remembered, and the typical one among them.

    Parameters
    ----------
    rows : array of shape (32, 50)
        Their QRS and T waves in millivolts, about their mean.
    correlations : array of shape (32,)
        Of each with the usual beat.
    directions : array of shape (33, 50)
        All those rows at length 1, and behind them the typical atypical beat.
    length : float
        Root of the sum of squares of the latter, in millivolts.
    count : int
        Atypical beats so far.
    """

    rows: Samples = field(default_factory=lambda: np.zeros((REMEMBERED, WIDTH)))
    correlations: Samples = field(default_factory=lambda: np.ones(REMEMBERED))
    directions: Samples = field(default_factory=lambda: np.zeros((REMEMBERED + 1, WIDTH)))
    length: float = FLAT_MV
    count: int = 0


class AtypicalBeats(Stateful[AtypicalState]):
    """Remembers the QRS and T waves that differ from the usual ones, most of them ventricular.

    Where a ventricular beat meets one of the sinus node, the heart writes something between the two.
    How much a beat has of the patient's own usual beat and how much of the own atypical one tells fused
    beats from both, and a ventricular beat from a new disturbance, in any lead.
    """

    def fresh(self, start: int) -> AtypicalState:  # noqa: ARG002 - shapes have no place
        """Return the state before the first beat of a patient."""
        return AtypicalState()

    def describe(self, qrs_t: Samples, usual: Samples, usual_length: float) -> tuple[float, ...]:
        """Return `ATYPICAL_FEATURES` of a beat, then remember it if it is atypical.

        Parameters
        ----------
        qrs_t : array of shape (50,)
            Its QRS and T wave in millivolts, about their mean.
        usual : array of shape (50,)
            Those of the typical beat after long intervals, at length 1.
        usual_length : float
            Root of their sum of squares, in millivolts.
        """
        state = self.state
        length = max(root_sum_square(qrs_t), FLAT_MV)
        to_usual = float(qrs_t @ usual) / length
        features = NO_FEATURES
        if state.count:
            correlations = state.directions @ qrs_t
            to_atypical, alike = float(correlations[-1]) / length, float(state.directions[-1] @ usual)
            determinant = RIDGE**2 - alike**2
            of_usual = (RIDGE * to_usual - alike * to_atypical) / determinant
            of_atypical = (RIDGE * to_atypical - alike * to_usual) / determinant
            features = (
                to_atypical,
                _cut(of_usual * length / usual_length),
                _cut(of_atypical * length / state.length),
                max(0.0, 1.0 - of_usual * to_usual - of_atypical * to_atypical) ** 0.5,
                alike,
                float(correlations[:-1].max()) / length,
                min(1.0, state.count / LEAST_ALIKE),
            )
        if to_usual < LEAST_LIKE:
            self._remember(qrs_t, length, to_usual)
        return features

    def _remember(self, qrs_t: Samples, length: float, to_usual: float) -> None:
        state = self.state
        at = state.count % REMEMBERED
        state.rows[at], state.correlations[at] = qrs_t, to_usual
        state.directions[at] = qrs_t / length
        state.count += 1
        if state.count <= LEAST_ALIKE or state.count % RENEWAL == 0:
            known = min(state.count, REMEMBERED)
            wanted = max(1, min(LEAST_ALIKE, known // 2))
            chosen = state.rows[np.argsort(state.correlations[:known], kind="stable")[:wanted]]
            shape = about_mean(median(np.ascontiguousarray(chosen.T)))
            state.length = max(root_sum_square(shape), FLAT_MV)
            state.directions[-1] = shape / state.length


def _cut(part: float) -> float:
    return min(LARGEST_PART, max(-LARGEST_PART, part))
