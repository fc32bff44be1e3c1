"""Events made by hand, for tests of what the window keeps of them."""

from __future__ import annotations

from typing import Any

from ecgmon.monitor.core.events import (
    Alarm,
    Beat,
    BeatRevision,
    Episode,
    Gap,
    HeartRate,
    Quality,
    RhythmChange,
    SourceStatus,
)

FS = 360.0
AAMI = {"V": "V", "E": "V", "A": "S", "F": "F", "Q": "Q"}


def when(time_s: float) -> dict[str, Any]:
    at = round(time_s * FS)
    return {"sample": at, "time_s": time_s, "known_at": at}


def beat(time_s: float, symbol: str = "N", rr_s: float | None = 0.8, **more: Any) -> Beat:
    given = {"probabilities": {symbol: 0.9}, "quality": 1.0, "r_known_at": round(time_s * FS), **more}
    return Beat(**when(time_s), symbol=symbol, aami=AAMI.get(symbol, "N"), rr_s=rr_s, **given)


def revision(time_s: float, was: str, symbol: str) -> BeatRevision:
    aami = AAMI.get(symbol, "N")
    return BeatRevision(**when(time_s), was=was, symbol=symbol, aami=aami, probabilities={symbol: 0.8})


def rate(time_s: float, bpm: float | None) -> HeartRate:
    return HeartRate(**when(time_s), bpm=bpm)


def quality(time_s: float, index: float, *reasons: str) -> Quality:
    return Quality(**when(time_s), index=index, reasons=reasons)


def rhythm(time_s: float, name: str, beneath: str = "") -> RhythmChange:
    return RhythmChange(**when(time_s), rhythm=name, beneath=beneath, confidence=0.9)


def gap(time_s: float, samples: int = 360, reason: str = "lost") -> Gap:
    return Gap(**when(time_s), length_samples=samples, reason=reason)


def alarm(
    time_s: float, kind: str = "asystole", priority: str = "high", state: str = "active", **more: Any
) -> Alarm:
    return Alarm(**when(time_s), kind=kind, priority=priority, state=state, message=f"{kind}!", **more)  # type: ignore[arg-type]


def episode(time_s: float, kind: str = "ventricular_run") -> Episode:
    return Episode(**when(time_s), kind=kind, end_sample=round(time_s * FS) + 720, beats=4, bpm=151.6)


def link(time_s: float, state: str, detail: str = "", **health: float) -> SourceStatus:
    return SourceStatus(**when(time_s), state=state, detail=detail, health=health)  # type: ignore[arg-type]
