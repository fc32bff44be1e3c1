"""Records in a thread of its own, so that a slow disk delays nothing else."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from ecgmon.monitor.core.events import Event, SampleBlock
from ecgmon.monitor.outputs.kind import OutputKind
from ecgmon.monitor.recorder.settings import RecorderSettings

LOG = logging.getLogger(__name__)

WAITING = 4000
"""Blocks and bundles of events that may wait for the disk."""

CLOSE_S = 10.0

Item = SampleBlock | tuple[Event, ...] | None


class RecorderOutput:
    """An output that records signal and events.

    Parameters
    ----------
    settings : RecorderSettings
        What is recorded.
    """

    problem_kind = "storage_full"

    def __init__(self, settings: RecorderSettings) -> None:
        from ecgmon.monitor.recorder.recorder import Recorder  # noqa: PLC0415 - loaded by who records

        self._recorder = Recorder(settings)
        self._queue: queue.Queue[Item] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._dropped = 0

    @property
    def problem(self) -> str | None:
        """What is wrong, one plain line; None if nothing is."""
        if self._recorder.problem is None and self._dropped:
            return f"The disk is too slow: {self._dropped} blocks of signal were not recorded"
        return self._recorder.problem

    def __enter__(self) -> Self:
        self._recorder.open()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._queue.put(None, timeout=CLOSE_S)
        except queue.Full:
            LOG.warning("The disk is too slow to complete the recording.")
        self._thread.join(CLOSE_S)

    def take(self, block: SampleBlock) -> None:
        """Take samples; never waits."""
        self._put(block)

    def write(self, events: Sequence[Event]) -> None:
        """Take events; never waits."""
        self._put(tuple(events))

    def _put(self, item: Item) -> None:
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            self._dropped += 1

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                if isinstance(item, SampleBlock):
                    self._recorder.take(item)
                else:
                    self._recorder.events(item)
            except Exception:
                LOG.exception("A part of the recording was lost.")
        self._recorder.close()


OUTPUT = OutputKind(
    "Continuous signal and strips around alarms",
    RecorderSettings,
    lambda settings, _: RecorderOutput(settings),
    stage="keep",
)
