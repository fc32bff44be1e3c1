"""Draws runs of consecutive beats for training, each varied in its own way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from models.adaptive.dataset import BeatSequence
from models.adaptive.patients import PACED, SYMBOLS
from monitor.events import PIPELINE_HZ
from monitor.inference.context import FIGURES, IntervalHistory

Float32 = NDArray[np.float32]

INTERVAL_FIGURES = 8
"""The first figures, which come from RR intervals alone."""

SUPRAVENTRICULAR, VENTRICULAR, FUSION = (SYMBOLS.index(symbol) for symbol in "AVF")


class Batch(NamedTuple):
    """Runs of beats.

    Parameters
    ----------
    shapes : float32 array of shape (s, n, 2, 120)
    figures : float32 array of shape (s, n, 12)
    next_figures : float32 array of shape (s, n, 4)
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
    irregular : float
        Share of runs of normal beats whose intervals are replaced by ones as irregular as in
        atrial fibrillation, so that an early beat among irregular ones is not called premature.
    """

    def __init__(
        self, sequences: Sequence[BeatSequence], rng: np.random.Generator, irregular: float = 0.15
    ) -> None:
        self._sequences = list(sequences)
        self._rng = rng
        self._irregular = irregular
        chance = np.array([_weight(sequence) for sequence in self._sequences])
        self._chance = chance / chance.sum()

    def draw(self, runs: int, length: int) -> Batch:
        """Return ``runs`` runs of ``length`` beats."""
        points = self._sequences[0].shapes.shape[2]
        batch = Batch(
            np.zeros((runs, length, 2, points), dtype=np.float32),
            np.zeros((runs, length, len(FIGURES)), dtype=np.float32),
            np.zeros((runs, length, 4), dtype=np.float32),
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
        shapes[:, 1] *= rng.uniform(0.85, 1.15)
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
        """Return the figures of a run, varied a little, or made irregular."""
        rng = self._rng
        figures, next_figures = sequence.figures[part].copy(), sequence.next_figures[part].copy()
        labels = sequence.labels[part]
        ectopic = np.any((labels >= SUPRAVENTRICULAR) & (labels <= FUSION))
        if len(labels) > 2 and not ectopic and rng.random() < self._irregular:
            mean_s = float(np.median(np.diff(sequence.samples[part]))) / PIPELINE_HZ
            spread = rng.uniform(0.12, 0.3)
            intervals = mean_s * rng.gamma(spread**-2, spread**2, len(labels)).clip(0.45, 2.2)
            history = IntervalHistory()
            rows = [history.add(float(interval)) for interval in intervals]
            figures[:, :INTERVAL_FIGURES] = [row[0] for row in rows]
            next_figures[:-1] = [row[1] for row in rows[1:]]
        figures[:, : INTERVAL_FIGURES + 2] += rng.normal(0, 0.02, (len(labels), INTERVAL_FIGURES + 2))
        figures[:, 6] += rng.normal(0, 0.15)
        return figures, next_figures


def _weight(sequence: BeatSequence) -> float:
    counts = np.bincount(sequence.labels.clip(0), minlength=len(SYMBOLS) + 1)
    rare = 0.008 * min(counts[SUPRAVENTRICULAR], 300) + 0.004 * min(counts[VENTRICULAR], 300)
    rare += 0.05 * min(counts[FUSION], 100)
    share = 0.3 if sequence.record in PACED else 2.0 if sequence.database == "mitdb" else 1.0
    return float((1 + rare) * share)
