"""An output with a queue and a thread of its own: slow or dead, it delays nothing and loses no alarm."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ecgmon.monitor.core.errors import EcgmonError, OutputError
from ecgmon.monitor.core.events import Event
from ecgmon.monitor.outputs.mailbox import Mailbox, Message, Rank

if TYPE_CHECKING:
    from ecgmon.monitor.outputs.outbox import Outbox

LOG = logging.getLogger(__name__)

LONGEST_PAUSE_S = 60.0
LONGEST_URGENT_PAUSE_S = 1.0
FIRST_PAUSE_S = 1.0
TOO_OLD_S = 86400.0
ASIDE_SHOWN_S = 600.0
DRAIN_S = 3.0


class RefusedError(OutputError):
    """A message was refused for ever: to send it again is of no use."""


class Sink(ABC):
    """What delivers messages; `send` is called from the queue's thread only."""

    name = "output"
    recipient = ""
    """Tells whose messages wait in an outbox, over changes of the settings; the name by default."""

    @property
    def trouble(self) -> str | None:
        """What is wrong though messages are delivered, one plain line; None if nothing is."""
        return None

    @abstractmethod
    def messages(self, event: Event) -> Iterable[Message]:
        """Return what an event gives to deliver; quick, called from the monitor's thread."""

    @abstractmethod
    def send(self, message: Message) -> None:
        """Deliver one message; any exception means that it was not delivered."""

    def close(self) -> None:  # noqa: B027 - most have nothing to let go of
        """Let go of connections."""


class QueuedOutput:
    """Delivers what a sink makes of events to one recipient, in a thread of its own, and tries again.

    What the recipient refuses for ever, and what is too old, is set aside, counted and told.
    Nothing that waits behind it is held up.

    Parameters
    ----------
    sink : Sink
        What delivers.
    first_pause_s : float
        Pause after the first failure; it doubles up to `LONGEST_PAUSE_S`, while an alarm of
        high priority waits up to `LONGEST_URGENT_PAUSE_S`.
    too_old_s : float
        Age in seconds beyond which an alarm is not delivered any more.
    clock : callable
        Returns seconds that only grow.
    outbox : Path, optional
        File in which alarms that wait survive the end of the run; the bodies of the sink's
        messages are then such as JSON can hold.
    """

    problem_kind = "output_failed"

    def __init__(
        self,
        sink: Sink,
        first_pause_s: float = FIRST_PAUSE_S,
        too_old_s: float = TOO_OLD_S,
        clock: Callable[[], float] = time.monotonic,
        outbox: Path | None = None,
    ) -> None:
        self.sink = sink
        self.mailbox = Mailbox()
        self.set_aside: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._first_pause_s = first_pause_s
        self._too_old_s = too_old_s
        self._clock = clock
        self._outbox = _opened(outbox, sink.recipient or sink.name)
        self._failing: str | None = None
        self._aside: tuple[float, str] | None = None
        self._thread = threading.Thread(target=self._work, name=sink.name, daemon=True)

    @property
    def problem(self) -> str | None:
        """What is wrong: that nothing is delivered now, or what was set aside lately; else None."""
        found = [self._failing] if self._failing else []
        if self._aside is not None and self._clock() <= self._aside[0] + ASIDE_SHOWN_S:
            found.append(f"{self.sink.name}: {self._aside[1]}")
        if self._outbox is not None and self._outbox.problem:
            found.append(f"{self.sink.name}: {self._outbox.problem}")
        if self.sink.trouble:
            found.append(f"{self.sink.name}: {self.sink.trouble}")
        return "; ".join(found) or None

    def __enter__(self) -> Self:
        if self._outbox is not None:
            for message in self._outbox.open():
                self.mailbox.put(message)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end = self._clock() + DRAIN_S
        self.mailbox.close()
        self._thread.join(0.0 if self._failing is not None else DRAIN_S)
        self.mailbox.abandon()
        self._thread.join(max(0.0, end - self._clock()))
        if self._outbox is not None:
            self._outbox.close()
        if len(self.mailbox):
            LOG.warning("%s: %d messages could not be delivered.", self.sink.name, len(self.mailbox))

    def write(self, events: Sequence[Event]) -> None:
        """Queue what is to be delivered; never waits."""
        for event in events:
            for message in self.sink.messages(event):
                if self._outbox is not None and message.lasting:
                    self._outbox.keep(message)
                for gone in self.mailbox.put(message):
                    self._put_aside(gone, f"{gone.rank.name.lower()} ones dropped because too many wait")

    def _work(self) -> None:
        pause_s = self._first_pause_s
        while (message := self.mailbox.take()) is not None:
            if message.lasting and time.time() - message.made > self._too_old_s:
                self._put_aside(message, "too old")
                continue
            try:
                self.sink.send(message)
            except RefusedError as error:
                self._put_aside(message, str(error))
            except Exception as error:
                self._failed(message, error)
                urgent = message.rank is Rank.HIGH
                self.mailbox.pause(min(pause_s, LONGEST_URGENT_PAUSE_S) if urgent else pause_s)
                pause_s = min(LONGEST_PAUSE_S, 2 * pause_s)
            else:
                self._forget(message)
                pause_s = self._first_pause_s
                if self._failing is not None:
                    LOG.warning("%s works again.", self.sink.name)
                    self._failing = None
        self.sink.close()

    def _failed(self, message: Message, error: Exception) -> None:
        self.mailbox.put_back(message)
        # Errors of other packages may hold addresses with secrets; our own are written for people.
        reason = str(error) if isinstance(error, EcgmonError) else type(error).__name__
        if self._failing is None:
            LOG.warning("%s does not work (%s); it is tried again.", self.sink.name, reason)
        self._failing = f"{self.sink.name} does not work: {reason}"

    def _put_aside(self, message: Message, reason: str) -> None:
        with self._counting:
            self.set_aside[reason] += 1
            if self.set_aside[reason] == 1:
                LOG.warning("%s: a message is not delivered: %s.", self.sink.name, reason)
            told = ", ".join(f"{count} {reason}" for reason, count in self.set_aside.items())
        self._forget(message)
        self._aside = self._clock(), f"messages not delivered: {told}"

    def _forget(self, message: Message) -> None:
        if self._outbox is not None and message.lasting:
            self._outbox.drop(message)


def _opened(path: Path | None, recipient: str) -> Outbox | None:
    """Return the outbox of a recipient; None where nothing is to be kept."""
    if path is None:
        return None
    from ecgmon.monitor.outputs.outbox import Outbox  # noqa: PLC0415 - a replay needs no database

    return Outbox(path, recipient)
