"""A small language to write event scripts for the alarm engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ecgmon.monitor.alarms import AlarmEngine
from ecgmon.monitor.core.events import (
    Alarm,
    Beat,
    BeatRevision,
    Event,
    Gap,
    HeartRate,
    Quality,
    RhythmChange,
    SmallWaves,
    SourceStatus,
)

FS = 360.0
LATENCY_S = 0.6


class Script:
    """Builds the events that a pipeline would give, times in seconds."""

    def __init__(self, fs_hz: float = FS) -> None:
        self.fs_hz = fs_hz
        self.events: list[Event] = []
        self._last_r: float | None = None

    def at(self, time_s: float) -> int:
        return round(time_s * self.fs_hz)

    def beat(self, time_s: float, aami: str = "N", quality: float = 1.0, ventricular: float = 0.0) -> Script:
        rr_s = None if self._last_r is None else time_s - self._last_r
        self._last_r = time_s
        symbol = {"S": "A"}.get(aami, aami)
        self.events.append(
            Beat(
                sample=self.at(time_s),
                time_s=time_s,
                known_at=self.at(time_s + LATENCY_S),
                symbol=symbol,
                aami=aami,
                probabilities={"V": ventricular},
                r_known_at=self.at(time_s + 0.2),
                rr_s=rr_s,
                quality=quality,
            )
        )
        return self

    def revision(self, time_s: float, known_s: float, aami: str) -> Script:
        self.events.append(
            BeatRevision(
                sample=self.at(time_s),
                time_s=time_s,
                known_at=self.at(known_s),
                was="?",
                symbol=aami,
                aami=aami,
                probabilities={},
            )
        )
        return self

    def beats(self, start_s: float, bpm: float, count: int, aami: str = "N") -> Script:
        for index in range(count):
            self.beat(start_s + index * 60 / bpm, aami)
        return self

    def good(self, start_s: float, end_s: float) -> Script:
        return self.quality(start_s, end_s, 1.0)

    def quality(self, start_s: float, end_s: float, index: float, *reasons: str) -> Script:
        for second in range(int(start_s), int(end_s)):
            event = Quality(
                sample=self.at(second),
                time_s=second,
                known_at=self.at(second + 1),
                index=index,
                reasons=reasons,
            )
            self.events.append(event)
        return self

    def small(self, second: float, height_mv: float, floor_mv: float = 0.165) -> Script:
        self.events.append(
            SmallWaves(
                sample=self.at(second),
                time_s=second,
                known_at=self.at(second + 1),
                height_mv=height_mv,
                floor_mv=floor_mv,
            )
        )
        return self

    def gap(self, start_s: float, length_s: float) -> Script:
        self._last_r = None
        end = self.at(start_s + length_s)
        self.events.append(
            Gap(
                sample=self.at(start_s),
                time_s=start_s,
                known_at=end,
                length_samples=self.at(length_s),
            )
        )
        return self

    def rhythm(
        self, time_s: float, rhythm: str, known_s: float, confidence: float = 1.0, beneath: str = ""
    ) -> Script:
        self.events.append(
            RhythmChange(
                sample=self.at(time_s),
                time_s=time_s,
                known_at=self.at(known_s),
                rhythm=rhythm,
                confidence=confidence,
                beneath=beneath,
            )
        )
        return self

    def rate(self, time_s: float, bpm: float | None) -> Script:
        at = self.at(time_s)
        self.events.append(HeartRate(sample=at, time_s=time_s, known_at=at, bpm=bpm))
        return self

    def source(self, time_s: float, state: str, **health: float) -> Script:
        at = self.at(time_s)
        self.events.append(
            SourceStatus(sample=at, time_s=time_s, known_at=at, state=state, health=health)  # type: ignore[arg-type]
        )
        return self

    def ordered(self) -> list[Event]:
        return sorted(self.events, key=lambda event: event.known_at)


def play(
    engine: AlarmEngine, script: Script, end_s: float, blocks: Sequence[int] | None = None
) -> list[Alarm]:
    """Feed a script, cut into blocks of the given sizes, and return all alarms."""
    events, end = script.ordered(), script.at(end_s)
    sizes = iter(blocks or [end])
    alarms: list[Alarm] = []
    now = 0
    while now < end:
        now = min(end, now + next(sizes, end))
        ready = [event for event in events if event.known_at < now]
        events = events[len(ready) :]
        alarms += engine.process(ready, now)
    return alarms


def states(alarms: Iterable[Alarm], kind: str) -> list[tuple[str, float]]:
    """Return (state, second it was known at) of each alarm of a kind."""
    return [(a.state, round(a.known_at / FS, 2)) for a in alarms if a.kind == kind]
