"""Follows sources to their end: starts them, and tries those again that fail."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Literal, Protocol

from ecgmon.monitor.core.errors import EcgmonError, OutputError, SourceError
from ecgmon.monitor.core.events import SampleBlock, SourceStatus
from ecgmon.monitor.ingest.base import Source

LOG = logging.getLogger(__name__)

FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 10.0

Item = SampleBlock | SourceStatus


class Listener(Protocol):
    """Who is told of what sources give and of how they are."""

    def take(self, item: Item, *, live: bool, source: str) -> bool:
        """Take what a source of a name gave; return whether that is enough of it."""
        ...

    def source_failed(self, source: Source, reason: str, *, again: bool) -> None:
        """Hear that a source could not start or failed, and whether it is tried again."""
        ...

    def source_started(self, source: Source) -> None:
        """Hear that a source that had failed gives something."""
        ...

    def source_ended(self, source: Source) -> None:
        """Hear that a live source has ended while others go on."""
        ...


class Follower:
    """Follows one source; see `Followers` for when it is tried again.

    Parameters
    ----------
    source : Source
        Not yet entered.
    listener : Listener
        Who is told.
    may_retry : callable
        Takes the follower; tells whether it is to try again after its `error`.
    settle : callable
        Called when the follower has stopped for good or for a while.

    Attributes
    ----------
    state : {"active", "waiting", "over"}
        Whether it follows its source, waits to try again, or has stopped for good.
    heard : bool
        Whether the source ever gave anything.
    error : Exception or None
        Why the source failed last; None once it has ended by itself.
    hopeless : asyncio.Event
        Set to end its waiting.
    """

    def __init__(
        self,
        source: Source,
        listener: Listener,
        may_retry: Callable[[Follower], bool],
        settle: Callable[[Follower], None],
    ) -> None:
        self.source = source
        self.error: Exception | None = None
        self.heard = False
        self.state: Literal["active", "waiting", "over"] = "active"
        self.hopeless = asyncio.Event()
        self._listener = listener
        self._may_retry = may_retry
        self._settle = settle
        self._said = ""
        self._wait_s = FIRST_RETRY_S

    async def run(self) -> None:
        """Follow the source until it ends or there is no use in trying again.

        Raises
        ------
        Exception
            Not the source failed but whoever takes what it gives.
        """
        while not await self._attempt():
            self.state = "waiting"
            self._settle(self)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._wait_s):
                    await self.hopeless.wait()
                    break
            self._wait_s = min(2 * self._wait_s, LONGEST_RETRY_S)
            self.state = "active"
        self.state = "over"
        self._settle(self)

    async def _attempt(self) -> bool:
        """Follow the source once; return whether that was the last time."""
        try:
            await self._follow()
        except _TakerError as error:
            cause = error.cause
            if isinstance(cause, OutputError) or not isinstance(cause, EcgmonError):
                raise cause from None
            self._fail(cause, again=False)
            return True
        except Exception as error:
            again = self._may_retry_after(error)
            if not again and not isinstance(error, EcgmonError):
                raise
            self._fail(error, again=again)
            return not again
        self.error = None
        return True

    def _may_retry_after(self, error: Exception) -> bool:
        self.error = error
        return self._may_retry(self)

    def _fail(self, error: Exception, *, again: bool) -> None:
        self.error = error
        reason = str(error) if isinstance(error, EcgmonError) else f"it fails with {error!r}."
        if not isinstance(error, EcgmonError):
            LOG.error("The source %s fails.", self.source.name, exc_info=error)
        if reason != self._said:
            self._said = reason
            self._listener.source_failed(self.source, reason, again=again)

    async def _follow(self) -> None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.source)
            items: AsyncIterator[Item] = aiter(self.source)
            async for item in items:
                self._hear()
                try:
                    enough = self._listener.take(item, live=self.source.live, source=self.source.name)
                except Exception as error:
                    raise _TakerError(error) from error
                if enough:
                    return

    def _hear(self) -> None:
        self.heard = True
        if self._said:
            self._said = ""
            self._wait_s = FIRST_RETRY_S
            self._listener.source_started(self.source)


class Followers:
    """All sources of a run.

    A live source that fails is tried again for as long as the run goes on. A run that is not
    told to wait ends when nothing goes on but attempts to start sources that never gave
    anything; if it has one source only, that is at its first failure.

    Parameters
    ----------
    sources : sequence of Source
        Not yet entered.
    listener : Listener
        Who is told.
    wait : bool
        Wait for sources that are not there yet, even if there is nothing else to do.
    """

    def __init__(self, sources: Sequence[Source], listener: Listener, *, wait: bool) -> None:
        self._wait = wait
        self._listener = listener
        self._all = [Follower(source, listener, self._may_retry, self._settle) for source in sources]

    def errors(self) -> list[Exception]:
        """Return why sources failed, of those that did not end by themselves."""
        return [one.error for one in self._all if one.error is not None]

    def spoilt(self) -> Exception | None:
        """Return why a recording could not be read to its end, if one could not."""
        return next((one.error for one in self._all if one.error and not one.source.live), None)

    async def run(self) -> None:
        """Follow all sources to their end.

        Raises
        ------
        Exception
            Whoever takes what they give has failed.
        """
        tasks = [asyncio.create_task(one.run()) for one in self._all]
        try:
            if tasks:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
                for task in done:
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _may_retry(self, one: Follower) -> bool:
        if not one.source.live:
            return False
        if one.heard:
            return True
        if len(self._all) == 1:
            return self._wait and isinstance(one.error, SourceError)
        return True

    def _settle(self, stopped: Follower) -> None:
        """Let those give up that wait in vain; tell of a live source that leaves others behind."""
        goes_on = any(one.state == "active" or (one.state == "waiting" and one.heard) for one in self._all)
        if not self._wait and not goes_on:
            for one in self._all:
                one.hopeless.set()
        elif stopped.state == "over" and stopped.error is None and stopped.source.live:
            self._listener.source_ended(stopped.source)


class _TakerError(Exception):
    """Wraps what was raised by whoever took an item, to tell it from what the source raised."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause
