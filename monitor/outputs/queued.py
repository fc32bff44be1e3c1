"""An output with a queue and a thread of its own: slow or dead, it delays nothing and loses no alarm."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from ecgmon.monitor.core.errors import EcgmonError
from ecgmon.monitor.core.events import Event

LOG = logging.getLogger(__name__)

LONGEST_PAUSE_S = 60.0
FIRST_PAUSE_S = 1.0
ALARMS_WAITING = 2000
STATES_WAITING = 500
DRAIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Message:
    """Something to deliver.

    Parameters
    ----------
    key : str
        A newer message of the same key takes the place of one that still waits, unless
        ``lasting``.
    body : object
        What the sink understands.
    lasting : bool
        It must be delivered, however late: an alarm.
    made : float
        Wall-clock time in seconds since 1970.
    """

    key: str
    body: Any
    lasting: bool = False
    made: float = field(default_factory=time.time)


class Sink(ABC):
    """What delivers messages; `send` is called from the queue's thread only."""

    name = "output"

    @abstractmethod
    def messages(self, event: Event) -> Iterable[Message]:
        """Return what an event gives to deliver; quick, called from the monitor's thread."""

    @abstractmethod
    def send(self, message: Message) -> None:
        """Deliver one message; any exception means that it was not delivered."""

    def close(self) -> None:  # noqa: B027 - most have nothing to let go of
        """Let go of connections."""


class Mailbox:
    """Messages that wait: lasting ones in order, of others the newest of each key.

    Parameters
    ----------
    lasting, states : int
        The most of each that wait; beyond it the oldest is dropped.
    """

    def __init__(self, lasting: int = ALARMS_WAITING, states: int = STATES_WAITING) -> None:
        self._limit, self._states_limit = lasting, states
        self._lasting: deque[Message] = deque()
        self._states: OrderedDict[str, Message] = OrderedDict()
        self._changed = threading.Condition()
        self._closed = False
        self.dropped = 0

    def put(self, message: Message) -> None:
        """Add a message."""
        with self._changed:
            if message.lasting:
                self._lasting.append(message)
                if len(self._lasting) > self._limit:
                    self._lasting.popleft()
                    self.dropped += 1
            else:
                self._states[message.key] = message
                if len(self._states) > self._states_limit:
                    self._states.popitem(last=False)
            self._changed.notify()

    def take(self) -> Message | None:
        """Wait for a message and take it, lasting ones first; None when closed and empty."""
        with self._changed:
            while not (self._lasting or self._states or self._closed):
                self._changed.wait()
            if self._lasting:
                return self._lasting.popleft()
            return self._states.popitem(last=False)[1] if self._states else None

    def put_back(self, message: Message) -> None:
        """Put a message back at the front; one that is no longer news is dropped."""
        with self._changed:
            if message.lasting:
                self._lasting.appendleft(message)
            elif message.key not in self._states:
                self._states[message.key] = message
                self._states.move_to_end(message.key, last=False)

    def close(self) -> None:
        """Take no wait any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        return len(self._lasting) + len(self._states)


class QueuedOutput:
    """Delivers what a sink makes of events, in a thread of its own, and tries again.

    Parameters
    ----------
    sink : Sink
        What delivers.
    first_pause_s : float
        Pause after the first failure; it doubles up to a minute.
    clock : callable
        Returns seconds that only grow.
    """

    problem_kind = "output_failed"

    def __init__(
        self, sink: Sink, first_pause_s: float = FIRST_PAUSE_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.sink = sink
        self.mailbox = Mailbox()
        self.problem: str | None = None
        self._first_pause_s = first_pause_s
        self._clock = clock
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name=sink.name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end = self._clock() + DRAIN_S
        self.mailbox.close()
        self._thread.join(0.0 if self.problem is not None else DRAIN_S)
        self._ending.set()
        self._thread.join(max(0.0, end - self._clock()))
        if len(self.mailbox):
            LOG.warning("%s: %d messages could not be delivered.", self.sink.name, len(self.mailbox))

    def write(self, events: Sequence[Event]) -> None:
        """Queue what is to be delivered; never waits."""
        for event in events:
            for message in self.sink.messages(event):
                self.mailbox.put(message)

    def _work(self) -> None:
        pause_s = self._first_pause_s
        while (message := self.mailbox.take()) is not None:
            try:
                self.sink.send(message)
            except Exception as error:
                self._failed(message, error)
                self._ending.wait(pause_s)
                pause_s = min(LONGEST_PAUSE_S, 2 * pause_s)
                if self._ending.is_set():
                    break
            else:
                pause_s = self._first_pause_s
                if self.problem is not None:
                    LOG.warning("%s works again.", self.sink.name)
                    self.problem = None
        self.sink.close()

    def _failed(self, message: Message, error: Exception) -> None:
        self.mailbox.put_back(message)
        # Errors of other packages may hold addresses with secrets; our own are written for people.
        reason = str(error) if isinstance(error, EcgmonError) else type(error).__name__
        if self.problem is None:
            LOG.warning("%s does not work (%s); it is tried again.", self.sink.name, reason)
        self.problem = f"{self.sink.name} does not work: {reason}"
