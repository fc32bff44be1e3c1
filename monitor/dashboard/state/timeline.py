"""What happened, as rows of a list that can be filtered."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

from ecgmon.monitor.core.ecg_codes import BEAT_NAMES, RHYTHM_NAMES
from ecgmon.monitor.core.events import (
    Alarm,
    Beat,
    BeatRevision,
    Episode,
    Event,
    Gap,
    Quality,
    RhythmChange,
    SettingsChange,
    SourceStatus,
)
from ecgmon.monitor.dashboard.state.alarm_board import title

RowKind = Literal["beat", "rhythm", "alarm", "gap", "signal", "link"]
KINDS: tuple[RowKind, ...] = ("beat", "rhythm", "alarm", "gap", "signal", "link")
KEPT_ROWS = 20_000
BAD_QUALITY = 0.5


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One line of the event list.

    Parameters
    ----------
    number : int
        Running number, never used twice.
    time_s : float
        When, in seconds since the stream's sample 0.
    kind : str
        Group, for the filter.
    mark : str
        Beat symbol or alarm priority; chooses the colour.
    text : str
        What happened.
    detail : str
        More of it.
    """

    number: int
    time_s: float
    kind: RowKind
    mark: str
    text: str
    detail: str = ""

    def matches(self, kinds: frozenset[str] | None, text: str) -> bool:
        """Return whether a row is of one of some kinds and contains a text."""
        if kinds is not None and self.kind not in kinds:
            return False
        return not text or text.casefold() in f"{self.mark} {self.text} {self.detail}".casefold()


class Timeline:
    """Notable events: every beat that is not normal, rhythms, alarms, gaps, bad signal, the link."""

    def __init__(self, capacity: int = KEPT_ROWS) -> None:
        self._rows: deque[TimelineRow] = deque(maxlen=capacity)
        self._next = 0
        self._bad = False

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def next(self) -> int:
        """Number of the row to come; changes whenever the list does."""
        return self._next

    def observe(self, event: Event) -> None:
        """Take an event; most make no row."""
        made = self._describe(event)
        if made is not None:
            kind, mark, text, detail = made
            self._rows.append(TimelineRow(self._next, event.time_s, kind, mark, text, detail))
            self._next += 1

    def rows(self, kinds: frozenset[str] | None = None, text: str = "") -> list[TimelineRow]:
        """Return the rows of some kinds that contain a text, newest first."""
        return [row for row in reversed(self._rows) if row.matches(kinds, text)]

    def since(self, number: int) -> list[TimelineRow]:
        """Return the rows from a running number on, oldest first."""
        fresh = list(takewhile(lambda row: row.number >= number, reversed(self._rows)))
        return fresh[::-1]

    def forget_from(self, time_s: float) -> None:
        """Drop what happened at a time and later, after a replay was wound back."""
        kept = [row for row in self._rows if row.time_s < time_s]
        self._rows.clear()
        self._rows.extend(kept)
        self._next += 1

    def _describe(self, event: Event) -> tuple[RowKind, str, str, str] | None:
        if isinstance(event, Beat):
            if event.aami == "N":
                return None
            sure = event.probabilities.get(event.symbol)
            name = BEAT_NAMES.get(event.symbol, event.symbol)
            return "beat", event.symbol, name, f"{sure:.0%}" if sure is not None else ""
        if isinstance(event, BeatRevision):
            name = BEAT_NAMES.get(event.symbol, event.symbol)
            return "beat", event.symbol, name, f"was {event.was}; revised by the next interval"
        if isinstance(event, RhythmChange):
            name = RHYTHM_NAMES.get(event.rhythm, event.rhythm)
            beneath = f" in {RHYTHM_NAMES.get(event.beneath, event.beneath).lower()}" if event.beneath else ""
            return "rhythm", event.rhythm, name + beneath, f"{event.confidence:.0%}"
        if isinstance(event, Episode):
            return "rhythm", "", title(event.kind), f"{event.beats} beats, {event.bpm:.0f}/min"
        if isinstance(event, Alarm):
            if event.priority == "low" and event.state != "active":
                return None
            return "alarm", event.priority, f"{title(event.kind)} {event.state}", event.message
        if isinstance(event, Gap):
            return "gap", "", "Gap", f"{event.length_samples} samples {event.reason.replace('_', ' ')}"
        if isinstance(event, Quality):
            return self._quality(event)
        if isinstance(event, SettingsChange):
            return "link", "", "Settings changed", event.detail
        if isinstance(event, SourceStatus):
            return "link", "", f"Link {event.state}", event.detail
        return None

    def _quality(self, event: Quality) -> tuple[RowKind, str, str, str] | None:
        bad = event.index < BAD_QUALITY
        if bad == self._bad:
            return None
        self._bad = bad
        reasons = ", ".join(event.reasons).replace("_", " ")
        return "signal", "", "Signal poor" if bad else "Signal good again", reasons


def clock(time_s: float) -> str:
    """Return seconds as ``m:ss.s`` or ``h:mm:ss``."""
    minutes, seconds = divmod(max(0.0, time_s), 60)
    if minutes >= 60:
        return f"{int(minutes // 60)}:{int(minutes % 60):02d}:{int(seconds):02d}"
    return f"{int(minutes)}:{int(seconds * 10) / 10:04.1f}"
