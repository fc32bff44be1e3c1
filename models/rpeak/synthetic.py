"""Simple synthetic ECG for training: the rates, widths and T waves that bench tests ask for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgmon.models.rpeak.data import Trace
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp.rpeak_frontend import band_pass

RATES_PER_MIN = (15.0, 300.0)
QRS_S = (0.03, 0.14)
SECONDS = 300


def _triangle(time: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    return np.clip(1.0 - np.abs(time) / (0.5 * width), 0.0, None)


def _bump(time: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    return np.exp(-0.5 * (time / (0.25 * width)) ** 2)


def _template(rng: np.random.Generator, period: float) -> tuple[NDArray[np.float64], int]:
    """Return one beat's shape and the index of its R wave."""
    before, after = 0.35, 0.7
    time = np.arange(-before, after, 1.0 / PIPELINE_HZ)
    width = min(rng.uniform(*QRS_S), 0.4 * period)
    wave = _triangle if rng.random() < 0.5 else _bump
    beat = wave(time, width)
    beat = beat - rng.uniform(0.0, 0.6) * wave(time + 0.6 * width, 0.7 * width)
    beat = beat - rng.uniform(0.0, 0.6) * wave(time - 0.7 * width, 0.8 * width)
    shrink = min(1.0, period / 0.9)
    t_height = rng.uniform(-0.3, 1.2) if rng.random() < 0.7 else 0.0
    beat = beat + t_height * _bump(time - 0.32 * np.sqrt(shrink), 0.2 * np.sqrt(shrink))
    if period > 0.45 and rng.random() < 0.7:
        beat = beat + rng.uniform(0.0, 0.2) * _bump(time + 0.17, 0.1)
    return beat, round(before * PIPELINE_HZ)


def synthetic_trace(rng: np.random.Generator, number: int) -> Trace:
    """Return five minutes of beats whose rate and shape change every half minute.

    Parameters
    ----------
    rng : numpy Generator
        Source of chance.
    number : int
        Goes into the name.
    """
    samples = np.zeros(int(SECONDS * PIPELINE_HZ))
    beats: list[float] = []
    now = 1.0
    change = 0.0
    while now < SECONDS - 2.0:
        if now >= change:
            period = 60.0 / np.exp(rng.uniform(*np.log(RATES_PER_MIN)))
            jitter = rng.choice((0.0, 0.02, 0.1))
            beat, centre = _template(rng, period)
            change = now + max(20.0, 8.0 * period)
        index = round(now * PIPELINE_HZ)
        first = max(index - centre, 0)
        last = min(index - centre + beat.size, samples.size)
        samples[first:last] += beat[first - index + centre : last - index + centre]
        beats.append(float(index))
        now += max(period * (1.0 + jitter * rng.standard_normal()), 0.19)
    filtered = band_pass(samples)[0].astype(np.float32)
    return Trace(f"synthetic/{number}", 0, filtered, np.array(beats), np.zeros((0, 2)), 1.0)
