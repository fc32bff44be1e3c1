"""Turns events into rows: what matters at once, beats and quality as a summary of each minute."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ecgmon.monitor.core.events import (
    Alarm,
    Beat,
    Episode,
    Event,
    Forgotten,
    Gap,
    HeartRate,
    Quality,
    RhythmChange,
    SettingsChange,
    SourceStatus,
    to_json,
)

DEVICE_LENGTH = 200
"""Characters of a device's name that the table's column takes; a server refuses more."""

Row = dict[str, Any]

MINUTE_S = 60.0


@dataclass(slots=True)
class Minute:
    """One device's beats, heart rates and quality within one minute of signal."""

    number: int
    last: Event
    beats: dict[str, int] = field(default_factory=dict)
    bpm: list[float] = field(default_factory=list)
    quality: list[float] = field(default_factory=list)

    def add(self, event: Event) -> None:
        """Count one event."""
        self.last = event
        if isinstance(event, Beat):
            self.beats[event.symbol] = self.beats.get(event.symbol, 0) + 1
        elif isinstance(event, HeartRate) and event.bpm is not None:
            self.bpm.append(event.bpm)
        elif isinstance(event, Quality):
            self.quality.append(event.index)

    def body(self) -> dict[str, Any]:
        """Return the summary as plain values; what is unknown is None."""
        return {
            "type": "minute",
            "device": self.last.device,
            "time_s": self.number * MINUTE_S,
            "minute": self.number,
            "beats": self.beats,
            "bpm": _spread(self.bpm),
            "quality": _spread(self.quality),
        }


def _spread(values: list[float]) -> dict[str, float] | None:
    if not values:
        return None
    mean = sum(values) / len(values)
    return {name: round(v, 3) for name, v in (("min", min(values)), ("mean", mean), ("max", max(values)))}


class RowMaker:
    """Makes the rows of the ``events`` table.

    Alarms, rhythms, episodes and gaps become a row each, the state of a source when it changes;
    beats, heart rate and quality become one row a minute and device.

    Parameters
    ----------
    clock : callable
        Returns the wall-clock time in seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._minutes: dict[str, Minute] = {}
        self._links: dict[str, str] = {}

    def take(self, events: Iterable[Event]) -> list[Row]:
        """Return the rows that these events complete, in their order."""
        rows: list[Row] = []
        for event in events:
            if isinstance(event, Beat | HeartRate | Quality):
                rows += self._count(event)
            elif isinstance(event, Alarm):
                rows.append(self.row(event, kind=event.kind, state=event.state, priority=event.priority))
            elif isinstance(event, RhythmChange):
                rows.append(self.row(event, kind=event.rhythm))
            elif isinstance(event, Episode):
                rows.append(self.row(event, kind=event.kind))
            elif isinstance(event, Gap) and not event.bridged:
                rows.append(self.row(event, kind=event.reason))
            elif isinstance(event, SettingsChange):
                rows.append(self.row(event))
            elif isinstance(event, Forgotten):
                minute = self._minutes.pop(event.device, None)
                rows += [] if minute is None else [self._minute_row(minute)]
                self._links.pop(event.device, None)
                rows.append(self.row(event, kind=event.state))
            elif isinstance(event, SourceStatus) and self._links.get(event.device) != event.state:
                self._links[event.device] = event.state
                rows.append(self.row(event, kind=event.state))
        return rows

    def finish(self) -> list[Row]:
        """Return the rows of the minutes that have begun."""
        rows = [self._minute_row(minute) for minute in self._minutes.values()]
        self._minutes.clear()
        return rows

    def row(self, event: Event, body: dict[str, Any] | None = None, **columns: Any) -> Row:
        """Return the row of one event."""
        whole = body if body is not None else to_json(event)
        return {
            "at": self._clock(),
            "device": event.device[:DEVICE_LENGTH],
            "type": whole["type"],
            "kind": None,
            "state": None,
            "priority": None,
            "sample": event.sample,
            "time_s": event.time_s,
            "known_at": event.known_at,
            "body": json.dumps(whole, ensure_ascii=False, separators=(",", ":")),
            **columns,
        }

    def _count(self, event: Event) -> list[Row]:
        number = int(event.time_s // MINUTE_S)
        minute = self._minutes.get(event.device)
        rows: list[Row] = []
        if minute is None or number > minute.number:
            rows = [] if minute is None else [self._minute_row(minute)]
            minute = self._minutes[event.device] = Minute(number, event)
        minute.add(event)
        return rows

    def _minute_row(self, minute: Minute) -> Row:
        return self.row(minute.last, minute.body())
