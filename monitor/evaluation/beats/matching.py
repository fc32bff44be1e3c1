"""Pair the beats of a detector with the beats of a reference, one to one, the nearest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Which beat belongs to which.

    Parameters
    ----------
    reference, test : array of shape (n_matches,)
        Positions in the two lists, ascending; entry ``i`` of both is one pair.
    missed : array
        Positions of reference beats that nothing was found for.
    extra : array
        Positions of test beats that belong to no reference beat.
    """

    reference: Indices
    test: Indices
    missed: Indices
    extra: Indices


def match_beats(reference: Indices, test: Indices, window_samples: float) -> Matches:
    """Pair two ascending lists of beats.

    A reference beat and a test beat are a pair if each is the nearest free beat to the
    other and they are at most the window apart; pairs are taken out until none is left.
    This is the pairing of the WFDB program ``bxb`` (EC57:2012, beat-by-beat comparison,
    window 150 ms), found for all beats at once.

    Parameters
    ----------
    reference, test : array of shape (n,), (m,)
        Ascending sample indices.
    window_samples : float
        Largest distance of a pair, inclusive.
    """
    reference = np.asarray(reference, dtype=np.int64)
    test = np.asarray(test, dtype=np.int64)
    free_reference = np.arange(reference.size)
    free_test = np.arange(test.size)
    pairs: list[tuple[Indices, Indices]] = []
    while free_reference.size and free_test.size:
        to_test = _nearest(reference[free_reference], test[free_test])
        to_reference = _nearest(test[free_test], reference[free_reference])
        own = np.arange(free_reference.size)
        distance = np.abs(reference[free_reference] - test[free_test[to_test]])
        paired = np.flatnonzero((to_reference[to_test] == own) & (distance <= window_samples))
        if paired.size == 0:
            break
        pairs.append((free_reference[paired], free_test[to_test[paired]]))
        free_reference = np.delete(free_reference, paired)
        free_test = np.delete(free_test, to_test[paired])
    empty = np.zeros(0, dtype=np.int64)
    matched_reference = np.concatenate([pair[0] for pair in pairs] or [empty])
    matched_test = np.concatenate([pair[1] for pair in pairs] or [empty])
    order = np.argsort(matched_reference)
    return Matches(matched_reference[order], matched_test[order], free_reference, free_test)


def _nearest(points: Indices, among: Indices) -> Indices:
    """Return for each point the position of the nearest of an ascending list; the earlier of two."""
    after = np.clip(np.searchsorted(among, points), 0, among.size - 1)
    before = np.clip(after - 1, 0, None)
    earlier = np.abs(points - among[before]) <= np.abs(among[after] - points)
    return np.where(earlier, before, after)
