"""Notices that more messages come than can be read, and whose fault it is."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ecgmon.monitor.ingest.inbox import Inbox

STRANGE_HZ = 2000.0
"""Messages a second of those who are not let in that make a flood."""

FAST_HZ, FAST_LEAST = 300.0, 50.0
"""Messages a second, and in all, that nobody has to send while others are not heard."""

BEHIND_S = 0.3
"""Whoever is so fast is shut out if more has come for so long than could be read."""

LONGEST_COUNT_S = 5.0
"""For so long messages are counted while more comes than can be read."""

PATIENCE_S = 1.0
"""A topic on which others behave is listened to for so much longer."""


class FloodWatch:
    """Counts messages, and tells whom to listen to in a flood.

    Parameters
    ----------
    inboxes : iterable of Inbox
        Those of all who were let in; looked at anew each time.
    expected : iterable of str
        Topics that are listened to in any case, unless they are flooded themselves.
    """

    def __init__(self, inboxes: Iterable[Inbox], expected: Iterable[str]) -> None:
        self.taken = self.strange = 0
        self._inboxes = inboxes
        self._expected = frozenset(expected)
        self._counted_s = self._since_s = float("-inf")

    def verdict(self, behind_s: float, now_s: float, steady_s: float) -> list[str] | None:
        """Return the topics of those who behave, if there has been a flood since the last call; else None.

        Parameters
        ----------
        behind_s : float
            For how long more has come than could be read.
        now_s : float
            Now, by the clock of the inboxes.
        steady_s : float
            Now, by a clock of real seconds.
        """
        seconds, self._counted_s = max(steady_s - self._counted_s, 1e-3), steady_s
        strange_hz, total_hz = self.strange / seconds, self.taken / seconds
        self.strange = self.taken = 0
        behind = behind_s >= BEHIND_S
        guilty = self._guilty(steady_s - self._since_s, now_s, behind=behind)
        self._forget(steady_s, calm=behind_s == 0)
        fair = [i for i in self._inboxes if i.readable and now_s >= i.shut_until_s]
        shared = {inbox.identity.topic for inbox in fair} if behind_s < PATIENCE_S else frozenset()
        out = {inbox.identity.topic for inbox in guilty} - shared
        strangers = strange_hz > STRANGE_HZ or (behind and strange_hz > max(total_hz, FAST_HZ) / 2)
        if not (out or strangers):
            return None
        return sorted((self._expected | {inbox.identity.topic for inbox in fair}) - out)

    def _guilty(self, seconds: float, now_s: float, *, behind: bool) -> list[Inbox]:
        """Return those who send without end though they were shut out, or though nobody can follow.

        Their messages are counted since all could be read: while a backlog is read, whoever sends
        evenly seems fast.
        """
        most = max(FAST_HZ * seconds, FAST_LEAST)
        guilty = []
        for inbox in self._inboxes:
            fast = inbox.messages - inbox.counted > most
            shut = now_s < inbox.shut_until_s
            if fast and behind and not shut:
                inbox.shut_out("floods the broker", now_s)
            if fast and (behind or shut):
                guilty.append(inbox)
        return guilty

    def _forget(self, steady_s: float, *, calm: bool) -> None:
        """Count anew when all could be read; else keep half of what has been counted for too long."""
        seconds = steady_s - self._since_s
        if not calm and seconds <= LONGEST_COUNT_S:
            return
        anew = calm or math.isinf(seconds)
        self._since_s = steady_s if anew else steady_s - seconds / 2
        for inbox in self._inboxes:
            inbox.counted = inbox.messages if anew else (inbox.counted + inbox.messages) // 2
