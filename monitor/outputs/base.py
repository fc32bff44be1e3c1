"""What every output is: a context manager that takes events."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from ecgmon.monitor.core.events import Event


@runtime_checkable
class Output(Protocol):
    """Where events go. Used from one thread."""

    def __enter__(self) -> Self:
        """Open what is written to.

        Raises
        ------
        OutputError
            It cannot be opened.
        """
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish what was written; after an error leave nothing that looks whole.

        Raises
        ------
        OutputError
            The last of it cannot be written.
        """
        ...

    def write(self, events: Sequence[Event]) -> None:
        """Take events, ordered by when they were known.

        Raises
        ------
        OutputError
            They cannot be written.
        """
        ...
