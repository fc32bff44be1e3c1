"""Counts the signal of a device that nobody takes, and says so before it has gone on for long."""

from __future__ import annotations

import math
from typing import NamedTuple

SAY_AFTER_S = 2.0
"""Signal that has been left out for so long, in seconds of signal or of time, is said at once."""

CALM_S = 2.0
"""So much signal that is taken, and none left out between it, ends it."""

SAY_EVERY_S = 10.0
"""What goes on is said again after so long; a shorter stretch is said afterwards, and no more often."""


class LeftOutNews(NamedTuple):
    """What there is to say, one plain line, and for how long it has gone on by now; 0 when it is over."""

    detail: str
    seconds: float


class LeftOut:
    """Signal that arrived and was not taken: how much, why, and whether that goes on.

    Parameters
    ----------
    noun : str
        What is left out, such as ``message``.

    Attributes
    ----------
    items : int
        How many were left out so far.
    news : list of LeftOutNews
        What has not been said yet; whoever says it empties the list.
    """

    def __init__(self, noun: str) -> None:
        self.items = 0
        self.news: list[LeftOutNews] = []
        self._noun = noun
        self._reason = ""
        self._since_s: float | None = None
        self._now_s = self._spell_s = self._calm_s = 0.0
        self._over_after_s = CALM_S
        self._unsaid, self._unsaid_s = 0, 0.0
        self._saying = False
        self._said_s = -math.inf

    @property
    def seconds(self) -> float:
        """For how long signal has been left out, of signal or of time; 0 if none is."""
        return 0.0 if self._since_s is None else max(self._spell_s, self._now_s - self._since_s)

    def add(self, seconds: float, reason: str, now_s: float, calm_s: float = CALM_S) -> None:
        """Note a message or block that is left out.

        Parameters
        ----------
        seconds : float
            Length of its signal.
        reason : str
            Why, so that it may follow "left out:".
        now_s : float
            When it arrived.
        calm_s : float
            So much signal taken after it ends it.
        """
        if self._since_s is None:
            self._since_s, self._spell_s = now_s, 0.0
        self.items += 1
        self._unsaid += 1
        self._unsaid_s += seconds
        self._spell_s += seconds
        self._calm_s, self._over_after_s, self._now_s, self._reason = 0.0, calm_s, now_s, reason
        if self.seconds >= SAY_AFTER_S and (self._due or not self._saying):
            self._saying, self._said_s = True, now_s
            self.news.append(LeftOutNews(f"signal is left out: {reason}", self.seconds))

    def taken(self, seconds: float) -> None:
        """Note signal that is taken; enough of it ends what was left out."""
        if self._since_s is None:
            return
        self._calm_s += seconds
        if self._calm_s < self._over_after_s:
            return
        self._since_s = None
        if not (self._saying or self._due):
            return
        plural = "" if self._unsaid == 1 else "s"
        length = f"{self._unsaid} {self._noun}{plural}, {self._unsaid_s:.1f} s"
        self.news.append(LeftOutNews(f"{length} of signal left out: {self._reason}", 0.0))
        self._unsaid, self._unsaid_s = 0, 0.0
        self._saying, self._said_s = False, self._now_s

    @property
    def _due(self) -> bool:
        return self._now_s - self._said_s >= SAY_EVERY_S
