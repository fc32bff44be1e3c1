"""Conditions of the equipment: signal lost, electrode off, poor signal, empty battery."""

from __future__ import annotations

from dataclasses import dataclass

from ecgmon.monitor.alarms.condition import Change, Condition, Memory, signal_away
from ecgmon.monitor.alarms.kind import AlarmKind
from ecgmon.monitor.alarms.rules import BatteryRule, GapRule, QualityRule, TechnicalRule
from ecgmon.monitor.core.events import Event, Gap, Quality, SourceStatus


@dataclass(slots=True)
class SignalMemory(Memory):
    """Whether the source says that nothing arrives or some is left out, and whether signal was ever seen."""

    away: bool = False
    left_out: bool = False
    seen: bool = False


class SignalLost(Condition[SignalMemory]):
    """The source is silent or reconnecting, samples are missing or left out, or a long gap happened.

    It ends with the first second of signal after that; on a link that never had any, with news
    that it is there.

    Parameters
    ----------
    rule : GapRule
        The shortest gap that counts.
    fs_hz : float
        Rate of the source.
    """

    listens = frozenset({SourceStatus, Gap, Quality})

    def __init__(self, rule: GapRule, fs_hz: float) -> None:
        super().__init__(SignalMemory())
        self.rule = rule
        self._fs_hz = fs_hz

    def observe(self, event: Event) -> Change | None:
        """See `Condition.observe`."""
        if isinstance(event, SourceStatus):
            return self._status(event)
        if isinstance(event, Gap):
            return self._gap(event)
        return self._quality(event) if isinstance(event, Quality) else None

    def _status(self, event: SourceStatus) -> Change | None:
        memory = self.memory
        memory.away = signal_away(event)
        left_out_s = event.health.get("left_out_s")
        if left_out_s is not None:
            memory.left_out = left_out_s >= self.rule.gap_s
        if (memory.away or memory.left_out) and not memory.present:
            return self.begin(event.sample, f"Signal lost: {event.detail or event.state}")
        if memory.present and not (memory.away or memory.left_out or memory.seen):
            return self.end(event.sample, f"The link is there: {event.detail or event.state}")
        return None

    def _gap(self, event: Gap) -> Change | None:
        length_s = event.length_samples / self._fs_hz
        if length_s < self.rule.gap_s or self.memory.present:
            return None
        return self.begin(event.sample, f"Signal lost for {length_s:.1f} s")

    def _quality(self, event: Quality) -> Change | None:
        self.memory.seen = True
        missing = "missing" in event.reasons
        if missing and not self.memory.present:
            return self.begin(event.sample, "Signal lost: samples are missing")
        if self.memory.present and not (missing or self.memory.away or self.memory.left_out):
            return self.end(event.sample, "Signal is back")
        return None


class LeadOff(Condition[Memory]):
    """An electrode is off, as the device or the signal says."""

    listens = frozenset({Quality})

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


class PoorSignal(Condition[Memory]):
    """The quality index is low; a flat trace or a missing one has alarms of its own.

    Parameters
    ----------
    rule : QualityRule
        The limit.
    """

    listens = frozenset({Quality})

    OTHERS = frozenset({"flat", "lead_off", "missing"})

    def __init__(self, rule: QualityRule) -> None:
        super().__init__(Memory())
        self.rule = rule

    def observe(self, event: Event) -> Change | None:
        """See `Condition.observe`."""
        if not isinstance(event, Quality):
            return None
        poor = event.index < self.rule.min_quality and not self.OTHERS.intersection(event.reasons)
        if poor and not self.memory.present:
            why = ", ".join(event.reasons).replace("_", " ") or "noise"
            return self.begin(event.sample, f"Poor signal: {why}")
        if self.memory.present and not poor:
            return self.end(event.sample, "Signal is readable again")
        return None


class BatteryLow(Condition[Memory]):
    """The device reports ``battery_low``, or ``battery_percent`` below the limit.

    Parameters
    ----------
    rule : BatteryRule
        The limit.
    """

    listens = frozenset({SourceStatus})

    RECOVERED_PERCENT = 5.0

    def __init__(self, rule: BatteryRule) -> None:
        super().__init__(Memory())
        self.rule = rule

    def observe(self, event: Event) -> Change | None:
        """See `Condition.observe`."""
        if not isinstance(event, SourceStatus):
            return None
        low, charge = event.health.get("battery_low"), event.health.get("battery_percent")
        if low is None and charge is None:
            return None
        at = "" if charge is None else f" at {charge:.0f} %"
        limit = self.rule.limit_percent + (self.RECOVERED_PERCENT if self.memory.present else 0.0)
        short = bool(low) or (charge is not None and charge < limit)
        if short and not self.memory.present:
            return self.begin(event.sample, f"Device battery{at or ' is low'}")
        if self.memory.present and not short:
            return self.end(event.sample, f"Device battery{at or ' is charged'}")
        return None


@dataclass(slots=True)
class OverloadMemory(Memory):
    """Blocks that the source had dropped by its last report."""

    dropped: float = 0.0


class Overload(Condition[OverloadMemory]):
    """The source drops blocks because the monitor does not keep up."""

    listens = frozenset({SourceStatus})

    def __init__(self) -> None:
        super().__init__(OverloadMemory())

    def observe(self, event: Event) -> Change | None:
        """See `Condition.observe`."""
        if not isinstance(event, SourceStatus) or "dropped_blocks" not in event.health:
            return None
        dropped = event.health["dropped_blocks"]
        more = dropped > self.memory.dropped
        self.memory.dropped = dropped
        if more and not self.memory.present:
            return self.begin(event.sample, "Overload: blocks of signal were dropped")
        if self.memory.present and not more:
            return self.end(event.sample, "The monitor keeps up again")
        return None


class Reported(Condition[Memory]):
    """Something that the program reports by `AlarmEngine.report`; no event shows it."""

    listens = frozenset()

    def __init__(self) -> None:
        super().__init__(Memory())

    def observe(self, event: Event) -> Change | None:  # noqa: ARG002 - the shape of a condition
        """See `Condition.observe`."""
        return None


SIGNAL_LOST = AlarmKind(
    "Signal lost",
    GapRule(priority="medium"),
    lambda rule, context: SignalLost(rule, context.fs_hz),
)
LEAD_OFF = AlarmKind("Electrode off", TechnicalRule(priority="medium", delay_s=1.0), lambda *_: LeadOff())
POOR_SIGNAL = AlarmKind(
    "Poor signal", QualityRule(priority="low", delay_s=10.0), lambda rule, _: PoorSignal(rule)
)
PIPELINE_OVERLOAD = AlarmKind("Overload", TechnicalRule(priority="medium"), lambda *_: Overload())
STORAGE_FULL = AlarmKind("Storage full", TechnicalRule(priority="medium"), lambda *_: Reported())
OUTPUT_FAILED = AlarmKind("Output failed", TechnicalRule(priority="low", delay_s=10.0), lambda *_: Reported())
DEVICE_BATTERY = AlarmKind("Device battery", BatteryRule(priority="low"), lambda rule, _: BatteryLow(rule))
