"""One beat explained in three ways."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.explain.mask import STEPS, deletion_mask, left_over
from ecgmon.monitor.explain.probe import Probe
from ecgmon.monitor.explain.shap_map import COALITIONS, Background, Shapley, shapley
from ecgmon.monitor.explain.waves import Waves, delineate

Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Three maps of one beat's window.

    Parameters
    ----------
    symbol : str
        The class explained: the model's most probable one.
    probabilities : dict of str to float
        What the model says of the beat.
    window_mv : array of shape (360,)
        The beat's clean window in millivolts.
    r : int
        Index of the R wave in it.
    waves : Waves
        P, QRS and T.
    grad_cam : array of shape (360,)
        Evidence for the class as the graph gives it, 0 to 1.
    shap : Shapley
        What each stretch adds to the probability.
    deletion : array of shape (360,)
        How far each sample must go, 0 to 1.
    left : float
        Probability of the class once the deletion mask has done its work.
    """

    symbol: str
    probabilities: dict[str, float]
    window_mv: Float64
    r: int
    waves: Waves
    grad_cam: Float64
    shap: Shapley
    deletion: Float64
    left: float


def explain(
    probe: Probe,
    background: Background,
    symbols: tuple[str, ...],
    *,
    rr_s: float | None = None,
    coalitions: int = COALITIONS,
    steps: int = STEPS,
) -> Explanation:
    """Explain a beat.

    Parameters
    ----------
    probe : Probe
        The beat before its model.
    background : Background
        Beats for SHAP.
    symbols : tuple of str
        The model's classes.
    rr_s : float, optional
        Seconds since the beat before.
    coalitions, steps : int
        Effort for SHAP and for the deletion mask.

    Raises
    ------
    MissingExtraError
        The shap library is not installed.
    """
    values = shapley(probe, background, coalitions=coalitions)
    mask = deletion_mask(probe, steps=steps)
    window = probe.window_mv
    return Explanation(
        symbol=probe.symbol,
        probabilities=dict(zip(symbols, probe.probabilities.tolist(), strict=True)),
        window_mv=window,
        r=probe.r,
        waves=delineate(window, probe.r, rr_s),
        grad_cam=probe.attribution,
        shap=values,
        deletion=mask,
        left=left_over(probe, mask),
    )
