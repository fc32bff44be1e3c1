"""What a run amounted to: beats by class, mean heart rate, alarms, speed and latency."""

from __future__ import annotations

import time
from array import array
from collections import Counter
from collections.abc import Iterable

import numpy as np

from ecgmon.monitor.core.events import Alarm, Beat, BeatRevision, Event, Gap

LATEST_BEATS = 100_000
"""Latencies are those of so many beats, the newest: a box that runs for years needs no more memory."""


class Summary:
    """Counts of one run over all devices."""

    def __init__(self) -> None:
        self.beats: Counter[str] = Counter()
        self.alarms: Counter[str] = Counter()
        self.gaps = 0
        self.bridged = 0
        self.signal_s = 0.0
        self._started: float | None = None
        self._rr_sum_s = 0.0
        self._rr_count = 0
        self._r_latency_s = array("f")
        self._class_latency_s = array("f")
        self._beats_seen = 0

    def signal(self, seconds: float) -> None:
        """Count signal that is being processed; the clock starts with the first of it."""
        if self._started is None:
            self._started = time.perf_counter()
        self.signal_s += seconds

    def add(self, events: Iterable[Event], fs_hz: float) -> None:
        """Count events of a device sampled at ``fs_hz``."""
        for event in events:
            if isinstance(event, Beat):
                self.beats[event.symbol] += 1
                if event.rr_s is not None:
                    self._rr_sum_s += event.rr_s
                    self._rr_count += 1
                self._keep(self._r_latency_s, event.r_known_at / fs_hz - event.time_s)
                self._keep(self._class_latency_s, event.known_at / fs_hz - event.time_s)
                self._beats_seen += 1
            elif isinstance(event, BeatRevision):
                self.beats[event.was] -= 1
                self.beats[event.symbol] += 1
            elif isinstance(event, Alarm):
                if event.state == "active" and not event.escalation:
                    self.alarms[event.kind] += 1
            elif isinstance(event, Gap) and event.bridged:
                self.bridged += 1
            elif isinstance(event, Gap):
                self.gaps += 1

    def _keep(self, latencies: array[float], value: float) -> None:
        """Keep a value in the place of the oldest, once all places are taken."""
        if len(latencies) < LATEST_BEATS:
            latencies.append(value)
        else:
            latencies[self._beats_seen % LATEST_BEATS] = value

    @property
    def elapsed_s(self) -> float:
        """Wall-clock seconds since the first signal came."""
        return 0.0 if self._started is None else time.perf_counter() - self._started

    @property
    def mean_bpm(self) -> float | None:
        """Mean heart rate in beats a minute over all RR intervals."""
        return 60.0 * self._rr_count / self._rr_sum_s if self._rr_sum_s > 0 else None

    @property
    def real_time_factor(self) -> float:
        """Seconds of signal processed in a second of wall-clock time."""
        return self.signal_s / max(self.elapsed_s, 1e-9)

    def latency_s(self, of: str, percentile: float) -> float | None:
        """Return a percentile of the latency of ``r`` waves or of ``class`` labels, in seconds."""
        values = {"r": self._r_latency_s, "class": self._class_latency_s}[of]
        return float(np.percentile(np.frombuffer(values, dtype=np.float32), percentile)) if values else None

    def lines(self) -> list[str]:
        """Return the summary as lines for people."""
        total = sum(self.beats.values())
        by_class = ", ".join(f"{symbol} {count}" for symbol, count in (+self.beats).most_common()) or "none"
        alarms = ", ".join(f"{kind} {count}" for kind, count in self.alarms.most_common()) or "none"
        bpm = self.mean_bpm
        rows = [
            f"signal      {self.signal_s:.1f} s, {self.real_time_factor:.0f} times real time",
            f"beats       {total} ({by_class})",
            f"heart rate  {f'{bpm:.0f}/min on average' if bpm is not None else 'unknown'}",
            f"alarms      {alarms}",
        ]
        if self.gaps or self.bridged:
            bridged = f", and {self.bridged} short ones bridged" if self.bridged else ""
            rows.append(f"gaps        {self.gaps}{bridged}")
        if total:
            figures = [
                f"{name} known p50 {1000 * (self.latency_s(of, 50) or 0):.0f} ms, "
                f"p99 {1000 * (self.latency_s(of, 99) or 0):.0f} ms"
                for of, name in (("r", "R wave"), ("class", "class"))
            ]
            rows.append(f"latency     {'; '.join(figures)}")
        return rows
