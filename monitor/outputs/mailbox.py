"""Messages that wait for one recipient: the urgent first, the newest of each state, never too many."""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from ecgmon.monitor.core.events import Priority

ALARMS_WAITING = 2000
STATES_WAITING = 500


class Rank(IntEnum):
    """What is delivered before what; the first three must be delivered, however late."""

    HIGH = 0
    MEDIUM = 1
    LOW = 2
    ALARM_STATE = 3
    STATE = 4


RANKS: Mapping[Priority, Rank] = {"high": Rank.HIGH, "medium": Rank.MEDIUM, "low": Rank.LOW}
"""Rank of an alarm of each priority."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something to deliver.

    Parameters
    ----------
    key : str
        A newer message of the same key and rank takes the place of one that still waits, unless
        ``lasting``.
    body : object
        What the sink understands.
    rank : Rank
        How urgent it is; states by default.
    made : float
        Wall-clock time in seconds since 1970.
    id : str
        Names the message for ever, so that a recipient can tell a repeat.
    """

    key: str
    body: Any
    rank: Rank = Rank.STATE
    made: float = field(default_factory=time.time)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def lasting(self) -> bool:
        """Whether it must be delivered, however late: an alarm."""
        return self.rank <= Rank.LOW


class Mailbox:
    """Messages that wait, in order of rank and then of time.

    Parameters
    ----------
    alarms : int
        The most alarms that wait. Beyond it the oldest of the lowest priority goes, but
        none of high priority.
    states : int
        The most states that wait. Beyond it the oldest goes, states of alarms last.
    """

    def __init__(self, alarms: int = ALARMS_WAITING, states: int = STATES_WAITING) -> None:
        self._limits = {(Rank.LOW, Rank.MEDIUM): alarms, (Rank.STATE, Rank.ALARM_STATE): states}
        self._waiting: dict[Rank, OrderedDict[str, Message]] = {rank: OrderedDict() for rank in Rank}
        self._changed = threading.Condition()
        self._closed = False
        self._abandoned = False
        self._urgent = 0

    def put(self, message: Message) -> list[Message]:
        """Add a message; return the alarms that had to go for it."""
        with self._changed:
            self._waiting[message.rank][_name(message)] = message
            self._urgent += message.rank is Rank.HIGH
            self._changed.notify_all()
            return self._make_room()

    def take(self) -> Message | None:
        """Wait for a message and take the most urgent; None when closed and empty, or abandoned."""
        with self._changed:
            self._changed.wait_for(lambda: len(self) or self._closed)
            if self._abandoned:
                return None
            waiting = next((waiting for waiting in self._waiting.values() if waiting), None)
            return waiting.popitem(last=False)[1] if waiting else None

    def put_back(self, message: Message) -> None:
        """Put a message back at the front of its rank; a state that is no longer news is dropped."""
        with self._changed:
            waiting = self._waiting[message.rank]
            if waiting.setdefault(_name(message), message) is message:
                waiting.move_to_end(_name(message), last=False)

    def pause(self, seconds: float) -> None:
        """Wait before the next attempt; a new alarm of high priority ends the wait."""
        with self._changed:
            urgent = self._urgent
            self._changed.wait_for(lambda: self._urgent != urgent or self._abandoned, seconds)

    def close(self) -> None:
        """Take no wait for messages any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """Hand out nothing any more, and end every wait."""
        with self._changed:
            self._closed = self._abandoned = True
            self._changed.notify_all()

    def __len__(self) -> int:
        return sum(len(waiting) for waiting in self._waiting.values())

    def _make_room(self) -> list[Message]:
        gone = []
        for (lower, upper), limit in self._limits.items():
            extra = len(self._waiting[lower]) + len(self._waiting[upper]) - limit
            if lower is Rank.LOW:
                extra += len(self._waiting[Rank.HIGH])
            for _ in range(extra):
                waiting = self._waiting[lower] or self._waiting[upper]
                if waiting:
                    gone.append(waiting.popitem(last=False)[1])
        return [message for message in gone if message.lasting]


def _name(message: Message) -> str:
    return message.id if message.lasting else message.key
