"""Measures between two points of a strip."""

from __future__ import annotations

from dataclasses import dataclass

from ecgmon.monitor.dashboard.drawing.geometry import Trace

CLEAN = Trace("clean")


@dataclass(frozen=True, slots=True)
class Calipers:
    """Two points on the strip.

    Parameters
    ----------
    start_s, stop_s : float
        Times.
    start_mv, stop_mv : float
        Voltages.
    trace : Trace
        Where they were taken.
    """

    start_s: float
    start_mv: float
    stop_s: float
    stop_mv: float
    trace: Trace = CLEAN

    @property
    def interval_ms(self) -> float:
        """Time between the points."""
        return abs(self.stop_s - self.start_s) * 1000

    @property
    def rate_bpm(self) -> float | None:
        """Rate whose RR interval this is; None for a distance that is no RR interval."""
        return 60_000 / self.interval_ms if 150 <= self.interval_ms <= 4000 else None

    @property
    def amplitude_mv(self) -> float:
        """Voltage between the points, signed."""
        return self.stop_mv - self.start_mv

    def text(self) -> str:
        """Return the measures in words."""
        rate = f"  ·  {self.rate_bpm:.0f}/min" if self.rate_bpm is not None else ""
        return f"{self.interval_ms:.0f} ms{rate}  ·  {self.amplitude_mv:+.2f} mV"
