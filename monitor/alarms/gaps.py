"""The condition of a link that loses too much: told apart from a signal that is gone altogether."""

from __future__ import annotations

from dataclasses import dataclass, field

from ecgmon.monitor.alarms.condition import Change, Condition, Memory, breaks_off
from ecgmon.monitor.alarms.kind import AlarmKind
from ecgmon.monitor.alarms.rules import LossRule
from ecgmon.monitor.core.events import Event, Gap, Quality, SourceStatus

BETTER = 0.5
"""The share must fall below this part of the limit to end the alarm."""


@dataclass(slots=True)
class GapsMemory(Memory):
    """The gaps of late, by their first sample and the one behind them."""

    gaps: list[tuple[int, int]] = field(default_factory=list)


class SignalGaps(Condition[GapsMemory]):
    """Too large a share of the last seconds is missing, in gaps that are short by themselves.

    A long gap is `SignalLost`. Behind it the share counts anew.

    Parameters
    ----------
    rule : LossRule
        The limit.
    fs_hz : float
        Rate of the source.
    """

    listens = frozenset({Gap, Quality, SourceStatus})

    def __init__(self, rule: LossRule, fs_hz: float) -> None:
        super().__init__(GapsMemory())
        self.rule = rule
        self._fs_hz = fs_hz
        self._window = round(rule.window_s * fs_hz)

    def observe(self, event: Event) -> Change | None:
        """See `Condition.observe`."""
        memory = self.memory
        if breaks_off(event, self._fs_hz):
            memory.gaps.clear()
        elif isinstance(event, Gap):
            memory.gaps.append((event.sample, event.sample + event.length_samples))
        first = event.known_at - self._window
        memory.gaps = [gap for gap in memory.gaps if gap[1] > first]
        share = sum(end - max(start, first) for start, end in memory.gaps) / self._window
        if share >= self.rule.max_missing and not memory.present:
            return self.begin(event.sample, f"Too many gaps: {share:.0%} of the signal is missing")
        if memory.present and share < BETTER * self.rule.max_missing:
            return self.end(event.sample, "Gaps are fewer again")
        return None


SIGNAL_GAPS = AlarmKind(
    "Signal gaps", LossRule(priority="medium"), lambda rule, context: SignalGaps(rule, context.fs_hz)
)
