"""Draws runs of consecutive beats for training, each varied in its own way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from models.adaptive.dataset import BeatSequence
from models.adaptive.patients import PACED, SYMBOLS
from monitor.inference.context import FIGURES, NEXT_FIGURES, POINTS, SHAPES

Float32 = NDArray[np.float32]

FLAGS = 2
"""The last figures, which are no measurements."""

PACE = FIGURES.index("short_median_to_800_ms")

SUPRAVENTRICULAR, VENTRICULAR, FUSION = (SYMBOLS.index(symbol) for symbol in "AVF")


class Batch(NamedTuple):
    """Runs of beats.

    Parameters
    ----------
    shapes : float32 array of shape (s, n, 3, 120)
    figures : float32 array of shape (s, n, 28)
    next_figures : float32 array of shape (s, n, 5)
    labels : int array of shape (s, n)
        ``IGNORED`` where a run is shorter than the others.
    """

    shapes: Float32
    figures: Float32
    next_figures: Float32
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
    """

    def __init__(
        self,
        sequences: Sequence[BeatSequence],
        rng: np.random.Generator,
        invented: Sequence[BeatSequence] = (),
        share: float = 0.0,
    ) -> None:
        self._sequences = [*sequences, *invented]
        self._rng = rng
        chance = np.array([_weight(sequence) for sequence in sequences])
        chance /= chance.sum()
        if invented:
            more = np.full(len(invented), share / len(invented))
            chance = np.concatenate((chance * (1 - share), more))
        self._chance = chance / chance.sum()

    def draw(self, runs: int, length: int) -> Batch:
        """Return ``runs`` runs of ``length`` beats."""
        batch = Batch(
            np.zeros((runs, length, SHAPES, POINTS), dtype=np.float32),
            np.zeros((runs, length, len(FIGURES)), dtype=np.float32),
            np.zeros((runs, length, len(NEXT_FIGURES)), dtype=np.float32),
            np.full((runs, length), -1, dtype=np.int64),
        )
        for i in range(runs):
            sequence = self._sequences[self._rng.choice(len(self._sequences), p=self._chance)]
            count = len(sequence.labels)
            start = int(self._rng.integers(0, max(1, count - length)))
            part = slice(start, min(count, start + length))
            n = part.stop - part.start
            figures, next_figures = self._timing(sequence, part)
            batch.shapes[i, :n] = self._shapes(sequence.shapes[part].astype(np.float32))
            batch.figures[i, :n] = figures
            batch.next_figures[i, :n] = next_figures
            batch.labels[i, :n] = sequence.labels[part]
        return batch

    def _shapes(self, shapes: Float32) -> Float32:
        """Vary place, size, polarity, noise and baseline of a run of beats."""
        rng, n = self._rng, len(shapes)
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
        """Return the figures of a run, varied a little."""
        rng = self._rng
        figures, next_figures = sequence.figures[part].copy(), sequence.next_figures[part].copy()
        figures[:, :-FLAGS] += rng.normal(0, 0.02, (len(figures), figures.shape[1] - FLAGS))
        figures[:, PACE] += rng.normal(0, 0.15)
        next_figures[:, :-1] += rng.normal(0, 0.02, (len(figures), next_figures.shape[1] - 1))
        return figures, next_figures


def _weight(sequence: BeatSequence) -> float:
    counts = np.bincount(sequence.labels.clip(0), minlength=len(SYMBOLS) + 1)
    rare = 0.008 * min(counts[SUPRAVENTRICULAR], 300) + 0.004 * min(counts[VENTRICULAR], 300)
    rare += 0.05 * min(counts[FUSION], 100)
    share = 0.3 if sequence.record in PACED else 2.0 if sequence.database == "mitdb" else 1.0
    return float((1 + rare) * share)
