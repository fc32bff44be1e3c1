"""Beats and episodes as a scorer sees them: sample indices, WFDB symbols, AAMI classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.ecg_codes import AAMI_OF_SYMBOL


@dataclass(frozen=True, slots=True, eq=False)
class Annotations:
    """What an annotator wrote about one record.

    Parameters
    ----------
    samples : array of shape (n,)
        Sample indices, ascending.
    symbols : array of str, shape (n,)
        WFDB symbols; those that are not beats are kept.
    """

    samples: NDArray[np.int64]
    symbols: NDArray[np.str_]

    def beats(self) -> Annotations:
        """Return the heartbeats alone."""
        kept = np.isin(self.symbols, list(AAMI_OF_SYMBOL))
        return Annotations(self.samples[kept], self.symbols[kept])

    def classes(self) -> NDArray[np.str_]:
        """Return the AAMI class of each annotation; all must be beats."""
        return np.array([AAMI_OF_SYMBOL[symbol] for symbol in self.symbols.tolist()], dtype="<U1")

    def flutter(self) -> NDArray[np.int64]:
        """Return the episodes of ventricular flutter or fibrillation.

        Returns
        -------
        array of shape (n_episodes, 2)
            First and last sample of each, from ``[`` to ``]``; one that never ends lasts
            to the last annotation.
        """
        starts = self.samples[self.symbols == "["]
        ends = self.samples[self.symbols == "]"]
        last = self.samples[-1] if self.samples.size else 0
        after = np.searchsorted(ends, starts)
        closed = np.append(ends, last)[after]
        return np.stack([starts, closed], axis=1).astype(np.int64)
