"""Source that plays a record as if a device sent it."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.core.events import SampleBlock, SourceStatus
from ecgmon.monitor.ingest.address import Address
from ecgmon.monitor.ingest.settings import ReplaySettings, SourceSettings
from ecgmon.sim.library import device_name
from ecgmon.sim.record import Record, Reference, read_record
from ecgmon.sim.replay import ReplayControls

LIVE_BLOCK_S = 0.1
FAST_BLOCK_S = 1.0
_LONGEST_SLEEP_S = 3600.0


class ReplaySource:
    """Play a record at its own pace, faster, or as fast as possible.

    Blocks carry all leads, the chosen one first. Winding to another place of the record
    marks the next block as rewound.

    Parameters
    ----------
    name : str
        Record, such as ``200`` or ``svdb/800``, or the path of its files.
    settings : ReplaySettings
        Speed, lead, block size and the rest.
    """

    live = False

    def __init__(self, name: str, settings: ReplaySettings | None = None) -> None:
        self.record_name = name
        self.settings = settings if settings is not None else ReplaySettings()
        self.name = self.settings.device or device_name(name)
        self._record: Record | None = None
        self._controls: ReplayControls | None = None
        self._changed = asyncio.Event()

    @property
    def record(self) -> Record:
        """The record; known once the source is entered."""
        if self._record is None:
            raise RuntimeError("the source is not open")
        return self._record

    @property
    def controls(self) -> ReplayControls | None:
        """Pause, resume, seek and speed; None until the source is entered."""
        return self._controls

    @property
    def reference(self) -> Reference | None:
        """Reference annotations, if the record has any; None until the source is entered."""
        return self._record.reference if self._record is not None else None

    async def __aenter__(self) -> Self:
        """Find and read the record.

        Raises
        ------
        RecordError
            The record is unknown or damaged, or has no such lead.
        MissingExtraError
            The record is of a format that needs the ``sim`` or ``edf`` extra.
        """
        record = await asyncio.to_thread(self._load)
        self._order = _chosen_first(record, self.settings.channel)
        start = round(self.settings.start_s * record.fs_hz)
        if start >= record.n_samples:
            raise RecordError(
                f"Record {self.record_name} ends at {record.duration_s:.0f} s,"
                f" before the start asked for ({self.settings.start_s:g} s)."
            )
        speed = self.settings.speed
        controls = ReplayControls(
            record.fs_hz, record.n_samples, speed=None if speed == "max" else speed, start=start
        )
        loop = asyncio.get_running_loop()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
                loop.call_soon_threadsafe(self._changed.set)

        controls.on_change(wake)
        self._record, self._controls, self._start = record, controls, start
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held that needs closing."""

    async def __aiter__(self) -> AsyncIterator[SampleBlock | SourceStatus]:
        """Yield the blocks when they are due."""
        record, controls = self.record, self._controls
        assert controls is not None
        leads = tuple(record.leads[row] for row in self._order)
        position, rewound = self._start, False
        while True:
            self._changed.clear()
            target = controls.take_seek()
            if target is not None:
                position, rewound = target, True
            end = min(position + self._chunk(controls), record.n_samples)
            if position >= end and not controls.hold_at_end:
                return
            wait_s = controls.due_in_s(end) if position < end else math.inf
            if wait_s > 0:
                await self._wait(wait_s)
                continue
            samples_mv = record.samples_mv(position, end, self._order)
            yield SampleBlock(samples_mv, position, record.fs_hz, self.name, leads, rewound=rewound)
            position, rewound = end, False
            controls.moved(position)
            await asyncio.sleep(0)

    def _chunk(self, controls: ReplayControls) -> int:
        if self.settings.chunk_samples is not None:
            return self.settings.chunk_samples
        seconds = FAST_BLOCK_S if controls.speed is None else LIVE_BLOCK_S * max(1.0, controls.speed / 10)
        return max(1, round(seconds * controls.fs_hz))

    async def _wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, _LONGEST_SLEEP_S)):
                await self._changed.wait()

    def _load(self) -> Record:
        return read_record(self.record_name, self.settings.data_dir)


def _chosen_first(record: Record, channel: int | str) -> tuple[int, ...]:
    """Return all rows of the record, the chosen lead first."""
    rows = range(len(record.leads))
    text = str(channel)
    if text in record.leads:
        chosen = record.leads.index(text)
    elif text.isdigit() and int(text) in rows:
        chosen = int(text)
    else:
        known = ", ".join(f"{row} ({lead})" for row, lead in enumerate(record.leads))
        rest = f" Left out: {', '.join(record.left_out)}." if record.left_out else ""
        raise RecordError(f"Record {record.name} has no channel {text}.", f"It has: {known}.{rest}")
    return (chosen, *(row for row in rows if row != chosen))


def open_replay(address: Address, settings: SourceSettings) -> ReplaySource:
    """Return the source of a ``replay:`` address.

    Raises
    ------
    UsageError
        An option of the address is refused.
    """
    return ReplaySource(address.path, address.apply(settings.replay))
