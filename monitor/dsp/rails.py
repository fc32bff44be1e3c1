"""Tells when a signal lies on a rail, the most or the least that its amplifier or converter can give."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.dsp.arrays import median, middle_of
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.dsp.sanitise import Mask

MIDDLE_S = 4
"""Seconds whose middle is where the signal usually is."""

MIDDLE_SAMPLES = 90
"""So many samples of a second will do for its median."""

WHOLE = 0.99
"""Part of a second that lies on a rail if no sample of it lies near the middle."""

LEVEL = 0.25
"""The quarters of a shorter plateau differ by at most this part of what its samples may."""

MOST_WOBBLE_MV = 0.15
"""Half of the height from which a QRS tells an ECG that has jumped to another offset from a rail."""

MEMORY_S = 60
"""For so long a value beyond a plateau proves that the plateau is no rail."""


@dataclass(slots=True)
class Rail:
    """A rail on which a signal lies.

    Parameters
    ----------
    side : float
        1 if it is above the rest of the signal, -1 if below.
    middle_mv : float
        Where the signal was before.
    level_mv : float
        How far the rail is from there.
    reach_mv : float
        How far samples on it are from its level; 0 if they all have one value.
    """

    side: float
    middle_mv: float
    level_mv: float
    reach_mv: float


@dataclass(slots=True)
class RailState:
    """What the next second is compared with.

    Parameters
    ----------
    middles : deque of float
        Median of each of the last seconds that were on no rail, in millivolts.
    highest, lowest : deque of float
        Extremes of each of the last seconds.
    rail : Rail or None
        The rail on which the last second was; None if on none.
    """

    middles: deque[float] = field(default_factory=lambda: deque(maxlen=MIDDLE_S))
    highest: deque[float] = field(default_factory=lambda: deque(maxlen=MEMORY_S))
    lowest: deque[float] = field(default_factory=lambda: deque(maxlen=MEMORY_S))
    rail: Rail | None = None


class RailWatch(Stateful[RailState]):
    """Tells of each second whether a part of it lies on a rail.

    On a rail the samples have one value, or form a plateau that wobbles a little. A plateau is
    the middle of the outer half of the signal. It neither slopes nor bends, or fills the second, and nothing
    of late is far beyond it. So the rounded top of a wave is none.

    Parameters
    ----------
    least_mv : float
        Least distance of a rail from the middle of the signal.
    fraction : float
        Part of a second on a rail that counts.
    wobble : float
        How far a sample on a rail may be from its level, as a part of the distance between that
        and the middle.
    """

    def __init__(self, least_mv: float, fraction: float, wobble: float) -> None:
        self._least_mv = least_mv
        self._fraction = fraction
        self._wobble = wobble
        self._nearest = (1.0 - wobble) / (1.0 + 2.0 * wobble)  # of a rail, as a part of its farthest sample
        super().__init__()

    def fresh(self, start: int) -> RailState:  # noqa: ARG002 - seconds come in order
        """Return the state before the first second."""
        return RailState()

    def second(self, samples: Samples, lowest_mv: float, highest_mv: float, length: int) -> bool:
        """Tell whether the next second is on a rail.

        Parameters
        ----------
        samples : array of shape (n,)
            Its samples in millivolts but for those missing; at least one.
        lowest_mv, highest_mv : float
            Their extremes.
        length : int
            Samples in a whole second.
        """
        state, least = self.state, self._fraction * length
        state.lowest.append(lowest_mv)
        state.highest.append(highest_mv)
        if state.rail is not None and self._goes_on(state.rail, samples, least):
            return True
        now = float(median(samples[:: max(1, length // MIDDLE_SAMPLES)]))
        state.rail = self._found(middle_of((*state.middles, now)), samples, least)
        if state.rail is None:
            state.middles.append(now)
        return state.rail is not None

    def _reach_mv(self, level_mv: float) -> float:
        return min(self._wobble * level_mv, MOST_WOBBLE_MV)

    def _goes_on(self, rail: Rail, samples: Samples, least: float) -> bool:
        """Tell whether a second lies on the rail of the one before, or leaves it."""
        away = rail.side * (samples - rail.middle_mv)
        off, most = np.abs(away - rail.level_mv), 2.0 * self._reach_mv(rail.level_mv)
        if np.minimum.reduce(away) > 0.5 * rail.level_mv:
            return bool(np.count_nonzero(off <= most) >= WHOLE * off.size)
        is_beyond = np.maximum.reduce(away) > rail.level_mv + most
        return not is_beyond and bool(np.count_nonzero(off <= rail.reach_mv) >= least)

    def _found(self, middle_mv: float, samples: Samples, least: float) -> Rail | None:
        """Return the rail on which a second lies, whose signal has its middle elsewhere; None if on none."""
        state = self.state
        for side, extremes in ((1.0, state.highest), (-1.0, state.lowest)):
            farthest = side * (extremes[-1] - middle_mv)
            if farthest < self._least_mv:
                continue
            rail = self._on_side(side, middle_mv, samples, farthest, least)
            if rail is None:
                continue
            ever = max(side * (extreme - middle_mv) for extreme in extremes)
            if ever <= rail.level_mv + 2.0 * self._reach_mv(rail.level_mv):
                return rail
        return None

    def _on_side(
        self, side: float, middle_mv: float, samples: Samples, farthest: float, least: float
    ) -> Rail | None:
        """Return the plateau on one side of the middle; None if there is none."""
        least_mv = middle_mv + side * self._nearest * farthest
        if np.count_nonzero(samples >= least_mv if side > 0.0 else samples <= least_mv) < least:
            return None
        away = side * (samples - middle_mv)
        outer = away > 0.5 * farthest
        count = np.count_nonzero(outer)
        if _stays(away == farthest, least):
            return Rail(side, middle_mv, farthest, 0.0)
        level = float(median(away[outer]))
        off, reach = np.abs(away - level), self._reach_mv(level)
        if count == samples.size:
            is_flat = bool(np.count_nonzero(off <= 2.0 * reach) >= WHOLE * count)
        else:
            near = off <= reach
            is_flat = _stays(near, least) and _is_level(away[near], LEVEL * reach)
        return Rail(side, middle_mv, level, reach) if is_flat else None


def _stays(there: Mask, least: float) -> bool:
    """Tell whether at least so many samples are there, each followed by another that is."""
    return bool(np.count_nonzero(there[:-1] & there[1:]) + int(there[-1]) >= least)


def _is_level(plateau: Samples, reach: float) -> bool:
    """Tell whether the means of the quarters of a plateau are as close together as ``reach``."""
    means = [float(part.mean()) for part in np.array_split(plateau, 4)]
    return max(means) - min(means) <= reach
