"""What stands at which time: a heart rate that is known, technical alarms that are raised."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ecgmon.monitor.core.events import Alarm, Event, HeartRate

Span = tuple[float, float]
"""Begin and end in seconds."""

RAISED = ("active", "silenced", "acknowledged")
"""States of an alarm whose condition holds."""


def technical_spans(events: Iterable[Event], fs_hz: float, end_s: float) -> list[Span]:
    """Return from when to when a technical alarm, whichever, stood; none overlap."""
    spans: list[Span] = []
    standing: set[str] = set()
    begin_s = 0.0
    for event in events:
        if not isinstance(event, Alarm) or not event.technical or event.escalation:
            continue
        before = bool(standing)
        (standing.add if event.state in RAISED else standing.discard)(event.kind)
        now_s = event.known_at / fs_hz
        if standing and not before:
            begin_s = now_s
        elif before and not standing:
            spans.append((begin_s, now_s))
    return [*spans, (begin_s, end_s)] if standing else spans


def heart_rate_known_s(events: Iterable[Event], fs_hz: float, begin_s: float, end_s: float) -> float:
    """Return for how many seconds, between two times, a heart rate was known."""
    known_s, since_s, known = 0.0, begin_s, False
    for event in events:
        if isinstance(event, HeartRate):
            now_s = max(begin_s, event.known_at / fs_hz)
            known_s += now_s - since_s if known else 0.0
            since_s, known = now_s, event.bpm is not None
    return known_s + (max(0.0, end_s - since_s) if known else 0.0)


def length_s(spans: Sequence[Span]) -> float:
    """Return how long stretches last together."""
    return sum(end_s - begin_s for begin_s, end_s in spans)


def touches(spans: Sequence[Span], begin_s: float, end_s: float) -> bool:
    """Tell whether one of the stretches lies, in part, between two times."""
    return any(begin <= end_s and end >= begin_s for begin, end in spans)
