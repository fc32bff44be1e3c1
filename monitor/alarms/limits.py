"""Conditions on the heart rate that a person sets for a patient."""

from __future__ import annotations

from ecgmon.monitor.alarms.condition import Change, Condition, Memory
from ecgmon.monitor.alarms.kind import AlarmKind
from ecgmon.monitor.alarms.rules import RateLimitRule
from ecgmon.monitor.core.events import Event, HeartRate


class RateLimit(Condition[Memory]):
    """The heart rate beyond a limit; an unknown rate changes nothing.

    Parameters
    ----------
    rule : RateLimitRule
        The limit and how far back the rate must come.
    lower : bool
        True for a lower limit, False for an upper one.
    """

    listens = frozenset({HeartRate})

    def __init__(self, rule: RateLimitRule, *, lower: bool) -> None:
        super().__init__(Memory())
        self.rule = rule
        self._lower = lower

    def observe(self, event: Event) -> Change | None:
        """See `Condition.observe`."""
        if not isinstance(event, HeartRate) or event.bpm is None:
            return None
        limit = self.rule.limit_bpm
        beyond = limit - event.bpm if self._lower else event.bpm - limit
        word = "below" if self._lower else "above"
        if not self.memory.present and beyond > 0:
            return self.begin(event.sample, f"Heart rate {event.bpm:.0f}/min, {word} {limit:g}")
        if self.memory.present and beyond <= -self.rule.hysteresis_bpm:
            return self.end(event.sample, f"Heart rate {event.bpm:.0f}/min, within the limit")
        return None


HEART_RATE_HIGH = AlarmKind(
    "Heart rate high",
    RateLimitRule(limit_bpm=120, delay_s=10),
    lambda rule, _: RateLimit(rule, lower=False),
)
HEART_RATE_LOW = AlarmKind(
    "Heart rate low",
    RateLimitRule(limit_bpm=50, delay_s=10),
    lambda rule, _: RateLimit(rule, lower=True),
)
