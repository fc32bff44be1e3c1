"""Settings of time hygiene, shared by all live sources."""

from __future__ import annotations

from pydantic import Field

from ecgmon.monitor.core.config import Settings


class ClockSettings(Settings):
    """How far a device's clock is believed.

    Parameters
    ----------
    follow_above_ppm : float
        A device whose rate is off by more than this, in parts per million, is resampled
        onto its nominal grid; below it the samples pass untouched.
    follow_after_s : float
        Shortest observation before that, in seconds.
    silence_s : float
        A pause longer than this, in seconds, is a gap in a stream whose counter and clock
        tell nothing.
    guess_after_s : float
        How long to watch a device that does not tell its rate, in seconds; up to three
        times as long where its packets come unevenly.
    """

    follow_above_ppm: float = Field(default=200.0, ge=0)
    follow_after_s: float = Field(default=20.0, ge=2, le=600)
    silence_s: float = Field(default=0.5, gt=0, le=60)
    guess_after_s: float = Field(default=5.0, ge=1, le=60)
