"""Several recipients as one output: each with a queue of its own, so that none hinders another."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from ecgmon.monitor.core.events import Event
from ecgmon.monitor.outputs.queued import QueuedOutput


class Recipients:
    """Hands events to each recipient's queue.

    Parameters
    ----------
    queues : sequence of QueuedOutput
        One for each recipient.
    """

    problem_kind = QueuedOutput.problem_kind

    def __init__(self, queues: Sequence[QueuedOutput]) -> None:
        self.queues = tuple(queues)

    @property
    def problem(self) -> str | None:
        """What is wrong with any of them; None if nothing is."""
        return "; ".join(queue.problem for queue in self.queues if queue.problem) or None

    def __enter__(self) -> Self:
        for queue in self.queues:
            queue.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for queue in self.queues:
            queue.mailbox.close()
        for queue in self.queues:
            queue.__exit__(kind, error, trace)

    def write(self, events: Sequence[Event]) -> None:
        """Queue events for each; never waits."""
        for queue in self.queues:
            queue.write(events)
