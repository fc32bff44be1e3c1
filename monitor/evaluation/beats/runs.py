"""Run by run: couplets, short and long runs of ectopic beats, as EC57 counts them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int64]

EC57_EDGES = (2, 3, 6)
"""Fewest beats of a couplet, a short run and a long run."""


@dataclass(frozen=True, slots=True)
class EpisodeCounts:
    """How many of one kind there are in the reference and the test, and how many agree.

    Parameters
    ----------
    in_reference, in_test : int
        Episodes in either list.
    detected : int
        Those of the reference that the test has in full, or longer.
    confirmed : int
        Those of the test that the reference has in full, or longer.
    """

    in_reference: int = 0
    detected: int = 0
    in_test: int = 0
    confirmed: int = 0

    def __add__(self, other: EpisodeCounts) -> EpisodeCounts:
        return EpisodeCounts(
            self.in_reference + other.in_reference,
            self.detected + other.detected,
            self.in_test + other.in_test,
            self.confirmed + other.confirmed,
        )


@dataclass(frozen=True, slots=True)
class RunCounts:
    """Couplets (2 beats), short runs (usually 3 to 5) and long runs (6 or more)."""

    couplets: EpisodeCounts = EpisodeCounts()
    short: EpisodeCounts = EpisodeCounts()
    long: EpisodeCounts = EpisodeCounts()

    def __add__(self, other: RunCounts) -> RunCounts:
        return RunCounts(self.couplets + other.couplets, self.short + other.short, self.long + other.long)


def score_runs(
    reference: Samples,
    reference_classes: NDArray[np.str_],
    test: Samples,
    test_classes: NDArray[np.str_],
    ectopic: str,
    window_samples: float,
    flutter: Samples,
    edges: tuple[int, int, int] = EC57_EDGES,
) -> RunCounts:
    """Count runs of ectopic beats and how many were seen (EC57:2012, run-by-run comparison).

    A run is looked for in the other list from one match window before its first beat to
    one after its last. It is found if the longest run there is at least of its kind
    (2, 3 to 5, more than 5 beats, unless ``edges`` says otherwise).

    Parameters
    ----------
    reference, test : array of shape (n,), (m,)
        Sample indices of all beats, ascending.
    reference_classes, test_classes : array of str
        Their AAMI classes.
    ectopic : str
        Classes that make up a run: ``VF`` for ventricular runs, ``S`` for
        supraventricular ones.
    window_samples : float
        The match window.
    flutter : array of shape (n_episodes, 2)
        Runs of the test that touch these spans are not counted.
    edges : tuple of int
        Fewest beats of each kind.
    """
    ours = np.isin(reference_classes, list(ectopic))
    theirs = np.isin(test_classes, list(ectopic))
    none = np.zeros((0, 2), dtype=np.int64)
    wanted, seen = _compare(reference, ours, test, theirs, window_samples, none, edges)
    claimed, true = _compare(test, theirs, reference, ours, window_samples, flutter, edges)
    kinds = [
        EpisodeCounts(
            in_reference=int((wanted == kind).sum()),
            detected=int(((wanted == kind) & (seen >= kind)).sum()),
            in_test=int((claimed == kind).sum()),
            confirmed=int(((claimed == kind) & (true >= kind)).sum()),
        )
        for kind in (1, 2, 3)
    ]
    return RunCounts(*kinds)


def _compare(
    samples: Samples,
    ectopic: NDArray[np.bool_],
    others: Samples,
    other_ectopic: NDArray[np.bool_],
    window: float,
    spared: Samples,
    edges: tuple[int, int, int],
) -> tuple[Samples, Samples]:
    """Return the kind of each run of two or more, and of the longest run of the others in its place."""
    first, last = stretches(ectopic)
    touching = (samples[first][:, None] <= spared[:, 1]) & (samples[last][:, None] >= spared[:, 0])
    kept = (last > first) & ~touching.any(axis=1)
    first, last = first[kept], last[kept]
    low = np.searchsorted(others, samples[first] - window, side="left")
    high = np.searchsorted(others, samples[last] + window, side="right")
    there = [_longest(other_ectopic[a:b]) for a, b in zip(low.tolist(), high.tolist(), strict=True)]
    return _kind(last - first + 1, edges), _kind(np.array(there, dtype=np.int64), edges)


def stretches(flags: NDArray[np.bool_]) -> tuple[Samples, Samples]:
    """Return the first and last position of each unbroken stretch of true values."""
    edges = np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1


def _longest(flags: NDArray[np.bool_]) -> int:
    first, last = stretches(flags)
    return int((last - first + 1).max()) if first.size else 0


def _kind(lengths: Samples, edges: tuple[int, int, int]) -> Samples:
    """Return 1 for a couplet, 2 for a short run, 3 for a long one, 0 for less."""
    return np.digitize(lengths, edges).astype(np.int64)
