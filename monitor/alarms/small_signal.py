"""The signal is too small for beats: the gain is wrong, or the electrodes are far from the heart."""

from __future__ import annotations

from ecgmon.monitor.alarms.condition import Change, Condition, Memory
from ecgmon.monitor.alarms.kind import AlarmKind
from ecgmon.monitor.alarms.rules import TechnicalRule
from ecgmon.monitor.core.events import Event, Quality, SmallWaves


class SmallSignal(Condition[Memory]):
    """Waves like beats, but below the floor; it ends with the first second without them."""

    listens = frozenset({Quality, SmallWaves})

    def __init__(self) -> None:
        super().__init__(Memory())

    def observe(self, event: Event) -> Change | None:
        """See `Condition.observe`."""
        if isinstance(event, SmallWaves) and not self.memory.present:
            return self.begin(
                event.sample,
                f"Signal too small: waves of {event.height_mv:.2f} mV, below the floor of "
                f"{event.floor_mv:g} mV (pipeline.detector.least_qrs_mv): is the gain right?",
            )
        if isinstance(event, Quality) and self.memory.present and "small" not in event.reasons:
            return self.end(event.sample, "Signal is no longer too small")
        return None


SMALL_SIGNAL = AlarmKind(
    "Small signal", TechnicalRule(priority="medium", delay_s=2.0), lambda *_: SmallSignal()
)
