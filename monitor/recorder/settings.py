"""What is recorded, where, and how much of the disk it may take."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.events import Priority


def default_folder() -> Path:
    """Return where recordings go if no folder is named."""
    from platformdirs import user_state_path  # noqa: PLC0415 - who records nothing does without it

    return user_state_path("ecgmon") / "recordings"


class RecorderSettings(Settings):
    """Settings of the recorder.

    Parameters
    ----------
    folder : Path
        Where recordings go, one folder a device.
    signal : bool
        Record the signal all the time.
    segment_s : float
        Length of a segment.
    flush_s : float
        What is older than this survives a power cut.
    strips : bool
        Keep a strip around each alarm.
    strip_before_s, strip_after_s : float
        How much of the signal before and after the alarm.
    strip_priority : {"high", "medium", "low"}
        Alarms of this priority and above get a strip.
    edf : bool
        Write strips as EDF+ too; needs the ``edf`` extra.
    keep_mb : float or None
        The most that continuous signal may take, in megabytes; the oldest goes first.
    keep_strips_mb : float or None
        The most that alarm strips may take; the oldest goes first.
    free_mb : float
        Continuous signal leaves at least this much of the disk free.
    """

    folder: Path = Field(default_factory=default_folder)
    signal: bool = True
    segment_s: float = Field(default=3600.0, ge=10, le=86_400)
    flush_s: float = Field(default=10.0, ge=0.5, le=600)
    strips: bool = True
    strip_before_s: float = Field(default=30.0, ge=1, le=300)
    strip_after_s: float = Field(default=30.0, ge=1, le=300)
    strip_priority: Priority = "medium"
    edf: bool = False
    keep_mb: float | None = Field(default=8000.0, ge=1)
    keep_strips_mb: float | None = Field(default=2000.0, ge=1)
    free_mb: float = Field(default=500.0, ge=0)
