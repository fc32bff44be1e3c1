"""A patient's typical beats, ready for others to be compared with."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np

from ecgmon.monitor.core.state import Shape
from ecgmon.monitor.dsp.arrays import median
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.dsp.segment import STD_FLOOR_MV, SegmentSettings

STRIDE = 3
"""Window samples averaged into one point: 120 Hz is enough for the shape of a beat."""

_WINDOW = SegmentSettings()
POINTS = (_WINDOW.before_samples + _WINDOW.after_samples) // STRIDE
"""Points of a beat's shape."""

P_WAVE = slice(38, 64)
"""Points from 283 to 67 ms before the R wave, where a P wave lies."""

QRS_T = slice(62, 112)
"""Points from 83 ms before the R wave to 333 ms behind it: the QRS complex and most of the T wave."""

FLAT_MV = 1e-3
"""Root of the sum of squares below which a stretch of signal has no shape."""

FARTHEST = 10.0
"""Differences from a typical beat are cut off here, in its sizes."""


def root_sum_square(shape: Samples) -> float:
    """Return the root of the sum of squares; a dot product is quicker than numpy's norm."""
    return math.sqrt(float(shape @ shape))


def about_mean(shape: Samples) -> Samples:
    """Return a shape less its mean."""
    return shape - float(shape.sum()) / shape.size


@dataclass(slots=True)
class Template:
    """A typical beat.

    Parameters
    ----------
    shape : array of shape (120,)
        The beat in millivolts, with mean 0.

    Attributes
    ----------
    size : float
        Its root mean square in millivolts, or a floor.
    direction : array of shape (120,)
        Its shape at length 1.
    p_length : float
        Root of the sum of squares of its P wave, in millivolts.
    p_direction : array of shape (120,)
        Its P wave at length 1, and 0 elsewhere.
    """

    shape: Annotated[Samples, Shape(POINTS)]
    size: float = field(init=False)
    direction: Samples = field(init=False)
    p_length: float = field(init=False)
    p_direction: Samples = field(init=False)

    def __post_init__(self) -> None:
        length = root_sum_square(self.shape)
        self.size = max(length / math.sqrt(self.shape.size), STD_FLOOR_MV)
        self.direction = about_mean(self.shape) / max(length, FLAT_MV)
        p_wave = about_mean(self.shape[P_WAVE])
        self.p_length = max(root_sum_square(p_wave), FLAT_MV)
        self.p_direction = np.zeros(self.shape.size)
        self.p_direction[P_WAVE] = p_wave / self.p_length

    @classmethod
    def of(cls, rows: Samples) -> Template:
        """Return the median of beats, shape (n, 120), in millivolts with mean 0."""
        return cls(median(np.ascontiguousarray(rows.T)))  # sorting whole rows is quicker than columns


@dataclass(slots=True)
class Templates:
    """The two typical beats that a beat is compared with, laid out to do so quickly.

    Parameters
    ----------
    typical, slow : Template
        The usual one, and the one after long intervals.

    Attributes
    ----------
    alike, p_alike : float
        Correlation of the two, and of their P waves.
    qrs_t_length : float
        Root of the sum of squares of the slow one's QRS and T wave, in millivolts.
    qrs_t_direction : array of shape (50,)
        Those at length 1.
    """

    typical: Template
    slow: Template
    alike: float = field(init=False)
    p_alike: float = field(init=False)
    qrs_t_length: float = field(init=False)
    qrs_t_direction: Samples = field(init=False)
    _shapes: Samples = field(init=False)
    _directions: Samples = field(init=False)

    def __post_init__(self) -> None:
        typical, slow = self.typical, self.slow
        self._shapes = np.stack((typical.shape, slow.shape))
        self._directions = np.stack(
            (typical.direction, slow.direction, typical.p_direction, slow.p_direction)
        )
        self.alike = float(typical.direction @ slow.direction)
        self.p_alike = float(typical.p_direction @ slow.p_direction)
        qrs_t = about_mean(slow.shape[QRS_T])
        self.qrs_t_length = max(root_sum_square(qrs_t), FLAT_MV)
        self.qrs_t_direction = qrs_t / self.qrs_t_length

    def away(self, centred: Samples) -> Samples:
        """Return a beat less each of the two, in sizes of the typical one, shape (2, 120)."""
        away: Samples = (centred - self._shapes) / self.typical.size
        return np.minimum(np.maximum(away, -FARTHEST, out=away), FARTHEST, out=away)

    def correlations(self, centred: Samples) -> list[float]:
        """Return a beat's part along both, and along the P waves of both, in millivolts."""
        parts: list[float] = (self._directions @ centred).tolist()
        return parts
