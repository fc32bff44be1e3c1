"""What the service says of itself: devices, rates, rhythms, alarms, outputs."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import Any

from ecgmon.monitor.core.events import Beat, Event, HeartRate, Quality, RhythmChange
from ecgmon.monitor.core.platform import memory_mb
from ecgmon.monitor.core.version import __version__
from ecgmon.monitor.run.awaited import Awaited
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.stream import Stream


@dataclass(slots=True)
class Latest:
    """The newest of what a device's events told."""

    number: int = 0
    bpm: float | None = None
    rhythm: str | None = None
    quality: float | None = None
    beats: int = 0

    def follow(self, stream: Stream) -> None:
        """Read the events since the last time."""
        self.number, events = stream.log.since(self.number)
        for event in events:
            self._take(event)

    def _take(self, event: Event) -> None:
        if isinstance(event, Beat):
            self.beats += 1
        elif isinstance(event, HeartRate):
            self.bpm = event.bpm
        elif isinstance(event, RhythmChange):
            self.rhythm = event.rhythm
        elif isinstance(event, Quality):
            self.quality = event.index


@dataclass(slots=True)
class Reporter:
    """Makes reports of one monitor.

    Parameters
    ----------
    monitor : Monitor
        Whom to report on.
    """

    monitor: Monitor
    _began: float = field(default_factory=time.monotonic)
    _used: float = field(default_factory=time.process_time)
    _latest: dict[str, Latest] = field(default_factory=dict)

    def follow(self) -> None:
        """Take note of what happened; called often enough that no event is dropped before."""
        streams = self.monitor.streams
        self._latest = {name: self._latest.get(name) or Latest() for name in streams}
        for name, stream in streams.items():
            self._latest[name].follow(stream)

    def report(self) -> dict[str, Any]:
        """Return the report as plain values."""
        self.follow()
        uptime_s = time.monotonic() - self._began
        return {
            "version": __version__,
            "pid": os.getpid(),
            "uptime_s": round(uptime_s, 1),
            "memory_mb": memory_mb(),
            "core_share": round((time.process_time() - self._used) / max(uptime_s, 1e-3), 4),
            "signal_s": round(self.monitor.summary.signal_s, 1),
            "devices": {name: self._device(stream) for name, stream in self.monitor.streams.items()},
            "awaited": {name: self._link(awaited) for name, awaited in self.monitor.awaited.items()},
            "problems": {kind: text for kind, text in self.monitor.problems().items() if text is not None},
        }

    def line(self) -> str:
        """Return the report as one line for the service manager."""
        parts = []
        for name, stream in self.monitor.streams.items():
            latest = self._latest.get(name, Latest())
            known = latest.bpm is not None and stream.hearing.silent_s() is None
            rate = f"{latest.bpm:.0f}/min" if known else "no rate"
            parts.append(f"{name} {rate}{_kinds(stream)}")
        if not parts:
            parts.append("waiting for a device")
        parts += [f"{name}{kinds}" for name, one in self.monitor.awaited.items() if (kinds := _kinds(one))]
        return "; ".join(parts)

    def _device(self, stream: Stream) -> dict[str, Any]:
        latest = self._latest[stream.device]
        signal_s = (stream.pipeline.processed - stream.first_sample) / stream.fs_hz
        silent_s = stream.hearing.silent_s()
        fresh = silent_s is None
        return {
            "fs_hz": stream.fs_hz,
            "leads": list(stream.leads),
            **self._link(stream),
            "signal_s": round(signal_s, 1),
            "silent_s": None if silent_s is None else round(silent_s, 1),
            "bpm": round(latest.bpm, 1) if fresh and latest.bpm is not None else None,
            "rhythm": latest.rhythm if fresh else None,
            "quality": round(latest.quality, 2) if fresh and latest.quality is not None else None,
            "beats": latest.beats,
            "core_share": round(stream.busy_s / signal_s, 4) if signal_s else None,
        }

    @staticmethod
    def _link(whose: Stream | Awaited) -> dict[str, Any]:
        """Return how a device or link is doing, and its alarms."""
        status = whose.status
        return {
            "link": status.state if status is not None else "streaming",
            "detail": status.detail if status is not None else "",
            "clock": status.clock if status is not None else "",
            "health": dict(status.health) if status is not None else {},
            "paused": whose.alarms.paused,
            "alarms": [
                {"kind": a.kind, "priority": a.priority, "state": a.state, "message": a.message}
                for a in whose.alarms.open_alarms()
            ],
        }


def _kinds(whose: Stream | Awaited) -> str:
    alarms = ", ".join(alarm.kind for alarm in whose.alarms.open_alarms())
    return f" ALARM {alarms}" if alarms else ""
