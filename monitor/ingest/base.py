"""What every source is: an async context manager that yields blocks of samples."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from ecgmon.monitor.core.events import SampleBlock, SourceStatus


@runtime_checkable
class TellsApart(Protocol):
    """What a source with many devices may have: it knows them by more than their names."""

    def identity(self, device: str) -> str:
        """Return what a name stands for, the same in every run; empty if it stands for nothing."""
        ...


@runtime_checkable
class Source(Protocol):
    """Where samples come from.

    ``async with source: async for item in source`` yields blocks, and between them news of
    the link. A source reconnects by itself, ends by returning, and raises
    `ecgmon.monitor.core.errors.SourceError` only if it can never work.
    """

    @property
    def name(self) -> str:
        """Name of its device, or of the link where it carries several."""
        ...

    @property
    def live(self) -> bool:
        """True if silence means that something is wrong."""
        ...

    async def __aenter__(self) -> Self:
        """Open the link, or begin to."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the link and free what it held."""
        ...

    def __aiter__(self) -> AsyncIterator[SampleBlock | SourceStatus]:
        """Yield blocks of each device in the order of their samples."""
        ...
