"""The figures beside the trace: value, unit, age, and honest about what is unknown."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from ecgmon.monitor.core.ecg_codes import RHYTHM_NAMES
from ecgmon.monitor.core.events import Beat, Event, Gap, HeartRate, Quality, RhythmChange, SourceStatus
from ecgmon.monitor.rhythm.unreadable import UNKNOWN as UNREADABLE

UNKNOWN = "\N{EN DASH}"

STALE_S = 8.0
"""A figure older than this is unknown: an old heart rate must not pass for the present one."""

VARIABILITY_S = 300.0
"""Window of SDNN and RMSSD: five minutes (Task Force 1996, doi:10.1161/01.CIR.93.5.1043)."""

LEAST_INTERVALS = 30


@dataclass(frozen=True, slots=True)
class Figure:
    """One number as it is shown.

    Parameters
    ----------
    value : str
        Text of the value; `UNKNOWN` where it is not known.
    unit : str
        Unit, may be empty.
    age_s : float or None
        Seconds since it was true; None where it never was known.
    note : str
        A few words of context.
    """

    value: str
    unit: str = ""
    age_s: float | None = None
    note: str = ""

    @property
    def known(self) -> bool:
        """True where there is a value."""
        return self.value != UNKNOWN


@dataclass(slots=True)
class Numbers:
    """Keeps what the figures need and gives them on demand.

    Time runs on the stream's own clock, so a replay at 20x shows the same figures as one
    at 1x.
    """

    now_s: float = 0.0
    heart_rate: HeartRate | None = None
    rhythm: RhythmChange | None = None
    quality: Quality | None = None
    status: SourceStatus | None = None
    ventricular_s: deque[float] = field(default_factory=deque)
    intervals: deque[tuple[float, float, bool]] = field(default_factory=deque)
    first_beat_s: float | None = None
    last_normal: bool = False
    silent_s: float | None = None
    """Seconds by the wall clock without samples of a live device; None while they come."""

    def observe(self, event: Event, fs_hz: float) -> None:
        """Take an event."""
        self.now_s = max(self.now_s, event.known_at / fs_hz)
        if isinstance(event, Beat):
            self._observe_beat(event)
        elif isinstance(event, HeartRate):
            self.heart_rate = event
        elif isinstance(event, RhythmChange):
            self.rhythm = event
        elif isinstance(event, Quality):
            self.quality = event
        elif isinstance(event, SourceStatus):
            self.status = event
        elif isinstance(event, Gap) and not event.bridged:
            self.last_normal = False

    def rewind(self, now_s: float) -> None:
        """Forget what a replay that was wound elsewhere no longer stands behind."""
        status = self.status
        self.__init__(now_s=now_s, status=status)  # type: ignore[misc]

    def _observe_beat(self, beat: Beat) -> None:
        if self.first_beat_s is None:
            self.first_beat_s = beat.time_s
        if beat.aami == "V":
            self.ventricular_s.append(beat.time_s)
        normal = beat.aami == "N"
        if beat.rr_s is not None and normal and self.last_normal:
            self.intervals.append((beat.time_s, beat.rr_s, True))
        elif self.intervals:
            self.intervals.append((beat.time_s, math.nan, False))
        self.last_normal = normal
        while self.ventricular_s and self.ventricular_s[0] < beat.time_s - 60:
            self.ventricular_s.popleft()
        while self.intervals and self.intervals[0][0] < beat.time_s - VARIABILITY_S:
            self.intervals.popleft()

    def revise(self, old: Beat, new: Beat) -> None:
        """Count a beat as what it was revised to."""
        if old.aami == "V" and new.aami != "V" and old.time_s in self.ventricular_s:
            self.ventricular_s.remove(old.time_s)
        elif new.aami == "V" and old.aami != "V":
            self.ventricular_s.append(new.time_s)

    def rate(self) -> Figure:
        """Heart rate in beats a minute."""
        if self.silent_s is not None:
            return self._stale("/min")
        event = self.heart_rate
        if event is None:
            return Figure(UNKNOWN, "/min", None, "waiting for beats")
        age = max(0.0, self.now_s - event.time_s)
        if event.bpm is None:
            return Figure(UNKNOWN, "/min", age, "not measurable")
        if age > STALE_S:
            return Figure(UNKNOWN, "/min", age, "no recent beats")
        return Figure(f"{event.bpm:.0f}", "/min", age)

    def rhythm_figure(self) -> Figure:
        """Name of the present rhythm, for how long, and what it interrupts."""
        if self.silent_s is not None:
            return self._stale()
        event = self.rhythm
        if event is None:
            return Figure(UNKNOWN, "", None, "waiting for beats")
        lasting = f"for {span_text(max(0.0, self.now_s - event.time_s))}"
        if event.rhythm == UNREADABLE:
            return Figure(UNKNOWN, "", None, f"signal not readable {lasting}")
        if self.quality is not None and self.now_s - self.quality.time_s - 1.0 > STALE_S:
            return Figure(UNKNOWN, "", None, "no signal")
        name = RHYTHM_NAMES.get(event.rhythm, event.rhythm)
        beneath = RHYTHM_NAMES.get(event.beneath, event.beneath).lower()
        return Figure(name, "", None, f"{lasting}, in {beneath}" if beneath else lasting)

    def ventricular_per_min(self) -> Figure:
        """Ventricular beats of the last minute."""
        if self.silent_s is not None:
            return self._stale("/min")
        if self.first_beat_s is None:
            return Figure(UNKNOWN, "/min")
        recent = sum(1 for time_s in self.ventricular_s if time_s > self.now_s - 60)
        span = self.now_s - self.first_beat_s
        note = "" if span >= 60 else f"in {max(span, 0):.0f} s"
        return Figure(str(recent), "/min" if span >= 60 else "", 0.0, note)

    def variability(self) -> tuple[Figure, Figure]:
        """SDNN and RMSSD of intervals between normal beats."""
        if self.silent_s is not None:
            return self._stale("ms"), self._stale("ms")
        rr_ms = np.array([rr * 1000 for _, rr, _ in self.intervals])
        kept = rr_ms[np.isfinite(rr_ms)]
        if kept.size < LEAST_INTERVALS:
            note = f"{kept.size} of {LEAST_INTERVALS} intervals"
            return Figure(UNKNOWN, "ms", None, note), Figure(UNKNOWN, "ms", None, note)
        age = self.now_s - self.intervals[-1][0]
        steps = np.diff(rr_ms)
        steps = steps[np.isfinite(steps)]
        rmssd = float(np.sqrt(np.mean(steps**2))) if steps.size else math.nan
        spread = Figure(f"{np.std(kept, ddof=1):.0f}", "ms", age, "5 min")
        change = Figure(f"{rmssd:.0f}" if steps.size else UNKNOWN, "ms", age, "5 min")
        return spread, change

    def signal(self) -> Figure:
        """Signal quality in per cent with its reasons."""
        if self.silent_s is not None:
            return self._stale("%")
        event = self.quality
        if event is None:
            return Figure(UNKNOWN, "%")
        age = max(0.0, self.now_s - event.time_s - 1.0)
        if age > STALE_S:
            return Figure(UNKNOWN, "%", age, "no signal")
        reasons = ", ".join(reason.replace("_", " ") for reason in event.reasons)
        return Figure(f"{event.index * 100:.0f}", "%", age, reasons or "clean")

    def _stale(self, unit: str = "") -> Figure:
        """Return the dash of a figure of a device that has gone silent."""
        return Figure(UNKNOWN, unit, self.silent_s, "no samples")

    def link(self) -> Figure:
        """State of the connection."""
        if self.silent_s is not None and (self.status is None or self.status.state == "streaming"):
            return Figure("silent", "", self.silent_s, "no samples")
        if self.status is None:
            return Figure("streaming" if self.now_s > 0 else UNKNOWN)
        rate = self.status.health.get("rate_hz")
        note = self.status.detail or (f"{rate:.0f} Hz" if rate else "")
        return Figure(self.status.state, "", None, note)

    def battery(self) -> Figure:
        """Charge of the device, where it tells."""
        if self.silent_s is not None:
            return self._stale("%")
        health = self.status.health if self.status is not None else {}
        charge = health.get("battery_percent")
        if charge is None and "battery_low" in health:
            return Figure("low" if health["battery_low"] else "good")
        return Figure(UNKNOWN, "%", None, "not reported") if charge is None else Figure(f"{charge:.0f}", "%")


def age_text(age_s: float | None) -> str:
    """Return an age in words short enough for a label; empty where it is fresh."""
    if age_s is None or age_s < 3:
        return ""
    return f"{span_text(age_s)} ago"


def span_text(seconds: float) -> str:
    """Return a length of time in words short enough for a label."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"
