"""Which devices and links are there: news of each, its silence, and alarms before its first sample."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ecgmon.monitor.alarms.engine import AlarmEngine
from ecgmon.monitor.alarms.settings import AlarmSettings
from ecgmon.monitor.core.events import Event, LinkState, SourceStatus
from ecgmon.monitor.run.awaited import Awaited
from ecgmon.monitor.run.stream import Stream

SILENT_AFTER_S = 2.0
"""A live device that sends nothing for so long is called silent."""

MOST_AWAITED = 1000
"""Devices and links that may have alarms before they have given a sample; names come from strangers."""

Emit = Callable[[Stream | Awaited | None, Sequence[Event]], None]
"""Passes on events of a device; None for one that has no alarms."""


class Presence:
    """Keeps what is known of devices and links beside their signal.

    Parameters
    ----------
    streams : callable
        Returns the devices that were heard, by name.
    alarms_of : callable
        Returns the alarm settings of a device.
    emit : callable
        Takes the events that come of it.
    clock : callable
        Returns seconds and never jumps.

    Attributes
    ----------
    awaited : dict of str to Awaited
        Devices and links that there is news of, but never a sample.
    unserved : dict of str to str
        Devices whose samples arrive but are not analysed, and why.
    """

    def __init__(
        self,
        streams: Callable[[], Mapping[str, Stream]],
        alarms_of: Callable[[str], AlarmSettings],
        emit: Emit,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.awaited: dict[str, Awaited] = {}
        self.unserved: dict[str, str] = {}
        self._streams = streams
        self._alarms_of = alarms_of
        self._emit = emit
        self._clock = clock
        self._heard: dict[str, float] = {}
        self._silent: set[str] = set()
        self._unreadable: dict[str, str] = {}

    def of(self, device: str) -> Stream | Awaited | None:
        """Return what has the alarms of a device or link."""
        return self._streams().get(device) or self.awaited.get(device)

    def all(self) -> list[Stream | Awaited]:
        """Return everything that has alarms."""
        return [*self._streams().values(), *self.awaited.values()]

    def expect(self, device: str) -> Stream | Awaited:
        """Return what has the alarms of a device or link that ought to be there, heard or not."""
        whose = self.of(device)
        if whose is None:
            whose = Awaited(device, self._alarms_of(device))
            self.awaited = {**self.awaited, device: whose}
        return whose

    def report(self, status: SourceStatus) -> None:
        """Take what a source says of a device or link."""
        reason = self.unserved.get(status.device)
        if reason is not None and status.state == "streaming":
            status = replace(status, state="unreadable", detail=reason)
        if status.state == "unreadable":
            self._unreadable[status.device] = status.detail
        else:
            self._unreadable.pop(status.device, None)
        self._tell(status)

    def _tell(self, status: SourceStatus) -> None:
        whose = self.of(status.device)
        if whose is None and status.state != "ended" and len(self.awaited) < MOST_AWAITED:
            whose = self.expect(status.device)
        self._emit(whose, [status] if whose is None else whose.report(status))

    def meet(self, stream: Stream) -> None:
        """Let a device that was awaited go on as a stream: its alarms end, or are shown there."""
        self.unserved.pop(stream.device, None)
        awaited = self.awaited.get(stream.device)
        if awaited is not None:
            self._emit(awaited, awaited.act(AlarmEngine.rewind))
            stream.alarms.adopt(awaited.alarms)
            self.awaited = {name: one for name, one in self.awaited.items() if one is not awaited}

    def forget(self, device: str) -> None:
        """Keep nothing of a device or link; the alarms that it has here end visibly."""
        awaited = self.awaited.get(device)
        if awaited is not None:
            self._emit(awaited, awaited.act(lambda engine: [*engine.rewind(), *engine.acknowledge()]))
            self.awaited = {name: one for name, one in self.awaited.items() if one is not awaited}
        for kept in (self.unserved, self._heard, self._unreadable):
            kept.pop(device, None)
        self._silent.discard(device)

    def hear(self, device: str) -> None:
        """Take note that samples of a live device have arrived."""
        self._heard[device] = self._clock()
        if device in self._silent:
            self._silent.discard(device)
            stream = self._streams()[device]
            if stream.status is not None and stream.status.state == "silent":
                detail = self._unreadable.get(device)
                state: LinkState = "streaming" if detail is None else "unreadable"
                self._tell(news_of(stream, state, detail or "samples arrive again"))

    def refuse(self, device: str, reason: str) -> None:
        """Say once that a device sends samples that cannot be analysed."""
        if device not in self.unserved:
            self.unserved[device] = reason
            self.say(device, "unreadable", reason)

    def say(self, device: str, state: LinkState, detail: str) -> None:
        """Report on a device or link in words of our own."""
        stream = self._streams().get(device)
        self.report(news(device, state, detail) if stream is None else news_of(stream, state, detail))

    def watch(self, elapsed_s: float) -> None:
        """Say who has fallen silent, and let time pass for whoever brings no samples."""
        now, streams = self._clock(), self._streams()
        for device, heard in self._heard.items():
            if now - heard >= SILENT_AFTER_S and device not in self._silent:
                self._silent.add(device)
                self._tell(news_of(streams[device], "silent", f"no samples for {SILENT_AFTER_S:g} s"))
        still = {*self._silent, *self.unserved}
        waiting: list[Stream | Awaited] = [streams[device] for device in still if device in streams]
        for whose in [*waiting, *self.awaited.values()]:
            self._emit(whose, whose.act(lambda engine: engine.idle(elapsed_s)))


def news(device: str, state: LinkState, detail: str) -> SourceStatus:
    """Return news of a device or link that has no samples to count."""
    return SourceStatus(sample=0, time_s=0.0, known_at=0, device=device, state=state, detail=detail)


def news_of(stream: Stream, state: LinkState, detail: str) -> SourceStatus:
    """Return news of a device at its newest sample."""
    at = stream.pipeline.processed
    return replace(news(stream.device, state, detail), sample=at, time_s=at / stream.fs_hz, known_at=at)
