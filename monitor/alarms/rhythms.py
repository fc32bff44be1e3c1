"""Conditions that the rhythm analysis finds: fibrillation of the ventricles or the atria."""

from __future__ import annotations

from collections.abc import Collection

from ecgmon.monitor.alarms.condition import Change, Condition, Memory
from ecgmon.monitor.alarms.kind import AlarmKind
from ecgmon.monitor.alarms.rules import RhythmRule
from ecgmon.monitor.core.events import Event, RhythmChange
from ecgmon.monitor.rhythm.unreadable import UNKNOWN

AF = frozenset({"AFIB"})
"""WFDB rhythm of atrial fibrillation."""

VENTRICULAR = frozenset({"VFL", "VF", "VFIB"})
"""WFDB rhythms of ventricular flutter and fibrillation."""


class RhythmPresent(Condition[Memory]):
    """One of some rhythms holds.

    It ends with the next rhythm of another kind. A passing one beneath which it goes on,
    such as a run, ends nothing; neither do a gap and a signal that cannot be read.

    Parameters
    ----------
    rule : RhythmRule
        How sure the rhythm must be.
    rhythms : collection of str
        WFDB rhythm strings without the bracket.
    label : str
        What the message calls it.
    """

    listens = frozenset({RhythmChange})

    def __init__(self, rule: RhythmRule, rhythms: Collection[str], label: str) -> None:
        super().__init__(Memory())
        self.rule = rule
        self._rhythms = rhythms
        self._label = label

    def observe(self, event: Event) -> Change | None:
        """See `Condition.observe`."""
        if not isinstance(event, RhythmChange) or event.rhythm == UNKNOWN:
            return None
        found = event.rhythm in self._rhythms or event.beneath in self._rhythms
        if found and not self.memory.present and event.confidence >= self.rule.min_confidence:
            return self.begin(event.sample, self._label)
        if self.memory.present and not found:
            return self.end(event.sample, f"{self._label} over")
        return None


VENTRICULAR_FIBRILLATION = AlarmKind(
    "Ventricular flutter or fibrillation",
    RhythmRule(priority="high", latching=True),
    lambda rule, context: RhythmPresent(rule, VENTRICULAR, context.label),
)
ATRIAL_FIBRILLATION = AlarmKind(
    "Atrial fibrillation",
    RhythmRule(),
    lambda rule, context: RhythmPresent(rule, AF, context.label),
)
