"""Draw training windows: gain, polarity, noise, and the targets of each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ecgmon.models.rpeak.augment import AugmentPlan, silence, stretch, tall_p_waves, trouble
from ecgmon.models.rpeak.data import Noise, Trace
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp.rpeak_frontend import (
    HOP,
    LEVEL_FLOOR_MV,
    SLOPE_LAG,
    follow_level,
    slope_per_hop,
    to_hops,
)

STEPS_PER_S = int(PIPELINE_HZ) // HOP


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
    noise_part : float
        Share of those in which it begins or ends within the window.
    snr_db : tuple of float
        Range of its signal-to-noise ratio, by the definition of WFDB's ``nst``.
    cold : float
        Share of windows that begin as a stream does: without a level.
    augment : AugmentPlan
        Everything else that goes wrong.
    """

    windows: int = 24
    seconds: int = 16
    warm_s: int = 4
    noise_share: float = 0.5
    noise_part: float = 0.3
    snr_db: tuple[float, float] = (-10.0, 18.0)
    cold: float = 0.1
    augment: AugmentPlan = field(default_factory=AugmentPlan)

    @property
    def steps(self) -> int:
        """Network steps in a window."""
        return self.seconds * STEPS_PER_S

    @property
    def warm_steps(self) -> int:
        """Network steps in front of it."""
        return self.warm_s * STEPS_PER_S


@dataclass(frozen=True)
class Batch:
    """Hops (b, HOP, t); targets of both looks (b, 2, t); offset and weights, each (b, t)."""

    hops: NDArray[np.float32]
    targets: NDArray[np.float32]
    offset: NDArray[np.float32]
    weight: NDArray[np.float32]
    offset_weight: NDArray[np.float32]


COLD_STEPS = 5
"""Steps after the start of a window in which a beat may be half cut off."""

