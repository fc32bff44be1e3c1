"""Counts the signal of a device that nobody takes, and says so before it has gone on for long."""

from __future__ import annotations

from typing import NamedTuple

SAY_AFTER_S = 2.0
"""Signal that has been left out for so long, in seconds of signal or of time, is said at once."""

CALM_S = 2.0
"""So much signal that is taken, and none left out between it, ends it."""

SAY_EVERY_S = 10.0
"""A shorter stretch is said afterwards, and no more often than this."""


class LeftOutNews(NamedTuple):
    """What there is to say, one plain line, and for how long it has gone on by now; 0 when it is over."""

    detail: str
    seconds: float


class LeftOut:
    """Signal that arrived and was not taken: how much, why, and whether that goes on.

    Attributes
    ----------
    items : int
        Messages or blocks left out so far.
    news : list of LeftOutNews
        What has not been said yet; whoever says it empties the list.
    """

    def __init__(self, noun: str) -> None:
        self.items = 0
        self.news: list[LeftOutNews] = []
        self._noun = noun
        self._reason = ""
        self._count, self._seconds, self._calm_s = 0, 0.0, 0.0
        self._over_after_s = CALM_S
        self._since_s: float | None = None
        self._now_s = 0.0
        self._saying = False
        self._said_s: float | None = None

    @property
    def seconds(self) -> float:
        """For how long signal has been left out, of signal or of time; 0 if none is."""
        return 0.0 if self._since_s is None else max(self._seconds, self._now_s - self._since_s)

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
            self._since_s, self._count, self._seconds = now_s, 0, 0.0
        self.items += 1
        self._count += 1
        self._seconds += seconds
        self._calm_s, self._over_after_s, self._now_s, self._reason = 0.0, calm_s, now_s, reason
        if self.seconds >= SAY_AFTER_S and not self._saying:
            self._saying = True
            self._say(f"signal is left out: {reason}", self.seconds)

    def taken(self, seconds: float) -> None:
        """Note signal that is taken; enough of it ends what was left out."""
        if self._since_s is None:
            return
        self._calm_s += seconds
        if self._calm_s < self._over_after_s:
            return
        due = self._said_s is None or self._now_s - self._said_s >= SAY_EVERY_S
        self._since_s = None
        if self._saying or due:
            plural = "" if self._count == 1 else "s"
            detail = f"{self._count} {self._noun}{plural} ({self._seconds:.1f} s) left out: {self._reason}"
            self._say(detail, 0.0)
        self._saying = False

    def _say(self, detail: str, seconds: float) -> None:
        self._said_s = self._now_s
        self.news.append(LeftOutNews(detail, seconds))
