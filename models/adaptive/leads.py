"""Shows training beats as a lead at another angle would have written them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ecgmon.models.adaptive.data import BeatSequence, describe_beats

NEAREST, FARTHEST = 0.15, 0.85
"""How far an angle lies between the two signals, as shares of a right angle."""


def turn(sequences: Sequence[BeatSequence], rng: np.random.Generator) -> Iterator[BeatSequence]:
    """Yield each record as a weighted sum of its two signals: the same patient, in other shapes.

    Beats are those that were found in the record's own signal, and keep their labels.

    Parameters
    ----------
    sequences : sequence of BeatSequence
        Training records.
    rng : numpy Generator
        Source of chance.
    """
    for sequence in sequences:
        angle = rng.uniform(NEAREST, FARTHEST) * np.pi / 2 * rng.choice((-1, 1))
        whole = ~np.isnan(sequence.others_mv[:, 0])
        points = np.cos(angle) * sequence.points_mv[whole] + np.sin(angle) * sequence.others_mv[whole]
        made = describe_beats(
            sequence.database,
            sequence.record,
            sequence.lead,
            points,
            sequence.samples[whole],
            sequence.labels[whole],
        )
        yield replace(made, invented=turn.__name__)