TOP_STEPS, FOOT_STEPS = 1.5, 3.0
"""A step this near to a beat is wholly one (33 ms), this far from it wholly none (67 ms)."""


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
        1 for a step whose middle is near a beat, falling to 0 with the distance;
        beat minus start of the step, in hops.
    """
    grid = np.arange(steps, dtype=np.float64)
    if not beats.size:
        return np.zeros(steps, dtype=np.float32), np.zeros(steps, dtype=np.float32)
    right = np.clip(np.searchsorted(beats, grid + 0.5), 0, beats.size - 1)
    left = np.maximum(right - 1, 0)
    nearer = np.where(
        np.abs(beats[left] - grid - 0.5) < np.abs(beats[right] - grid - 0.5),
        left,
        right,
    )
    distance = beats[nearer] - grid
    bump = np.clip((FOOT_STEPS - np.abs(distance - 0.5)) / (FOOT_STEPS - TOP_STEPS), 0.0, 1.0)
    return bump.astype(np.float32), distance.astype(np.float32)


class Sampler:
    """Draws batches from traces, deterministic for a seed.

    Parameters
    ----------
    traces : sequence of Trace
        Where to draw from.
    shares : array of shape (len(traces),)
        How often each is drawn, in any unit.
    noises : sequence of (Noise, share)
        Noise to add, and how often each is drawn, in any unit.
    shape : BatchShape
        Size and augmentation.
    looks : tuple of int
        How many steps the targets of both looks lag behind the signal.
    rng : numpy Generator
        Source of chance; an attribute too, for checkpoints.
    """

    def __init__(
        self,
        traces: Sequence[Trace],
        shares: NDArray[np.float64],
        noises: Sequence[tuple[Noise, float]],
        shape: BatchShape,
        looks: tuple[int, int],
        rng: np.random.Generator,
    ) -> None:
        self._traces = traces
        self._shares = shares / shares.sum()
        self._noises = [noise for noise, _ in noises]
        weights = np.array([share for _, share in noises])
        self._noise_shares = weights / weights.sum() if noises else weights
        self._shape = shape
        self._looks = looks
        self.rng = rng

    def draw(self) -> Batch:
        """Return the next batch."""
        chosen = self.rng.choice(len(self._traces), self._shape.windows, p=self._shares)
        rows = [self._window(self._traces[index]) for index in chosen]
        signal = np.stack([row[0] for row in rows])
        slopes = slope_per_hop(signal)
        floor = np.full(len(rows), np.log(LEVEL_FLOOR_MV))
        hops = to_hops(signal[:, SLOPE_LAG:], follow_level(slopes, floor))
        parts = [np.stack([row[i] for row in rows]) for i in range(1, 5)]
        return Batch(hops[:, :, self._shape.warm_steps :], *parts)

    def _window(self, trace: Trace) -> tuple[NDArray[np.float32], ...]:
        shape, rng = self._shape, self.rng
        length = (shape.warm_steps + shape.steps) * HOP + SLOPE_LAG
        rate = stretch(rng, shape.augment.warp)
        start = int(rng.integers(0, trace.samples.size - int(length * rate) - 1))
        signal = _read(trace.samples, start, rate, length)
        beats = (trace.beats - start) / rate
        if shape.augment.tall_p and rng.random() < shape.augment.tall_p:
            signal += tall_p_waves(rng, beats, trace.qrs_mv, length)
        if rng.random() < shape.augment.silence:
            first, last = silence(rng, length)
            signal[first:last] = 0.0
            beats = beats[(beats < first) | (beats > last)]
        if self._noises and rng.random() < shape.noise_share:
            signal += self._noise(trace.qrs_mv, length)
        signal += trouble(rng, shape.augment, trace.qrs_mv, length)
        if rng.random() < shape.cold:
            signal[: SLOPE_LAG + shape.warm_steps * HOP] = 0.0
        signal *= np.exp(rng.uniform(np.log(0.2), np.log(5.0))) * rng.choice((-1.0, 1.0))
        origin = SLOPE_LAG + shape.warm_steps * HOP
        steps = (beats - origin) / HOP
        first_look, second_look = self._looks
        bump, distance = step_targets(steps + first_look, shape.steps)
        later, _ = step_targets(steps + second_look, shape.steps)
        weight = np.ones(shape.steps, dtype=np.float32)
        weight[: second_look + COLD_STEPS] = 0.0
        for first_ignored, last_ignored in ((trace.ignored - start) / rate - origin) / HOP:
            weight[max(int(first_ignored), 0) : max(int(last_ignored) + 2 * second_look, 0)] = 0.0
        located = trace.lead == 0 and not trace.name.startswith("svdb")
        return (
            signal,
            np.stack((bump, later)),
            distance,
            weight,
            weight * (bump > 0.1) * np.float32(located),
        )

    def _noise(self, qrs_mv: float, length: int) -> NDArray[np.float32]:
        rng, shape = self.rng, self._shape
        noise = self._noises[int(rng.choice(len(self._noises), p=self._noise_shares))]
        rate = stretch(rng, shape.augment.warp)
        start = int(rng.integers(0, noise.samples.size - int(length * rate) - 1))
        gain = qrs_mv / np.sqrt(8.0) / noise.rms_mv * 10.0 ** (-rng.uniform(*shape.snr_db) / 20.0)
        added = _read(noise.samples, start, rate, length) * np.float32(gain * rng.choice((-1.0, 1.0)))
        if rng.random() < shape.noise_part:
            edge = int(rng.integers(0, length))
            added[slice(edge) if rng.random() < 0.5 else slice(edge, None)] = 0.0
        return added


def _read(samples: NDArray[np.float32], start: int, rate: float, length: int) -> NDArray[np.float32]:
    """Return a copy of a stretch of samples, drawn out or pressed together by ``rate``."""
    if rate == 1.0:
        return samples[start : start + length].copy()
    span = samples[start : start + int(length * rate) + 1]
    drawn: NDArray[np.float64] = np.interp(np.arange(length) * rate, np.arange(span.size), span)
    return drawn.astype(np.float32)
