"""Events in words: one line for each that is worth one."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, NamedTuple

from ecgmon.monitor.core.ecg_codes import BEAT_NAMES
from ecgmon.monitor.core.events import (
    Alarm,
    Beat,
    BeatRevision,
    Episode,
    Event,
    Gap,
    HeartRate,
    Quality,
    RhythmChange,
    SettingsChange,
    SourceStatus,
)

Tone = Literal["plain", "strong", "high", "medium", "low"]


class Line(NamedTuple):
    """What is said of an event, and how loudly."""

    text: str
    tone: Tone = "plain"


def clock(seconds: float) -> str:
    """Return a time since the stream's beginning as ``h:mm:ss.s``."""
    tenths = round(seconds * 10)
    return f"{timedelta(seconds=tenths // 10)}.{tenths % 10}"


class EventWords:
    """Puts events into words; remembers what a reader already knows.

    Parameters
    ----------
    quiet : bool
        Speak of alarms, gaps and sources only.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bpm: dict[str, float | None] = {}
        self._quality: dict[str, tuple[str, ...]] = {}
        self._alarms: set[tuple[str, str]] = set()

    def line(self, event: Event) -> Line | None:
        """Return what to say of an event, or None if it is not worth a line."""
        match event:
            case Alarm():
                return self._alarm(event)
            case SourceStatus():
                return Line(f"source {event.state}{': ' if event.detail else ''}{event.detail}")
            case SettingsChange():
                return Line(f"settings {event.detail}")
            case Gap():
                reason = event.reason.replace("_", " ")
                return Line(f"gap    {event.length_samples} samples missing ({reason})")
            case HeartRate():
                self._bpm[event.device] = event.bpm
            case Beat() if not self._quiet:
                return self._beat(event)
            case BeatRevision() if not self._quiet:
                word = BEAT_NAMES.get(event.symbol, event.symbol).lower()
                return Line(f"beat   at {clock(event.time_s)} was {event.was}, is {event.symbol}  {word}")
            case RhythmChange() if not self._quiet:
                beneath = f"  in {event.beneath}" if event.beneath else ""
                return Line(f"rhythm {event.rhythm}{beneath}", "strong")
            case Episode() if not self._quiet:
                size = f" of {event.beats} beats at {event.bpm:.0f}/min" if event.beats > 2 else ""
                return Line(f"rhythm {event.kind.replace('_', ' ')}{size}")
            case Quality() if not self._quiet:
                return self._signal(event)
        return None

    def _alarm(self, alarm: Alarm) -> Line | None:
        """Tell of what is announced and of its end, not of repeats that are held back."""
        key = (alarm.device, alarm.kind)
        kind = alarm.kind.replace("_", " ")
        if alarm.state == "active":
            self._alarms.add(key)
            return Line(f"ALARM  {alarm.message} [{kind}, {alarm.priority}]", alarm.priority)
        if key not in self._alarms:
            return None
        if alarm.state == "inactive":
            self._alarms.discard(key)
            return Line(f"alarm over: {kind}", "strong")
        return Line(f"alarm {alarm.state}: {kind}", "strong")

    def _beat(self, beat: Beat) -> Line:
        bpm = self._bpm.get(beat.device)
        rate = f"{bpm:4.0f}/min" if bpm is not None else "   -/min"
        interval = f"RR {beat.rr_s:.2f} s" if beat.rr_s is not None else "RR  -  "
        sure = beat.probabilities.get(beat.symbol)
        certainty = f"{100 * sure:3.0f} %" if sure is not None else "     "
        words = BEAT_NAMES.get(beat.symbol, "").lower()
        return Line(f"beat   {beat.symbol}  {rate}  {interval}  {certainty}  {words}".rstrip())

    def _signal(self, quality: Quality) -> Line | None:
        """Tell of a change of the signal's quality only."""
        before = self._quality.get(quality.device, ())
        self._quality[quality.device] = quality.reasons
        if quality.reasons == before:
            return None
        reasons = ", ".join(quality.reasons).replace("_", " ")
        return Line(f"signal {reasons or 'good again'}")
