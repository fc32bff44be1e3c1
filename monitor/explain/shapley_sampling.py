"""Shapley values of a beat's class: what each stretch of the window contributes, by sampling."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Classify = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From windows of shape (n, width) to probabilities of shape (n, n_classes)."""

STRETCH = 12
"""Samples that come and go together: 33 ms."""

PAIRS = 24


@dataclass(frozen=True, slots=True)
class ShapleyStep:
    """The estimate so far.

    Parameters
    ----------
    done : float
        0 to 1.
    values : array of shape (width,)
        Contribution of each sample's stretch to the class's probability.
    base, full : float
        Probability with nothing and with all of the beat.
    """

    done: float
    values: NDArray[np.float64]
    base: float
    full: float


def shapley_values(
    classify: Classify, window: NDArray[np.float32], wanted: int, *, pairs: int = PAIRS, seed: int = 0
) -> Iterator[ShapleyStep]:
    """Estimate Shapley values by antithetic permutation sampling.

    Stretches are revealed in random order, each order once forwards and once backwards, and
    the change of the class's probability is credited to the stretch just revealed
    (Strumbelj and Kononenko 2014, doi:10.1007/s10115-013-0679-x). A hidden stretch is a
    straight line between its ends, so that no edge is made that the model never saw.

    Parameters
    ----------
    classify : callable
        The model.
    window : array of shape (width,)
        Normalised window of the beat.
    wanted : int
        Class whose probability is explained.
    pairs : int
        Pairs of orders.
    seed : int
        Seed of the orders.

    Yields
    ------
    ShapleyStep
        After each pair; the values of the last one add up to ``full - base``.
    """
    width = window.size
    edges = np.arange(0, width, STRETCH)
    count = edges.size
    owner = np.repeat(np.arange(count), np.diff(np.append(edges, width)))
    knots = np.append(edges, width - 1)
    hidden = np.interp(np.arange(width), knots, np.linspace(window[0], window[-1], knots.size))
    credit = np.zeros(count)
    random = np.random.default_rng(seed)
    base = full = 0.0
    for pair in range(pairs):
        order = random.permutation(count)
        for run in (order, order[::-1]):
            rank = np.empty(count, dtype=int)
            rank[run] = np.arange(count)
            shown = rank[owner][None, :] < np.arange(count + 1)[:, None]
            chance = classify(np.where(shown, window, hidden).astype(np.float32))[:, wanted]
            credit[run] += np.diff(chance.astype(np.float64))
            base, full = float(chance[0]), float(chance[-1])
        yield ShapleyStep((pair + 1) / pairs, (credit / (2 * pair + 2))[owner], base, full)
