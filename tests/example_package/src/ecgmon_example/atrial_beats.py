"""An alarm: more atrial premature beats in a minute than allowed."""

from __future__ import annotations

from dataclasses import dataclass, field

from ecgmon.monitor.alarms.condition import Change, Condition, Memory
from ecgmon.monitor.alarms.kind import AlarmKind
from ecgmon.monitor.alarms.rules import CountRule
from ecgmon.monitor.core.events import Beat, Event


@dataclass(slots=True)
class AtrialMemory(Memory):
    """Source indices of the last minute's atrial premature beats."""

    samples: list[int] = field(default_factory=list)


class AtrialCount(Condition[AtrialMemory]):
    """Counts over a minute; it ends when the count is back at the limit."""

    listens = frozenset({Beat})

    def __init__(self, rule: CountRule, fs_hz: float) -> None:
        super().__init__(AtrialMemory())
        self._limit = rule.limit_per_min
        self._window = round(60 * fs_hz)

    def observe(self, event: Event) -> Change | None:
        """See `Condition.observe`."""
        if not isinstance(event, Beat):
            return None
        samples = self.memory.samples
        if event.aami == "S":
            samples.append(event.sample)
        self.memory.samples = [at for at in samples if at > event.sample - self._window]
        many = len(self.memory.samples) > self._limit
        if many and not self.memory.present:
            return self.begin(event.sample, f"Atrial beats: more than {self._limit} in a minute")
        if self.memory.present and not many:
            return self.end(event.sample, "Atrial beats: few again")
        return None


ALARM = AlarmKind(
    "Atrial beats",
    CountRule(priority="low", limit_per_min=3),
    lambda rule, context: AtrialCount(rule, context.fs_hz),
)
