"""A learned deletion mask: the least of a beat that must go for its class to go with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.explain.hiding import STRETCH
from ecgmon.monitor.explain.probe import Probe

Float64 = NDArray[np.float64]

STEPS = 500
SPARSITY = 3.0
"""Weight of the share of the window that is deleted."""
SMOOTHNESS = 0.15
"""Weight of each rise and fall of the mask."""
RATE = 0.03
SLOW_S = 0.15
"""Standard deviation of the smoothing that leaves a beat's slow part."""
_NUDGE = 0.02
_DECAY, _DECAY_SQUARE, _TINY = 0.9, 0.99, 1e-8
_LEAST = 1e-12


def deletion_mask(probe: Probe, *, steps: int = STEPS) -> Float64:
    """Learn which part of the window carries the class.

    The mask is a broken line with a knot every 28 ms. Where it is 1 the signal is replaced by
    something that tells nothing, each step by the next of `fills`, so that the mask does not
    learn the flaws of one. It is chosen to make the class improbable while as little as possible
    is deleted (L1) and the mask rises and falls as little as possible (total variation). Adam
    takes the steps; the slope along each knot is measured by asking the model with that knot
    nudged, so any model can be asked.

    Parameters
    ----------
    probe : Probe
        The beat before its model.
    steps : int
        Steps taken.

    Returns
    -------
    array of shape (n_samples,)
        0 to 1: how far each sample is deleted. All but 0 where nothing of it can
        lower the probability by more than the deletion costs.

    References
    ----------
    Fong & Vedaldi 2017, Interpretable explanations of black boxes by meaningful perturbation,
    doi:10.1109/ICCV.2017.371.
    """
    spread = hats(probe.window_mv.size)
    blanks = fills(probe.window_mv)
    knots = np.full(len(spread), 0.5)
    mean, square = np.zeros(knots.size), np.zeros(knots.size)
    for step in range(1, steps + 1):
        slope = slope_of_surety(probe, knots, spread, blanks[step % len(blanks)]) + _cost_slope(knots)
        mean = _DECAY * mean + (1 - _DECAY) * slope
        square = _DECAY_SQUARE * square + (1 - _DECAY_SQUARE) * slope * slope
        size = np.sqrt(square / (1 - _DECAY_SQUARE**step)) + _TINY
        knots = np.clip(knots - RATE * mean / (1 - _DECAY**step) / size, 0.0, 1.0)
    return np.asarray(knots @ spread)


def fills(window_mv: Float64) -> Float64:
    """Return what may stand for a deleted beat: its level, a line between its ends, its slow part.

    Parameters
    ----------
    window_mv : array of shape (n_samples,)
        The beat.

    Returns
    -------
    array of shape (3, n_samples)
        In millivolts.
    """
    return np.stack(
        (
            np.full(window_mv.size, np.median(window_mv)),
            np.linspace(window_mv[0], window_mv[-1], window_mv.size),
            gaussian_filter1d(window_mv, SLOW_S * PIPELINE_HZ, mode="nearest"),
        )
    )


def left_over(probe: Probe, mask: Float64) -> float:
    """Return the mean probability of the class, over all fills, once a mask has done its work."""
    window = probe.window_mv
    return float(probe.chance(window + mask * (fills(window) - window)).mean())


def slope_of_surety(probe: Probe, knots: Float64, spread: Float64, blank: Float64) -> Float64:
    """Return how surety changes with each knot, by differences.

    Parameters
    ----------
    probe : Probe
        The beat before its model.
    knots : array of shape (k,)
        The mask's knots.
    spread : array of shape (k, n_samples)
        What each knot adds to the mask.
    blank : array of shape (n_samples,)
        What is put in the place of the signal.
    """
    nudge = np.where(knots > 0.5, -_NUDGE, _NUDGE)
    trials = np.vstack((knots, knots + np.diag(nudge))) @ spread
    window = probe.window_mv
    hold = surety(probe, window + trials * (blank - window))
    return np.asarray((hold[1:] - hold[0]) / nudge)


def surety(probe: Probe, windows_mv: Float64) -> Float64:
    """Return minus the logarithm of the probability that the class is another, shape (n,).

    Where the model is certain the probability itself has no slope to follow; this has.

    Parameters
    ----------
    probe : Probe
        The beat before its model.
    windows_mv : array of shape (n, n_samples)
        Windows in this one's place.
    """
    others = np.delete(probe.ask(windows_mv), probe.wanted, axis=1).sum(axis=1)
    return np.asarray(-np.log(np.maximum(others, _LEAST)))


def hats(width: int) -> Float64:
    """Return what each knot of a broken line adds to it, one knot every 28 ms, shape (k, width)."""
    places = np.arange(0, width + STRETCH, STRETCH)
    return np.array([np.interp(np.arange(width), places, row) for row in np.eye(places.size)])


def _cost_slope(knots: Float64) -> Float64:
    rise = np.sign(np.diff(knots))
    total_variation = np.concatenate(([0.0], rise)) - np.concatenate((rise, [0.0]))
    return SPARSITY / knots.size + SMOOTHNESS * total_variation
