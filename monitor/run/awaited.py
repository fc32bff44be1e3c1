"""A device or link of which no sample has come: its news, and alarms of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ecgmon.monitor.alarms.engine import AlarmEngine
from ecgmon.monitor.alarms.settings import AlarmSettings
from ecgmon.monitor.core.eventlog import EventLog
from ecgmon.monitor.core.events import Alarm, Event, SourceStatus

TICKS_HZ = 250.0
"""Rate of the clock on which its alarms count; there is no signal whose samples could be counted."""

LOGGED = 200


class Awaited:
    """What is known of a device or link before its first sample.

    A device that sends nothing, or nothing that can be understood, has no stream; it has this.
    Its alarms live as those of a stream do. Time passes for them by `AlarmEngine.idle` only.
    One thread feeds it; `log` and `status` may be read from any other.

    Parameters
    ----------
    device : str
        Name of the device, or of the link.
    alarms : AlarmSettings
        Settings of the alarm engine.
    """

    def __init__(self, device: str, alarms: AlarmSettings) -> None:
        self.device = device
        self.log = EventLog(LOGGED)
        self.status: SourceStatus | None = None
        self.alarms = AlarmEngine(alarms, device, TICKS_HZ)

    def report(self, status: SourceStatus) -> list[Event]:
        """Take news of the link and return it with the alarms it raised or cleared."""
        status = replace(status, sample=0, time_s=0.0, known_at=0)
        self.status = status
        return self._logged([status, *self.alarms.process([status], 0)])

    def act(self, action: Callable[[AlarmEngine], Sequence[Alarm]]) -> list[Event]:
        """Let something happen to the alarms; return the transitions."""
        return self._logged(list(action(self.alarms)))

    def _logged(self, events: list[Event]) -> list[Event]:
        self.log.extend(events)
        return events
