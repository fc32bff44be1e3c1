"""Tells when a device sends nothing new: one value, or its last buffer, again and again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from ecgmon.monitor.core.state import AnyLength
from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.dsp.operator import Samples

LONGEST_BUFFER_S = 2
"""The longest buffer whose repetition is looked for."""

PAST_S = 2 * LONGEST_BUFFER_S

TIMES = 1.5
"""So many times a buffer must follow upon itself."""

USUAL_TIMES = 10.0
"""A value that stays so many times longer than any did before does not come from a converter."""

USUAL_EVERY_S = 8
"""How long values stay is looked at in one second of so many."""

PATTERN_S = 0.25
LEAST_PATTERN = 16
"""Seconds, and least samples, of the end of the signal that are looked for in the past."""

LEAST_TURNS_HZ = 15.0
"""A signal that turns up or down less often has no noise, as if it were computed; a heart may then repeat
itself exactly. MIT-BIH turns 27 times in its smoothest seconds."""


@dataclass(slots=True)
class StuckState:
    """What the next second is compared with.

    Parameters
    ----------
    past : list of array
        The last seconds, in millivolts; none from before a second with missing samples.
    extremes : deque of (float, float)
        Least and greatest value of the last seconds.
    seconds : int
        Seconds seen.
    usual : int
        Samples for which a value stayed at most in ordinary signal.
    same : int
        Samples of the whole seconds just past that have one value.
    value_mv : float
        That value.
    alive : bool
        The signal was seen not to repeat itself.
    """

    past: list[AnyLength] = field(default_factory=list)
    extremes: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=PAST_S))
    seconds: int = 0
    usual: int = 0
    same: int = 0
    value_mv: float = 0.0
    alive: bool = False


class StuckWatch(Stateful[StuckState]):
    """Tells of each second whether a device stands still or repeats itself.

    A converter is never still for long: its noise is of the size of its steps or greater. How long
    a value stays in ordinary signal tells how coarse it is. One value other than 0 that stays ten
    times longer, and at least ``least_s``, is a device that stands still. 0 is left to be called flat.

    Equal samples at a distance of at most two seconds, 1.5 times as many as the distance has, and at
    least ``least_s`` of them, are a device that repeats its buffer. A signal that did so
    from its beginning, or that has no noise, is a computed one, and may be a heart all the same.

    Parameters
    ----------
    least_s : float
        Least seconds of it.
    """

    def __init__(self, least_s: float) -> None:
        self._least_s = least_s
        super().__init__()

    def fresh(self, start: int) -> StuckState:  # noqa: ARG002 - seconds come in order
        """Return the state before the first second."""
        return StuckState()

    def second(self, samples: Samples, lowest_mv: float, highest_mv: float, length: int) -> bool:
        """Tell whether the next second brings nothing new.

        Parameters
        ----------
        samples : array of shape (n,)
            Its samples in millivolts but for those missing; at least one.
        lowest_mv, highest_mv : float
            Their extremes.
        length : int
            Samples in a whole second.
        """
        state = self.state
        if samples.size < length:
            state.past.clear()
            state.extremes.clear()
        still = lowest_mv == highest_mv
        now = lowest_mv, highest_mv
        found = self._stands_still(samples, length) if still else self._repeats(samples, now, length)
        state.past = [*state.past[1 - PAST_S :], samples]
        state.extremes.append(now)
        if not still:
            state.same = 0
            if not found and state.seconds % USUAL_EVERY_S == 0:
                state.usual = max(state.usual, _longest_stay(samples))
        state.seconds += 1
        return found

    def _stands_still(self, samples: Samples, length: int) -> bool:
        state, value_mv = self.state, float(samples[0])
        state.same = (state.same if value_mv == state.value_mv else 0) + samples.size
        state.value_mv = value_mv
        return value_mv != 0.0 and state.same >= max(self._least_s * length, USUAL_TIMES * state.usual)

    def _repeats(self, samples: Samples, now: tuple[float, float], length: int) -> bool:
        state = self.state
        if len(state.extremes) < PAST_S - 1:
            return False
        third, second, first = state.extremes[-3], state.extremes[-2], state.extremes[-1]
        if now != first and _both(now, first) != _both(second, third):
            state.alive = True
            return False
        return state.alive and repeats(np.concatenate((*state.past, samples)), length, self._least_s)


def repeats(signal: Samples, length: int, least_s: float) -> bool:
    """Tell whether the end of a signal is one noisy buffer, sent again and again.

    Parameters
    ----------
    signal : array of shape (n,)
        The last seconds.
    length : int
        Samples in a second.
    least_s : float
        Least seconds of it that equal what was sent before.
    """
    lag = _distance(signal, max(LEAST_PATTERN, round(PATTERN_S * length)))
    again = round(max(least_s * length, TIMES * lag))
    if not 0 < lag <= LONGEST_BUFFER_S * length or again + lag > signal.size:
        return False
    end = signal[-again:]
    steps = np.diff(end)
    turns = np.count_nonzero(steps[1:] * steps[:-1] < 0.0)
    noisy = bool(turns >= LEAST_TURNS_HZ * again / length)
    return noisy and np.array_equal(end, signal[-again - lag : -lag])


def _distance(signal: Samples, size: int) -> int:
    """Return how many samples before its end the last ``size`` samples were there already; 0 if never."""
    step, raw = signal.itemsize, signal.tobytes()
    pattern = raw[-size * step :]
    end = len(raw) - 1
    # a find among bytes is many times faster than any comparison of arrays
    while (at := raw.rfind(pattern, 0, end)) >= 0:
        if at % step == 0:
            return (len(raw) - len(pattern) - at) // step
        end = at + len(pattern) - 1
    return 0


def _both(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """Return the extremes of two seconds together."""
    return min(one[0], other[0]), max(one[1], other[1])


def _longest_stay(samples: Samples) -> int:
    """Return for how many samples a value stays at most."""
    changes = np.flatnonzero(samples[1:] != samples[:-1])
    edges = np.concatenate(([-1], changes, [samples.size - 1]))
    return int(np.maximum.reduce(edges[1:] - edges[:-1]))
