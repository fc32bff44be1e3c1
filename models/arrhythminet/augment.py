"""Varies training windows as wearables do: lead, shift, gain, polarity, baseline and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgmon.models.common.windows import MARGIN_SAMPLES
from ecgmon.monitor.dsp.segment import SegmentSettings, normalise

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far windows are varied.

    Parameters
    ----------
    live : float
        Share of windows around the live detector's R wave; the rest are around the reference's.
    shift_samples : float
        Standard deviation of a further shift of the window.
    stretch : float
        Standard deviation of the logarithm of a stretch of time about the R wave.
    second_lead, mixed_lead : float
        Share of windows from the second lead, and from a random mixture of both.
    flip : float
        Share of windows turned upside down.
    gain : float
        Standard deviation of the logarithm of the gain.
    baseline_mv : float
        Standard deviation of slow wander at 0.5 to 2 Hz.
    noise_mv : float
        Upper end of the white noise's standard deviation.
    """

    live: float = 0.5
    shift_samples: float = 1.5
    stretch: float = 0.02
    second_lead: float = 0.2
    mixed_lead: float = 0.35
    flip: float = 0.05
    gain: float = 0.2
    baseline_mv: float = 0.05
    noise_mv: float = 0.02


def augment(
    windows_mv: Float32,
    live_offsets: NDArray[np.int64],
    rng: np.random.Generator,
    how: Augmentation,
) -> Float32:
    """Return one varied and normalised window for each beat.

    Parameters
    ----------
    windows_mv : array of shape (n, 2, 360 + 2 * margin)
        Clean windows of both leads in millivolts.
    live_offsets : int array of shape (n, 2)
        Where the live detector puts the R wave, in samples from the reference.
    rng : numpy.random.Generator
        Source of chance.
    how : Augmentation
        How far to go.

    Returns
    -------
    array of shape (n, 360)
        As the classifier takes them.
    """
    n, _, wide = windows_mv.shape
    width = wide - 2 * MARGIN_SAMPLES
    lead = _lead_weights(n, rng, how)
    offset = live_offsets[np.arange(n), np.abs(lead).argmax(axis=1)]
    shift = rng.normal(0, how.shift_samples, n) + offset * (rng.random(n) < how.live)
    scale = np.exp(rng.normal(0, how.stretch, n))
    mixed = np.einsum("nlt,nl->nt", _resampled(windows_mv, shift, scale, width), lead)
    gain = np.exp(rng.normal(0, how.gain, n)) * np.where(rng.random(n) < how.flip, -1.0, 1.0)
    mixed *= gain[:, None].astype(np.float32)
    mixed += _wander(n, width, rng, how.baseline_mv)
    level = rng.uniform(0, how.noise_mv, (n, 1)).astype(np.float32)
    mixed += level * rng.standard_normal((n, width), dtype=np.float32)
    return normalise(mixed)


def _resampled(windows_mv: Float32, shift: Float64, scale: Float64, width: int) -> Float32:
    """Return windows about a shifted R wave, stretched; linear between samples."""
    centre = MARGIN_SAMPLES + SegmentSettings().before_samples
    steps = np.arange(width) - SegmentSettings().before_samples
    places = np.rint(centre + shift)[:, None] + scale[:, None] * steps
    places = np.clip(places, 0, windows_mv.shape[2] - 1.001)
    left = places.astype(np.int64)
    share = (places - left).astype(np.float32)[:, None, :]
    left = left[:, None, :]
    low = np.take_along_axis(windows_mv, left, axis=2)
    return np.asarray(low + share * (np.take_along_axis(windows_mv, left + 1, axis=2) - low))


def _lead_weights(n: int, rng: np.random.Generator, how: Augmentation) -> Float32:
    draw = rng.random(n)
    angle = rng.uniform(-np.pi / 4, 3 * np.pi / 4, n)
    second = draw < how.second_lead
    mixed = (draw >= how.second_lead) & (draw < how.second_lead + how.mixed_lead)
    angle = np.where(mixed, angle, np.where(second, np.pi / 2, 0.0))
    return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


def _wander(n: int, width: int, rng: np.random.Generator, level_mv: float) -> Float32:
    time_s = np.arange(width, dtype=np.float32) / 360
    rate = rng.uniform(0.5, 2.0, (n, 1)).astype(np.float32)
    phase = rng.uniform(0, 2 * np.pi, (n, 1)).astype(np.float32)
    height = rng.normal(0, level_mv, (n, 1)).astype(np.float32)
    return np.asarray(height * np.sin(2 * np.pi * rate * time_s + phase), dtype=np.float32)
