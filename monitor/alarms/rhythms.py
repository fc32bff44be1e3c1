"""Conditions that the rhythm analysis finds: fibrillation of the ventricles or the atria."""

from __future__ import annotations

from collections.abc import Collection

from monitor.alarms.condition import Change, Condition, Memory
from monitor.alarms.rules import RhythmRule
from monitor.events import Event, RhythmChange


class RhythmPresent(Condition[Memory]):
    """One of some rhythms holds.

    It ends with the next rhythm of another kind; a gap ends nothing.

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
        if not isinstance(event, RhythmChange):
            return None
        found = event.rhythm in self._rhythms
        if found and not self.memory.present and event.confidence >= self.rule.min_confidence:
            return self.begin(event.sample, self._label)
        if self.memory.present and not found:
            return self.end(event.sample, f"{self._label} over")
        return None
