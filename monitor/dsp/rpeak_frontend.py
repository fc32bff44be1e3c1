"""Prepare raw ECG for the R-peak network: causal band-pass, gain-free, cut into hops."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.state import AnyLength, Shape
from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.dsp.iir import Recursion, butterworth
from ecgmon.monitor.dsp.operator import Samples

HOP = 8
"""Samples at 360 Hz in one network step (45 steps a second)."""

VERSION = "qrs-frontend-1"
"""Changes whenever the numbers that reach the network change; models name the one they need."""

BAND_HZ = (0.5, 40.0)
SLOPE_LAG = 8
"""Samples between the two points of the slope: 22 ms, widest answer at 22 Hz, the middle of a QRS."""

LEVEL_DECAY_S = 2.0
LEVEL_FLOOR_MV = 0.02
COMPRESSION = 2.0

ORDER = 2
_BAND_PASS = Recursion(*butterworth(ORDER, BAND_HZ, "bandpass", PIPELINE_HZ))
_DECAY = HOP / PIPELINE_HZ / LEVEL_DECAY_S


def band_pass(raw: Samples, state: NDArray[np.float64] | None = None) -> tuple[Samples, NDArray[np.float64]]:
    """Filter with a causal second-order Butterworth band-pass, 0.5 to 40 Hz.

    Parameters
    ----------
    raw : array of shape (n,)
        ECG in mV at 360 Hz.
    state : array, optional
        What the call before returned; without it the filter starts settled on the
        first sample, so that a DC offset makes no step.

    Returns
    -------
    filtered : array of shape (n,)
    state : array
    """
    if state is None:
        state = _BAND_PASS.settled(float(raw[0]) if raw.size else 0.0)
    if not raw.size:
        return raw, state
    return _BAND_PASS.process(raw, state)


def slope_per_hop(filtered: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the largest slope of each hop.

    Parameters
    ----------
    filtered : array of shape (..., SLOPE_LAG + n * HOP)
        Band-passed ECG, preceded by ``SLOPE_LAG`` samples of history.

    Returns
    -------
    array of shape (..., n)
        Largest absolute difference over 22 ms, in mV.
    """
    slope = np.abs(filtered[..., SLOPE_LAG:] - filtered[..., :-SLOPE_LAG])
    largest: NDArray[np.floating] = slope.reshape(*slope.shape[:-1], -1, HOP).max(axis=-1)
    return largest


def follow_level(
    slopes: NDArray[np.floating], log_level: NDArray[np.floating] | np.floating
) -> NDArray[np.floating]:
    """Follow the largest recent slope: at once upwards, forgetting with a time constant of 2 s.

    Parameters
    ----------
    slopes : array of shape (..., n)
        As `slope_per_hop` returns them.
    log_level : array of shape (...,)
        Natural logarithm of the level one hop before the first.

    Returns
    -------
    array of shape (..., n)
        Natural logarithm of the level, never below that of 0.02 mV.
    """
    ramp = _ramp(slopes.shape[-1])
    lifted = np.log(np.maximum(slopes, LEVEL_FLOOR_MV)) + ramp
    lifted = np.maximum(lifted, np.asarray(log_level)[..., None])
    return np.maximum.accumulate(lifted, axis=-1) - ramp


@lru_cache(maxsize=16)
def _ramp(steps: int) -> NDArray[np.float64]:
    """Return by how much a level's logarithm falls until the end of each step."""
    return _DECAY * np.arange(1, steps + 1, dtype=np.float64)


def to_hops(filtered: NDArray[np.floating], log_level: NDArray[np.floating]) -> NDArray[np.float32]:
    """Divide by the level, compress, and cut into hops.

    Parameters
    ----------
    filtered : array of shape (..., n * HOP)
        Band-passed ECG in mV.
    log_level : array of shape (..., n)
        As `follow_level` returns it.

    Returns
    -------
    float32 array of shape (..., HOP, n)
        One column for each network step, the same at any gain of the signal.
    """
    shape = filtered.shape[:-1]
    gain = COMPRESSION * np.exp(-log_level)
    hops = (filtered.reshape(*shape, -1, HOP) * gain[..., None]).astype(np.float32)
    return np.ascontiguousarray(np.swapaxes(np.arcsinh(hops), -1, -2))


@dataclass(slots=True)
class QrsFrontEndState:
    """What the band-pass carries, band-passed samples of a hop that is not whole, and the level."""

    filter: Annotated[Samples, Shape(2 * ORDER)] | None
    waiting: AnyLength
    log_level: float


class QrsFrontEnd(Stateful[QrsFrontEndState]):
    """Streaming form of the functions above; works in whole hops and carries the rest."""

    def fresh(self, start: int) -> QrsFrontEndState:  # noqa: ARG002 - hops begin with the stream
        """Return the state before the first sample."""
        return QrsFrontEndState(None, np.zeros(SLOPE_LAG), float(np.log(LEVEL_FLOOR_MV)))

    def process(self, raw: Samples) -> tuple[NDArray[np.float32], Samples]:
        """Take raw ECG.

        Parameters
        ----------
        raw : array of shape (n,)
            ECG in mV at 360 Hz, finite.

        Returns
        -------
        hops : float32 array of shape (HOP, k)
            The hops that are complete now.
        filtered : array of shape (k * HOP,)
            The band-passed ECG of the same hops, in mV.
        """
        state = self.state
        joined = state.waiting
        if raw.size:
            filtered, state.filter = band_pass(raw, state.filter)
            joined = np.concatenate((joined, filtered))
        whole = (joined.size - SLOPE_LAG) // HOP * HOP
        state.waiting = joined[whole:]
        if not whole:
            return np.zeros((HOP, 0), dtype=np.float32), np.zeros(0)
        lagged = joined[: SLOPE_LAG + whole]
        levels = follow_level(slope_per_hop(lagged), np.float64(state.log_level))
        state.log_level = float(levels[-1])
        return to_hops(lagged[SLOPE_LAG:], levels), lagged[SLOPE_LAG:]
