"""Figures that say what a map of a beat is worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import trapezoid
from scipy.stats import spearmanr

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.explain.hiding import STRETCH, bridge, peak, per_stretch, top_share
from ecgmon.monitor.explain.probe import Probe
from ecgmon.monitor.explain.waves import Waves

Float64 = NDArray[np.float64]

SHARES = (0.1, 0.25, 0.5)
"""Shares of the window, most important first, that are kept or deleted."""

CURVE = np.linspace(0.0, 1.0, 13)
"""Shares at which the deletion and insertion curves are sampled."""

NEAR_QRS_S = 0.05


def fidelity(probe: Probe, importance: Float64) -> tuple[Float64, Float64]:
    """Return the class's probability with only the top shares kept, and with them deleted.

    Parameters
    ----------
    probe : Probe
        The beat before its model.
    importance : array of shape (n_samples,)
        A map.

    Returns
    -------
    kept, deleted : array of shape (3,)
        One value for each of `SHARES`.
    """
    top = np.array([top_share(importance, share) for share in SHARES])
    chance = probe.chance(np.vstack((bridge(probe.window_mv, top), bridge(probe.window_mv, ~top))))
    return chance[: len(SHARES)], chance[len(SHARES) :]


def curves(probe: Probe, importance: Float64) -> tuple[Float64, Float64]:
    """Return the class's probability while the window is deleted, and while it is inserted.

    Parameters
    ----------
    probe : Probe
        The beat before its model.
    importance : array of shape (n_samples,)
        A map; its most important stretches go first, or come first.

    Returns
    -------
    deletion, insertion : array of shape (13,)
        At the shares of `CURVE`.

    References
    ----------
    Petsiuk et al. 2018, RISE: randomized input sampling for explanation of black-box models,
    arXiv:1806.07421.
    """
    top = np.array([top_share(importance, share) for share in CURVE])
    chance = probe.chance(np.vstack((bridge(probe.window_mv, ~top), bridge(probe.window_mv, top))))
    return chance[: CURVE.size], chance[CURVE.size :]


def area(curve: Float64) -> float:
    """Return the area below a curve over `CURVE`: the mean probability on the way."""
    return float(trapezoid(curve, CURVE))


def points_at_qrs(importance: Float64, waves: Waves) -> bool | None:
    """Say whether the map's peak lies within 50 ms of the QRS; None for a map without a peak."""
    if np.ptp(importance) <= 0.0:
        return None
    first, last = _near_qrs(waves)
    return first <= peak(importance) <= last


def chance_of_qrs(width: int, waves: Waves) -> float:
    """Return how often a peak anywhere in the window would lie there."""
    first, last = _near_qrs(waves)
    return (min(last, width - 1) - max(first, 0) + 1) / width


def _near_qrs(waves: Waves) -> tuple[int, int]:
    near = round(NEAR_QRS_S * PIPELINE_HZ)
    return waves.qrs[0] - near, waves.qrs[1] + near


def correlation(one: Float64, other: Float64) -> float | None:
    """Return Spearman's rank correlation of two maps over stretches; None if one is constant."""
    a, b = per_stretch(one), per_stretch(other)
    if np.ptp(a) <= 0.0 or np.ptp(b) <= 0.0:
        return None
    return float(spearmanr(a, b).statistic)


def random_map(width: int, random: np.random.Generator) -> Float64:
    """Return a smooth map of nothing, which any honest method must beat."""
    knots = random.random(width // STRETCH // 3 + 2)
    places = np.linspace(0, width - 1, knots.size)
    return np.asarray(np.interp(np.arange(width), places, knots))
