"""SHAP over time: what each stretch of a beat adds to its class's probability (extra ``explain``)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib import resources
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.extras import missing_extra
from ecgmon.monitor.dsp.segment import normalise
from ecgmon.monitor.explain.hiding import stretches
from ecgmon.monitor.explain.probe import Probe

Float64 = NDArray[np.float64]

COALITIONS = 800
"""Mixtures of the beat and a background beat that are tried, each with every background beat."""


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """Typical beats, which stand in for the stretches of a beat that are taken away.

    Parameters
    ----------
    windows : array of shape (n, width)
        Clean windows, wider than a model's; their size does not matter.
    r : int
        The R wave's place in them.
    symbols, records : array of str, shape (n,)
        WFDB symbol and record of each.
    """

    windows: Float64
    r: int
    symbols: NDArray[np.str_]
    records: NDArray[np.str_]

    def about(self, r: int, width: int) -> Float64:
        """Return windows with the R wave at ``r``, mean 0 and standard deviation 1, shape (n, width).

        Where a model looks further than the beats reach, their ends go on level.
        """
        places = np.clip(self.r - r + np.arange(width), 0, self.windows.shape[1] - 1)
        return normalise(self.windows[:, places]).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Shapley:
    """SHAP values of one beat.

    Parameters
    ----------
    values : array of shape (360,)
        What the stretch around each sample adds to the probability; over stretches they add
        up to ``full - base``.
    base : float
        Mean probability of the class for background beats in this one's place.
    full : float
        Its probability for this beat.
    """

    values: Float64
    base: float
    full: float


def load_background() -> Background:
    """Return the background beats that come with the program; all are of training patients."""
    path = resources.files("ecgmon.monitor.explain") / "background.npz"
    with path.open("rb") as file, np.load(file) as stored:
        return Background(
            stored["windows"].astype(np.float64), int(stored["r"]), stored["symbols"], stored["records"]
        )


def shapley(
    probe: Probe,
    background: Background,
    *,
    wanted: int | None = None,
    coalitions: int = COALITIONS,
    seed: int = 0,
) -> Shapley:
    """Estimate SHAP values with KernelSHAP.

    A coalition is a choice of stretches that stay; the others come from a background beat,
    brought to this one's mean and size. The worth of a coalition is the mean probability
    over all background beats.

    Parameters
    ----------
    probe : Probe
        The beat before its model.
    background : Background
        What stands in.
    wanted : int, optional
        A class other than the most probable one.
    coalitions : int
        Number of coalitions tried.
    seed : int
        Seed of their choice.

    Raises
    ------
    MissingExtraError
        The shap library is not installed.

    References
    ----------
    Lundberg & Lee 2017, A unified approach to interpreting model predictions, arXiv:1705.07874.
    """
    shap = _library()
    window = probe.window_mv
    owner = stretches(window.size)
    strange = background.about(probe.r, window.size) * window.std() + window.mean()

    def worth(chosen: Float64) -> Float64:
        stays = chosen[:, owner] > 0.5
        mixed = np.where(stays[:, None, :], window, strange[None]).reshape(-1, window.size)
        return np.asarray(probe.chance(mixed, wanted).reshape(len(chosen), -1).mean(axis=1))

    count = int(owner[-1]) + 1
    before = np.random.get_state()  # noqa: NPY002 - the library draws from the global generator
    np.random.seed(seed)  # noqa: NPY002
    try:
        explainer = shap.KernelExplainer(worth, np.zeros((1, count)))
        values = explainer.shap_values(np.ones((1, count)), nsamples=coalitions, l1_reg=False, silent=True)[0]
    finally:
        np.random.set_state(before)  # noqa: NPY002
    base = float(explainer.expected_value)
    return Shapley(np.asarray(values)[owner], base, base + float(np.sum(values)))


def _library() -> ModuleType:
    try:
        with warnings.catch_warnings():
            # It draws its colours in a way that newer matplotlibs are about to give up.
            warnings.simplefilter("ignore")
            import shap  # noqa: PLC0415 - its absence is an answer, not an accident
    except ImportError as error:
        raise missing_extra("Explaining a beat by SHAP", "shap", "explain") from error
    return shap  # type: ignore[no-any-return]
