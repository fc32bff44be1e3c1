"""Draw training windows: gain, polarity, noise, and the targets of each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.detector.data import Trace
from monitor.dsp.rpeak_frontend import HOP, LEVEL_FLOOR_MV, SLOPE_LAG, follow_level, slope_per_hop, to_hops

Noise = Sequence[tuple[NDArray[np.float32], float]]


@dataclass(frozen=True)
class BatchShape:
    """Size of a batch and strength of its augmentation.

    Parameters
    ----------
    windows : int
        Windows in a batch.
    seconds : int
        Length of a window.
    warm_s : int
        Signal before the window that settles the level.
    noise_share : float
        Share of windows with added noise.
    snr_db : tuple of float
        Range of its signal-to-noise ratio, by the definition of WFDB's ``nst``.
    """

    windows: int = 24
    seconds: int = 16
    warm_s: int = 4
    noise_share: float = 0.5
    snr_db: tuple[float, float] = (-3.0, 24.0)

    @property
    def steps(self) -> int:
        """Network steps in a window."""
        return self.seconds * 90

    @property
    def warm_steps(self) -> int:
        """Network steps in front of it."""
        return self.warm_s * 90


@dataclass(frozen=True)
class Batch:
    """Hops (b, 4, t); target, offset, weight and offset weight, each (b, t)."""

    hops: NDArray[np.float32]
    target: NDArray[np.float32]
    offset: NDArray[np.float32]
    weight: NDArray[np.float32]
    offset_weight: NDArray[np.float32]


SIGMA_STEPS = 1.5
"""Width of the bump that marks a beat in the target."""


def step_targets(beats: NDArray[np.float64], steps: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the bump of each step and its distance to the nearest beat.

    Parameters
    ----------
    beats : array of shape (k,)
        Beats in hops, ascending; step i covers [i, i + 1).
    steps : int
        Number of steps.

    Returns
    -------
    bump, distance : arrays of shape (steps,)
        Gaussian of the distance between the middle of the step and the nearest beat;
        beat minus start of the step, in hops.
    """
    grid = np.arange(steps, dtype=np.float64)
    if not beats.size:
        return np.zeros(steps, dtype=np.float32), np.zeros(steps, dtype=np.float32)
    right = np.clip(np.searchsorted(beats, grid + 0.5), 0, beats.size - 1)
    left = np.maximum(right - 1, 0)
    nearer = np.where(np.abs(beats[left] - grid - 0.5) < np.abs(beats[right] - grid - 0.5), left, right)
    distance = beats[nearer] - grid
    bump = np.exp(-0.5 * ((distance - 0.5) / SIGMA_STEPS) ** 2)
    return bump.astype(np.float32), distance.astype(np.float32)


class Sampler:
    """Draws batches from traces, deterministic for a seed.

    Parameters
    ----------
    traces : sequence of Trace
        Where to draw from.
    shares : array of shape (len(traces),)
        How often each is drawn, in any unit.
    noises : sequence of (samples, rms)
        As `prepare_noise` returns them.
    shape : BatchShape
        Size and augmentation.
    lookahead_steps : int
        How far the targets lag behind the signal.
    rng : numpy Generator
        Source of chance.
    """

    def __init__(
        self,
        traces: Sequence[Trace],
        shares: NDArray[np.float64],
        noises: Noise,
        shape: BatchShape,
        lookahead_steps: int,
        rng: np.random.Generator,
    ) -> None:
        self._traces = traces
        self._shares = shares / shares.sum()
        self._noises = noises
        self._shape = shape
        self._lookahead = lookahead_steps
        self._rng = rng

    def draw(self) -> Batch:
        """Return the next batch."""
        chosen = self._rng.choice(len(self._traces), self._shape.windows, p=self._shares)
        rows = [self._window(self._traces[index]) for index in chosen]
        signal = np.stack([row[0] for row in rows])
        slopes = slope_per_hop(signal)
        floor = np.full(len(rows), np.log(LEVEL_FLOOR_MV))
        hops = to_hops(signal[:, SLOPE_LAG:], follow_level(slopes, floor))
        parts = [np.stack([row[i] for row in rows]) for i in range(1, 5)]
        return Batch(hops[:, :, self._shape.warm_steps :], *parts)

    def _window(self, trace: Trace) -> tuple[NDArray[np.float32], ...]:
        shape, rng = self._shape, self._rng
        length = (shape.warm_steps + shape.steps) * HOP + SLOPE_LAG
        start = int(rng.integers(0, trace.samples.size - length))
        signal = trace.samples[start : start + length].copy()
        if self._noises and rng.random() < shape.noise_share:
            signal += self._noise(trace.qrs_mv, length)
        signal *= np.exp(rng.uniform(np.log(0.2), np.log(5.0))) * rng.choice((-1.0, 1.0))
        origin = start + SLOPE_LAG + (shape.warm_steps - self._lookahead) * HOP
        beats = (trace.beats - origin) / HOP
        near = beats[(beats > -20) & (beats < shape.steps + 20)]
        bump, distance = step_targets(near, shape.steps)
        weight = np.ones(shape.steps, dtype=np.float32)
        weight[:90] = 0.0
        for first, last in (trace.ignored - origin) / HOP:
            weight[max(int(first) - 20, 0) : max(int(last) + 20, 0)] = 0.0
        located = trace.lead == 0 and trace.name.startswith("mitdb")
        offset_weight = weight * (bump > 0.1) * np.float32(located)
        return signal, bump, distance, weight, offset_weight

    def _noise(self, qrs_mv: float, length: int) -> NDArray[np.float32]:
        noise, rms = self._noises[int(self._rng.integers(len(self._noises)))]
        start = int(self._rng.integers(0, noise.size - length))
        snr = self._rng.uniform(*self._shape.snr_db)
        gain = qrs_mv / np.sqrt(8.0) / rms * 10.0 ** (-snr / 20.0)
        return noise[start : start + length] * np.float32(gain)
