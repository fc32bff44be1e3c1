"""Conditions of the equipment: signal lost, electrode off, poor signal, empty battery."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.alarms.condition import Change, Condition, Memory, signal_away
from monitor.alarms.settings import GapRule
from monitor.events import Event, Gap, Quality, SourceStatus


@dataclass(slots=True)
class SignalMemory(Memory):
    """Whether the source itself says that nothing arrives."""

    away: bool = False


class SignalLost(Condition[SignalMemory]):
    """The source is silent or reconnecting, samples are missing, or a long gap happened.

    It ends with the first second of signal after that.

    Parameters
    ----------
    rule : GapRule
        The shortest gap that counts.
    fs_hz : float
        Rate of the source.
    """

    def __init__(self, rule: GapRule, fs_hz: float) -> None:
        super().__init__(SignalMemory())
        self.rule = rule
        self._fs_hz = fs_hz

    def observe(self, event: Event) -> Change | None:
        """See `Condition.observe`."""
        if isinstance(event, SourceStatus):
            self.memory.away = signal_away(event)
            if self.memory.away and not self.memory.present:
                return self.begin(event.sample, f"Signal lost: {event.detail or event.state}")
        elif isinstance(event, Gap):
            length_s = event.length_samples / self._fs_hz
            if length_s >= self.rule.gap_s and not self.memory.present:
                return self.begin(event.sample, f"Signal lost for {length_s:.1f} s")
        elif isinstance(event, Quality):
            return self._quality(event)
        return None

    def _quality(self, event: Quality) -> Change | None:
        missing = "missing" in event.reasons
        if missing and not self.memory.present:
            return self.begin(event.sample, "Signal lost: samples are missing")
        if self.memory.present and not missing and not self.memory.away:
            return self.end(event.sample, "Signal is back")
        return None


class LeadOff(Condition[Memory]):
    """An electrode is off, as the device or the signal says."""

    def __init__(self) -> None:
        super().__init__(Memory())

    def observe(self, event: Event) -> Change | None:
        """See `Condition.observe`."""
        if not isinstance(event, Quality):
            return None
        off = "lead_off" in event.reasons
        if off and not self.memory.present:
            return self.begin(event.sample, "Electrode off: check the leads")
        if self.memory.present and not off:
            return self.end(event.sample, "Electrode is on again")
        return None
