"""Made electrode-motion noise: bumps, steps that recover, and swings, some much like a QRS."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from ecgmon.models.rpeak.data import Noise, as_noise
from ecgmon.monitor.core.events import PIPELINE_HZ

SECONDS = 300
SHAPES = 6
RATE_HZ = (0.15, 1.2)
"""How often each shape comes, in events a second."""

Wave = NDArray[np.float64]


def motion_noise(rng: np.random.Generator) -> Noise:
    """Return five minutes of noise that no heart made.

    Parameters
    ----------
    rng : numpy Generator
        Source of chance.
    """
    length = int(SECONDS * PIPELINE_HZ)
    raw = np.zeros(length)
    for _ in range(SHAPES):
        rate = np.exp(rng.uniform(*np.log(RATE_HZ)))
        places = np.flatnonzero(rng.random(length) < rate / PIPELINE_HZ)
        events = np.zeros(length)
        events[places] = rng.choice((-1.0, 1.0)) * np.exp(0.6 * rng.standard_normal(places.size))
        raw += fftconvolve(events, _shape(rng), "same")
    raw += rng.uniform(0.02, 0.2) * raw.std() * rng.standard_normal(length)
    return as_noise("motion", raw)


def _shape(rng: np.random.Generator) -> Wave:
    """Return one disturbance, as high as 1."""
    time = np.arange(-1.5, 1.5, 1.0 / PIPELINE_HZ)
    width = np.exp(rng.uniform(np.log(0.012), np.log(0.08)))
    bump: Wave = np.exp(-0.5 * (time / width) ** 2)
    kind = rng.integers(4)
    if kind == 0:
        return bump
    if kind == 1:
        return np.asarray(1.65 * time / width * bump)
    if kind == 2:
        return np.asarray(np.where(time < 0.0, bump, np.exp(-time / rng.uniform(0.05, 0.8))))
    return np.asarray(np.exp(-0.5 * (time / rng.uniform(0.1, 0.4)) ** 2))
