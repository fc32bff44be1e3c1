"""Fractional resampling onto a disciplined grid, for devices that run fast or slow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_HALF = 6
_KAISER_BETA = 5.0


class FractionalResampler:
    """Read a stream at positions between its samples, the step changing slowly.

    A Kaiser-windowed sinc over 12 samples (Smith and Gossett, ICASSP 1984). Each value
    given out needs six samples behind its position.

    Parameters
    ----------
    n_leads : int
        Number of rows.
    """

    def __init__(self, n_leads: int) -> None:
        self._history = np.zeros((n_leads, 0))
        self._next = 0.0

    @property
    def pending(self) -> float:
        """Positions between the next one and the end of what was fed."""
        return self._history.shape[1] - self._next

    def watch(self, samples: NDArray[np.float64]) -> None:
        """Take samples that were passed on untouched, so that reading can begin behind them."""
        if samples.shape[1] < 2 * _HALF:
            samples = np.concatenate((self._history, samples), axis=1)
        self._history = samples[:, -2 * _HALF :]
        self._next = float(self._history.shape[1])

    def process(self, samples: NDArray[np.float64], step: float) -> NDArray[np.float64]:
        """Take the next samples, shape (n_leads, n); return what can be read by now.

        Parameters
        ----------
        samples : array of shape (n_leads, n)
            Next samples.
        step : float
            Samples from one position to the next.
        """
        if self._history.shape[1] == 0 and samples.shape[1]:
            self._history = np.repeat(samples[:, :1], _HALF, axis=1)
            self._next = float(_HALF)
        data = np.concatenate((self._history, samples), axis=1)
        last = data.shape[1] - _HALF - 1
        count = max(0, int((last - self._next) / step) + 1) if last >= self._next else 0
        positions = self._next + step * np.arange(count)
        whole = np.floor(positions).astype(np.intp)
        taps = np.arange(1 - _HALF, _HALF + 1)
        away = taps - (positions - whole)[:, None]
        weights = np.sinc(away) * np.i0(_KAISER_BETA * np.sqrt(np.maximum(0.0, 1 - (away / _HALF) ** 2)))
        weights /= weights.sum(axis=1, keepdims=True)
        out = np.einsum("lnt,nt->ln", data[:, whole[:, None] + taps], weights)
        self._next += step * count
        drop = max(0, min(int(self._next) - 2 * _HALF, data.shape[1]))
        self._history = data[:, drop:]
        self._next -= drop
        return np.ascontiguousarray(out)

    def flush(self, step: float) -> NDArray[np.float64]:
        """Return what is left before a gap, the last sample held, and forget everything."""
        out = self.process(np.repeat(self._history[:, -1:], _HALF, axis=1), step)
        self.reset()
        return out

    def reset(self) -> None:
        """Forget everything."""
        self._history = self._history[:, :0]
        self._next = 0.0
