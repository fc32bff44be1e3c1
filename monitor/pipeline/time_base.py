"""Maps between the two clocks of samples: the source's own, and the pipeline's 360 Hz."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ecgmon.monitor.core.events import PIPELINE_HZ


@dataclass(frozen=True, slots=True)
class TimeBase:
    """How the pipeline's indices map to the source's.

    Parameters
    ----------
    fs_hz : float
        Sampling rate of the source.
    input_needed : callable
        Gives the source index that completes a pipeline sample.
    first_without : callable
        Gives the first pipeline sample that is not complete without one of the source.
    """

    fs_hz: float
    input_needed: Callable[[int], int]
    first_without: Callable[[int], int]

    def source(self, index: float) -> int:
        """Return the source index nearest to a pipeline index."""
        return round(index * self.fs_hz / PIPELINE_HZ)

    def pipeline(self, index: int) -> int:
        """Return the pipeline index nearest to a source index."""
        return round(index * PIPELINE_HZ / self.fs_hz)
