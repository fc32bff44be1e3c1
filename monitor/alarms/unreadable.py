"""The alarm of a device that sends what cannot be understood."""

from __future__ import annotations

from ecgmon.monitor.alarms.condition import Change, Condition, Memory
from ecgmon.monitor.alarms.kind import AlarmKind
from ecgmon.monitor.alarms.rules import TechnicalRule
from ecgmon.monitor.core.events import Event, SourceStatus


class DataUnreadable(Condition[Memory]):
    """The source says that data arrive and nothing comes of them; it ends with the source's next news."""

    listens = frozenset({SourceStatus})

    def __init__(self) -> None:
        super().__init__(Memory())

    def observe(self, event: Event) -> Change | None:
        """See `Condition.observe`."""
        if not isinstance(event, SourceStatus):
            return None
        unreadable = event.state == "unreadable"
        if unreadable and not self.memory.present:
            return self.begin(
                event.sample, f"Data unreadable: {event.detail or 'nothing comes of what arrives'}"
            )
        if self.memory.present and not unreadable:
            return self.end(event.sample, "Data are no longer unreadable")
        return None


DATA_UNREADABLE = AlarmKind("Data unreadable", TechnicalRule(priority="medium"), lambda *_: DataUnreadable())
