"""What goes wrong on a wearable, added to training windows: steps, hum, lost contact, silence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp.rpeak_frontend import band_pass

Window = NDArray[np.float32]


@dataclass(frozen=True)
class AugmentPlan:
    """Share of windows that each trouble befalls.

    Parameters
    ----------
    step, hum, white, silence, warp : float
        Offset steps of up to 5 times the QRS; 50 or 60 Hz; white noise; stretches
        without heartbeats; time drawn out or pressed together.
    tall_p : float
        A wave before every beat that looks like a QRS, as a tall P wave does.
    """

    step: float = 0.08
    hum: float = 0.15
    white: float = 0.3
    silence: float = 0.1
    warp: float = 0.3
    tall_p: float = 0.1


def stretch(rng: np.random.Generator, share: float) -> float:
    """Return by how much time is pressed together: 1, or 0.8 to 1.3."""
    return float(np.exp(rng.uniform(-0.22, 0.26))) if rng.random() < share else 1.0


def silence(rng: np.random.Generator, length: int) -> tuple[int, int]:
    """Return a span, in samples, in which the heart is silent or the electrode off."""
    span = int(rng.uniform(2.0, 10.0) * PIPELINE_HZ)
    first = int(rng.integers(0, length))
    return first, min(first + span, length)


def trouble(rng: np.random.Generator, plan: AugmentPlan, qrs_mv: float, length: int) -> Window:
    """Return what is added to a window, shape (length,): steps, hum and white noise."""
    raw = np.zeros(length)
    chances = rng.random(3) < (plan.step, plan.hum, plan.white)
    if not chances.any():
        return raw.astype(np.float32)
    if chances[0]:
        for _ in range(int(rng.integers(1, 4))):
            first = int(rng.integers(0, length))
            span = int(np.exp(rng.uniform(np.log(0.02), np.log(4.0))) * PIPELINE_HZ)
            last = length if rng.random() < 0.3 else first + span
            raw[first:last] += rng.uniform(-5.0, 5.0) * qrs_mv
    if chances[1]:
        time = np.arange(length) / PIPELINE_HZ
        phase = 2.0 * np.pi * (rng.choice((50.0, 60.0)) * time + rng.random())
        raw += qrs_mv * np.exp(rng.uniform(np.log(0.02), np.log(0.7))) * np.sin(phase)
    if chances[2]:
        raw += qrs_mv * np.exp(rng.uniform(np.log(0.003), np.log(0.1))) * rng.standard_normal(length)
    return band_pass(raw)[0].astype(np.float32)


def tall_p_waves(rng: np.random.Generator, beats: NDArray[np.float64], qrs_mv: float, length: int) -> Window:
    """Return one shape of P wave, 0.13 to 0.26 s before every beat, shape (length,)."""
    width = rng.uniform(0.012, 0.035) * PIPELINE_HZ
    height = qrs_mv * rng.uniform(0.1, 0.5) * rng.choice((-1.0, 1.0))
    time = np.arange(-round(4 * width), round(4 * width) + 1) / width
    shape = np.exp(-0.5 * time**2)
    if rng.random() < 0.5:
        shape = 1.6 * time * shape
    train = np.zeros(length)
    jitter = 0.005 * PIPELINE_HZ * rng.standard_normal(beats.size)
    places = np.round(beats - rng.uniform(0.13, 0.26) * PIPELINE_HZ + jitter).astype(int)
    train[places[(places >= 0) & (places < length)]] = height
    return np.convolve(train, shape, "same").astype(np.float32)
