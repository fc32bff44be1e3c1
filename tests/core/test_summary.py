"""The summary of a run needs no more memory however long it lasts."""

from __future__ import annotations

import ecgmon.monitor.run.summary
from ecgmon.monitor.core.events import Beat
from ecgmon.monitor.run.summary import Summary


def beat(known_at: int) -> Beat:
    parts = {"symbol": "N", "aami": "N", "probabilities": {}, "rr_s": 1.0, "quality": 1.0}
    return Beat(sample=0, time_s=0.0, known_at=known_at, r_known_at=0, **parts)


def test_latencies_are_those_of_the_newest_beats(monkeypatch):
    monkeypatch.setattr(ecgmon.monitor.run.summary, "LATEST_BEATS", 100)
    summary = Summary()
    summary.add([beat(1000) for _ in range(150)], 1000.0)
    summary.add([beat(200) for _ in range(100)], 1000.0)
    assert summary.beats["N"] == 250
    assert summary.latency_s("class", 100) == summary.latency_s("class", 0)
    assert round(summary.latency_s("class", 50), 3) == 0.2
    assert len(summary._class_latency_s) == 100
