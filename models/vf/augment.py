"""Changes windows at random while they train: speed, gain, polarity, noise, and quiet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ecgmon.monitor.rhythm.vf_windows import AHEAD_S, SHORT_SECOND, WINDOW

SPEED = 0.07
"""Greatest change of speed: rates are spread, yet flutter stays flutter."""

GAIN_SPREAD = 0.3
GRAIN_MV = 0.01
NOISY_SHARE = 0.25
WORST_NOISE = 3.0
"""Most noise, by RMS, against a window that shows no fibrillation."""

WORST_NOISE_WANTED = 0.3
"""Most noise against one that does: it must stay visible."""

QUIET_SHARE = 0.06
QUIET_MV = (0.002, 0.035)
"""RMS of windows made so quiet that they count as asystole, whatever they show."""

LEAST_WANTED_MV = 0.05
"""RMS below which no window of fibrillation is brought."""


class Augmenter:
    """Takes windows out of one long signal, changed at random.

    Parameters
    ----------
    signal : array of shape (n,)
        All leads behind one another.
    noises : sequence of array
        Recorded noises; the first halves, so that the second are left for tests.
    seed : int
        Of the random changes.

    Attributes
    ----------
    random : numpy Generator
        Their source, for checkpoints.
    """

    def __init__(self, signal: NDArray[np.float32], noises: Sequence[NDArray[np.float32]], seed: int) -> None:
        self._signal = torch.from_numpy(signal)
        self._noises = [torch.from_numpy(noise / noise.std()) for noise in noises]
        self.random = np.random.default_rng(seed)

    def windows(
        self, begins: NDArray[np.int64], wanted: NDArray[np.bool_]
    ) -> tuple[torch.Tensor, NDArray[np.bool_]]:
        """Return windows and labels.

        Parameters
        ----------
        begins : array of shape (n,)
            Where the windows begin.
        wanted : array of shape (n,)
            Which show flutter or fibrillation.

        Returns
        -------
        windows : tensor of shape (n, window)
            In millivolts.
        wanted : array of shape (n,)
            The labels, False for what was made quiet.
        """
        count = begins.size
        x = self._stretched(begins)
        sign = self.random.choice([-1.0, 1.0], count)
        x *= _column(sign * np.exp(self.random.normal(0.0, GAIN_SPREAD, count)))
        size = x.square().mean(1).sqrt().numpy() + 1e-6
        lift = np.where(wanted, np.maximum(1.0, LEAST_WANTED_MV / size), 1.0)
        quiet = self.random.random(count) < QUIET_SHARE
        quietest, loudest = np.log(QUIET_MV)
        rms_mv = np.exp(self.random.uniform(quietest, loudest, count))
        x *= _column(np.where(quiet, rms_mv / size, lift))
        noisy = (self.random.random(count) < NOISY_SHARE) & ~quiet
        if self._noises:
            worst = np.where(wanted, WORST_NOISE_WANTED, WORST_NOISE)
            for row in np.flatnonzero(noisy):
                x[row] += self._noise(size[row] * worst[row] * self.random.random())
        grain = np.where(quiet, 0.0, self.random.exponential(GRAIN_MV, count))
        return x + torch.randn_like(x) * _column(grain), wanted & ~quiet

    def _stretched(self, begins: NDArray[np.int64]) -> torch.Tensor:
        """Return windows played faster or slower, the classified second in its place."""
        middle = WINDOW - AHEAD_S * SHORT_SECOND - SHORT_SECOND // 2
        speed = self.random.uniform(1.0 - SPEED, 1.0 + SPEED, (begins.size, 1))
        at = begins[:, None] + middle + speed * (np.arange(WINDOW) - middle)
        at = np.clip(at, 0, len(self._signal) - 2)
        left = at.astype(np.int64)
        part = torch.from_numpy((at - left).astype(np.float32))
        return self._signal[left] * (1.0 - part) + self._signal[left + 1] * part

    def _noise(self, rms_mv: float) -> torch.Tensor:
        noise = self._noises[self.random.integers(len(self._noises))]
        at = self.random.integers(len(noise) - WINDOW)
        return noise[at : at + WINDOW] * float(rms_mv)


def _column(values: NDArray[np.float64]) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float32))[:, None]
