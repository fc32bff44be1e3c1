"""Draws runs of consecutive beats for training, each varied in its own way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d, uniform_filter1d

from ecgmon.models.adaptive.data import BeatSequence
from ecgmon.models.adaptive.patients import SYMBOLS
from ecgmon.models.adaptive.rhythms import R_POINT
from ecgmon.monitor.core.ecg_codes import PACED
from ecgmon.monitor.inference.patient_features import FEATURES, NEXT_FEATURES, POINTS, SHAPES

Float32 = NDArray[np.float32]

MEASURED = np.array([not name.startswith("has_") for name in FEATURES])
"""Features that are measurements, and no flags."""

PACE = FEATURES.index("short_median_to_800_ms")

SUPRAVENTRICULAR, VENTRICULAR, FUSION = (SYMBOLS.index(symbol) for symbol in "AVF")


FILTERED, STRETCHED = 0.7, 0.7
"""Shares of runs that are filtered, and that are stretched."""

STRONGEST = 0.5
"""What a random filter adds to a beat, at most, as a share of it."""

WIDEST = 0.12
"""Logarithm of the factor by which a beat is stretched, at most."""

LEAST_SIZE = 1e-3
"""Beats are not blown up beyond this size."""


class Batch(NamedTuple):
    """Runs of beats.

    Parameters
    ----------
    shapes : float32 array of shape (s, n, 3, 120)
    features : float32 array of shape (s, n, 35)
    next_features : float32 array of shape (s, n, 5)
    labels : int array of shape (s, n)
        ``IGNORED`` where a run is shorter than the others.
    """

    shapes: Float32
    features: Float32
    next_features: Float32
    labels: NDArray[np.int64]


class BatchMaker:
    """Draws runs from records; those with rarer beats are drawn more often.

    Parameters
    ----------
    sequences : sequence of BeatSequence
        Training records.
    rng : numpy Generator
        Source of chance.
    invented : sequence of BeatSequence
        Rhythms that were put together of their beats.
    share : float
        Share of runs that are drawn from those.
    turned : sequence of BeatSequence
        The records as leads at other angles show them.
    turned_share : float
        Share of runs that are drawn from those.
    """

    def __init__(
        self,
        sequences: Sequence[BeatSequence],
        rng: np.random.Generator,
        invented: Sequence[BeatSequence] = (),
        share: float = 0.0,
        turned: Sequence[BeatSequence] = (),
        turned_share: float = 0.0,
    ) -> None:
        self._sequences = [*sequences, *turned, *invented]
        self._rng = rng
        as_they_are = 1 - share * bool(invented) - turned_share * bool(turned)
        parts = (_chances(sequences) * as_they_are, _chances(turned) * turned_share)
        chance = np.concatenate((*parts, np.full(len(invented), share / max(1, len(invented)))))
        self._chance = chance / chance.sum()

    def draw(self, runs: int, length: int) -> Batch:
        """Return ``runs`` runs of ``length`` beats."""
        batch = Batch(
            np.zeros((runs, length, SHAPES, POINTS), dtype=np.float32),
            np.zeros((runs, length, len(FEATURES)), dtype=np.float32),
            np.zeros((runs, length, len(NEXT_FEATURES)), dtype=np.float32),
            np.full((runs, length), -1, dtype=np.int64),
        )
        for i in range(runs):
            sequence = self._sequences[self._rng.choice(len(self._sequences), p=self._chance)]
            count = len(sequence.labels)
            start = int(self._rng.integers(0, max(1, count - length)))
            part = slice(start, min(count, start + length))
            n = part.stop - part.start
            features, next_features = self._timing(sequence, part)
            batch.shapes[i, :n] = self._shapes(sequence.shapes[part].astype(np.float32))
            batch.features[i, :n] = features
            batch.next_features[i, :n] = next_features
            batch.labels[i, :n] = sequence.labels[part]
        return batch

    def _shapes(self, shapes: Float32) -> Float32:
        """Vary shape, tempo, place, size, polarity, noise and baseline of a run of beats."""
        rng, n = self._rng, len(shapes)
        if rng.random() < FILTERED:
            shapes = filtered(shapes, rng)
        if rng.random() < STRETCHED:
            shapes = stretched(shapes, float(np.exp(rng.uniform(-WIDEST, WIDEST))))
        places = (np.arange(shapes.shape[2]) - rng.integers(-1, 2, (n, 1))) % shapes.shape[2]
        shapes = np.take_along_axis(shapes, np.broadcast_to(places[:, None], shapes.shape), axis=2)
        shapes[:, 1:] *= rng.uniform(0.85, 1.15)
        shapes *= rng.uniform(0.9, 1.1, (n, 1, 1)).astype(np.float32)
        if rng.random() < 0.5:
            shapes = -shapes
        if rng.random() < 0.5:
            width = int(rng.choice([1, 3, 7]))
            noise = uniform_filter1d(rng.normal(0, np.sqrt(width), (n, shapes.shape[2])), width, axis=1)
            shapes += (rng.uniform(0, 0.2) * noise[:, None]).astype(np.float32)
        if rng.random() < 0.3:
            drift = rng.normal(0, 0.2, (2, n, 1, 1))
            shapes += (drift[0] + drift[1] * np.linspace(-1, 1, shapes.shape[2])).astype(np.float32)
        return shapes

    def _timing(self, sequence: BeatSequence, part: slice) -> tuple[Float32, Float32]:
        """Return the features of a run, varied a little."""
        rng = self._rng
        features, next_features = sequence.features[part].copy(), sequence.next_features[part].copy()
        features += rng.normal(0, 0.02, features.shape) * MEASURED
        features[:, PACE] += rng.normal(0, 0.15)
        next_features[:, :-1] += rng.normal(0, 0.02, (len(features), next_features.shape[1] - 1))
        return features, next_features


def filtered(shapes: Float32, rng: np.random.Generator) -> Float32:
    """Return a run of beats behind a random short filter, the same for all, as another lead might look.

    Parameters
    ----------
    shapes : float32 array of shape (n, 3, 120)
        `DescribedBeat.shapes`; normalised as before on return.
    rng : numpy Generator
        Source of chance.
    """
    taps = int(rng.choice([3, 5, 9]))
    change = rng.normal(0, 1, taps) * np.hanning(taps + 2)[1:-1]
    response = change / np.abs(change).sum() * rng.uniform(0, STRONGEST)
    response[taps // 2] += 1
    rows = correlate1d(shapes, response.astype(np.float32), axis=2, mode="nearest")
    rows[:, 0] -= rows[:, 0].mean(axis=1, keepdims=True)
    sizes = np.maximum(rows[:, 0].std(axis=1), LEAST_SIZE)
    rows[:, 0] /= sizes[:, None]
    rows[:, 1:] /= np.median(sizes)
    return np.asarray(rows, dtype=np.float32)


def stretched(shapes: Float32, factor: float) -> Float32:
    """Return a run of beats that are ``factor`` times as quick around their R waves."""
    count = shapes.shape[2]
    places = (R_POINT + (np.arange(count) - R_POINT) * factor).clip(0, count - 1)
    left = places.astype(np.int64).clip(0, count - 2)
    share = (places - left).astype(np.float32)
    return np.asarray(shapes[:, :, left] * (1 - share) + shapes[:, :, left + 1] * share)


def _chances(sequences: Sequence[BeatSequence]) -> NDArray[np.float64]:
    """Return how often each record is drawn; the sum is 1."""
    weights = np.array([_weight(sequence) for sequence in sequences])
    return np.asarray(weights / max(1.0, weights.sum()))


def _weight(sequence: BeatSequence) -> float:
    counts = np.bincount(sequence.labels.clip(0), minlength=len(SYMBOLS) + 1)
    rare = 0.008 * min(counts[SUPRAVENTRICULAR], 300) + 0.004 * min(counts[VENTRICULAR], 300)
    rare += 0.05 * min(counts[FUSION], 100)
    share = 0.3 if sequence.record in PACED else 2.0 if sequence.database == "mitdb" else 1.0
    return float((1 + rare) * share)
