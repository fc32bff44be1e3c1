"""A bounded log of events that readers in other threads follow by running number."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from itertools import islice

from ecgmon.monitor.core.events import Event


class EventLog:
    """The newest events of one stream, numbered from 0 without holes.

    Parameters
    ----------
    capacity : int
        Events kept; older ones are dropped first.
    """

    def __init__(self, capacity: int = 20_000) -> None:
        self._events: deque[Event] = deque(maxlen=capacity)
        self._next = 0
        self._lock = threading.Lock()

    @property
    def next(self) -> int:
        """Number that the next event will get."""
        return self._next

    def extend(self, events: Iterable[Event]) -> None:
        """Add events in order."""
        with self._lock:
            added = list(events)
            self._events.extend(added)
            self._next += len(added)

    def since(self, number: int) -> tuple[int, list[Event]]:
        """Return the number to ask for next time and the events from ``number`` on.

        Parameters
        ----------
        number : int
            Number of the first event wanted. Events already dropped are left out.
        """
        with self._lock:
            first = self._next - len(self._events)
            skip = max(0, number - first)
            return self._next, list(islice(self._events, skip, None))
