"""Which clock of a device is followed, and why, in plain words."""

from __future__ import annotations

import math

from ecgmon.monitor.ingest.clock_counter import FrameCounter
from ecgmon.monitor.ingest.clock_message import MessageClock

_COUNTS = {"samples": "counter of samples", "ends": "counter of samples", "steps": "counter in steps"}


def followed(clock: MessageClock, counter: FrameCounter) -> str:
    """Return what the time of samples is taken from, and why not from more."""
    by = [words for words in (clock.words, _counter(counter)) if words]
    why = [words for words in (_clock_trouble(clock), _counter_trouble(counter)) if words]
    if not by and not why:
        why = (
            ["no clock and no counter"]
            if not clock.seen and not counter.seen
            else ["the clock is not known yet"]
        )
    return f"{' and '.join(by) or 'arrival'}{': ' if why else ''}{', '.join(why)}"


def _counter(counter: FrameCounter) -> str:
    return _COUNTS.get(counter.kind, "counter of messages") if counter.tells and counter.kind else ""


def _clock_trouble(clock: MessageClock) -> str:
    if clock.unreadable:
        return "the clock cannot be read"
    return clock.reason


def _counter_trouble(counter: FrameCounter) -> str:
    if counter.kind == "still":
        return "the counter stands still"
    return "the counter jumps about" if counter.kind == "erratic" else ""


def strange_rate(arrives_hz: float, named_hz: float) -> str:
    """Return what to say of samples that come at another rate than the one that is named."""
    named = f"the {named_hz:g} Hz it names"
    if math.isinf(arrives_hz):
        return "a backlog comes all at once"
    if arrives_hz > named_hz:
        return (
            f"samples come {arrives_hz / named_hz:.1f} times as fast as at {named}: a backlog or a wrong rate"
        )
    return f"samples come at {arrives_hz:.1f} Hz and not at {named}: some are lost or the rate is wrong"
