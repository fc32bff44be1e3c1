"""Takes what is not a sample out of the stream before any filter can choke on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.dsp.operator import Operator, Samples

Mask = NDArray[np.bool_]


class SanitiseSettings(Settings):
    """Settings of the `Sanitiser`.

    Parameters
    ----------
    limit_mv : float
        A greater value, of either sign, is no sample of a body and counts as missing.
    """

    limit_mv: float = Field(default=1000.0, gt=0.0, le=1e6)


@dataclass(slots=True)
class SanitiserState:
    """The last good value, in millivolts."""

    last_mv: float = 0.0


class Sanitiser(Operator[SanitiseSettings, SanitiserState, [Samples], tuple[Samples, Mask]]):
    """Replaces missing samples by the last good one and says where it did.

    Missing is what is not finite or beyond the limit. Before the first good sample the
    value held is 0.

    Parameters
    ----------
    settings : SanitiseSettings, optional
        The limit.
    """

    def __init__(self, settings: SanitiseSettings | None = None) -> None:
        super().__init__(settings or SanitiseSettings())

    @property
    def delay_samples(self) -> float:
        """No delay."""
        return 0.0

    def process(self, chunk: Samples) -> tuple[Samples, Mask]:
        """Take the next samples.

        Parameters
        ----------
        chunk : array of shape (n,)
            Samples in millivolts, any value.

        Returns
        -------
        samples : array of shape (n,)
            Finite samples in millivolts.
        missing : bool array of shape (n,)
            True where the sample was replaced.
        """
        if not chunk.size:
            return chunk, np.zeros(0, dtype=np.bool_)
        magnitude = np.abs(chunk)
        if np.maximum.reduce(magnitude) <= self.settings.limit_mv:
            missing = np.zeros(chunk.size, dtype=np.bool_)
        else:
            missing = ~(magnitude <= self.settings.limit_mv)
            held = np.concatenate(([self.state.last_mv], chunk))
            source = np.where(missing, 0, np.arange(1, held.size))
            chunk = held[np.maximum.accumulate(source)]
        self.state.last_mv = float(chunk[-1])
        return chunk, missing

    def fresh(self, start: int) -> SanitiserState:  # noqa: ARG002 - the same at any index
        """Return the state before the first sample."""
        return SanitiserState()
