"""A patient's recent RR intervals, and what a new one is beside them."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass, field

from ecgmon.monitor.core.stateful import Stateful

RR_SHORT, RR_MIDDLE, RR_LONG = 8, 40, 160
"""Intervals that the short, the middle and the long history reach back."""

CHANGES = 24
"""Changes from one interval to the next whose typical size tells how irregular the rhythm is."""

CHANGE_SCALE = 4.0
"""Changes are multiplied by this, so that they spread as wide as the other features."""

LIMIT = 1.5
"""Logarithms of ratios are cut off here."""

INTERVAL_FEATURES = (
    "rr_to_last_rr",
    "rr_to_second_last_rr",
    "rr_to_short_median",
    "rr_to_middle_tenth",
    "rr_to_middle_quarter",
    "rr_to_middle_median",
    "rr_to_middle_three_quarters",
    "rr_to_middle_nine_tenths",
    "rr_to_long_median",
    "rr_to_long_nine_tenths",
    "last_rr_to_short_median",
    "last_rr_to_long_nine_tenths",
    "short_median_to_800_ms",
    "spread_of_short",
    "typical_change",
    "small_change",
    "typical_second_change",
)
"""What describes a beat's time: logarithms of ratios of intervals."""

NEXT_FEATURES = (
    "next_rr_to_rr",
    "next_rr_to_short_median",
    "pair_to_short_median",
    "next_rr_to_middle_three_quarters",
    "has_next_rr",
)
"""What the following beat adds."""


_USUAL = math.log(0.8)

UNKNOWN = math.nan
"""Stands for the logarithm of an interval that is not known; it makes every feature 0."""


def within_limit(difference: float) -> float:
    """Return a difference of logarithms within `LIMIT`; 0 where either is unknown."""
    if -LIMIT < difference < LIMIT:
        return difference
    return 0.0 if math.isnan(difference) else math.copysign(LIMIT, difference)


@dataclass(slots=True)
class Recent:
    """The last values of a series, kept in their order of size as well.

    Parameters
    ----------
    times : deque of float
        The first ones, in time; its greatest length says how many are kept.
    """

    times: deque[float]
    _ordered: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self._ordered = sorted(self.times)

    @classmethod
    def of(cls, length: int) -> Recent:
        """Return an empty one that keeps so many."""
        return cls(deque(maxlen=length))

    def add(self, value: float) -> None:
        """Take the next value; the oldest goes."""
        times = self.times
        if len(times) == times.maxlen:
            del self._ordered[bisect_left(self._ordered, times[0])]
        times.append(value)
        insort(self._ordered, value)

    def quantile(self, q: float) -> float:
        """Return the value below which a share ``q`` lies; `UNKNOWN` if there is none yet."""
        return self._ordered[int(q * (len(self._ordered) - 1))] if self._ordered else UNKNOWN


@dataclass(slots=True)
class HistoryState:
    """Logarithms of the intervals and of their changes, over several spans, and of what came last.

    Parameters
    ----------
    short, middle, long : Recent
        Of the last intervals.
    changes, second_changes : Recent
        Sizes of the changes from one interval to the next, and to the one behind that.
    last, second_last : float
        Of the last two intervals.
    last_median, last_upper : float
        What the last interval was compared with.
    """

    short: Recent = field(default_factory=lambda: Recent.of(RR_SHORT))
    middle: Recent = field(default_factory=lambda: Recent.of(RR_MIDDLE))
    long: Recent = field(default_factory=lambda: Recent.of(RR_LONG))
    changes: Recent = field(default_factory=lambda: Recent.of(CHANGES))
    second_changes: Recent = field(default_factory=lambda: Recent.of(CHANGES))
    last: float = UNKNOWN
    second_last: float = UNKNOWN
    last_median: float = UNKNOWN
    last_upper: float = UNKNOWN


class IntervalHistory(Stateful[HistoryState]):
    """Describes each interval by the ones before it, over three spans.

    In a patient most of whose beats are premature the median is a premature interval, so the
    upper quantiles of a longer past stand beside it. How much one interval differs from the next,
    typically, tells atrial fibrillation from a regular rhythm with early beats in it; the change
    over two intervals tells it from alternation.
    """

    def fresh(self, start: int) -> HistoryState:  # noqa: ARG002 - intervals have no place
        """Return the state before the first interval."""
        return HistoryState()

    def break_off(self) -> None:
        """Let no comparison span what comes; the intervals known stay known."""
        state = self.state
        state.last = state.second_last = state.last_median = state.last_upper = UNKNOWN

    def add(self, rr_s: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Describe the next interval, then remember it.

        Parameters
        ----------
        rr_s : float
            Seconds since the beat before; 0 if unknown.

        Returns
        -------
        features : tuple of 17 floats
            `INTERVAL_FEATURES`.
        next_features : tuple of 5 floats
            `NEXT_FEATURES` of the beat before.
        """
        state = self.state
        short, middle, long = state.short, state.middle, state.long
        changes, second_changes = state.changes, state.second_changes
        this = math.log(rr_s) if rr_s > 0.0 else UNKNOWN
        last, second_last = state.last, state.second_last
        median, upper, slow = short.quantile(0.5), middle.quantile(0.75), long.quantile(0.9)
        change, second_change = within_limit(this - last), within_limit(this - second_last)
        features = (
            change,
            second_change,
            within_limit(this - median),
            within_limit(this - middle.quantile(0.1)),
            within_limit(this - middle.quantile(0.25)),
            within_limit(this - middle.quantile(0.5)),
            within_limit(this - upper),
            within_limit(this - middle.quantile(0.9)),
            within_limit(this - long.quantile(0.5)),
            within_limit(this - slow),
            within_limit(last - median),
            within_limit(last - slow),
            within_limit(median - _USUAL),
            within_limit(short.quantile(0.85) - short.quantile(0.15)),
            within_limit(changes.quantile(0.5)) * CHANGE_SCALE,
            within_limit(changes.quantile(0.25)) * CHANGE_SCALE,
            within_limit(second_changes.quantile(0.5)) * CHANGE_SCALE,
        )
        mean_of_pair = math.log((rr_s + math.exp(last)) / 2) if rr_s > 0.0 else UNKNOWN
        next_features = (
            change,
            within_limit(this - state.last_median),
            within_limit(mean_of_pair - state.last_median),
            within_limit(this - state.last_upper),
            float(rr_s > 0.0),
        )
        if rr_s > 0.0:
            for history in (short, middle, long):
                history.add(this)
            if not math.isnan(last):
                changes.add(abs(change))
            if not math.isnan(second_last):
                second_changes.add(abs(second_change))
        state.second_last, state.last = last, this
        state.last_median, state.last_upper = median, upper
        return features, next_features
