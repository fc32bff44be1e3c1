"""Settings of the sources: what an address leaves unsaid."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.ingest.live_settings import MqttSettings, Name, SerialSettings

SPEED_LIMIT = 10_000.0


def _speed(value: object) -> object:
    """Accept a number above 0, with or without a closing ``x``, or ``max``."""
    if value == "max":
        return value
    try:
        speed = float(value.removesuffix("x") if isinstance(value, str) else value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        speed = 0.0
    if isinstance(value, bool) or not 0 < speed <= SPEED_LIMIT:
        raise ValueError(f"must be 'max' or a number above 0 and up to {SPEED_LIMIT:g}")
    return speed


Speed = Annotated[float | Literal["max"], BeforeValidator(_speed)]
"""Seconds of signal in a second of wall-clock time, or ``max``."""


class ReplaySettings(Settings):
    """How records are replayed.

    Parameters
    ----------
    speed : float or "max"
        Seconds of signal in a second of wall-clock time.
    channel : int or str
        Number (from 0) or name of the lead that is analysed.
    chunk_samples : int, optional
        Samples in a block; a tenth of a second by default, a second at full speed.
    start_s : float
        Where in the record to begin, in seconds.
    data_dir : Path, optional
        Folder that holds the record's files, or one folder a database.
    device : str, optional
        Name the events carry; the record's name by default.
    """

    speed: Speed = 1.0
    channel: int | str = 0
    chunk_samples: int | None = Field(default=None, ge=1, le=1_000_000)
    start_s: float = Field(default=0.0, ge=0)
    data_dir: Path | None = None
    device: Name | None = None


class SourceSettings(Settings):
    """Addresses of the sources, and what they leave unsaid.

    Parameters
    ----------
    sources : tuple of str
        Source addresses.
    replay : ReplaySettings
        Defaults of ``replay:`` addresses.
    serial : SerialSettings
        Defaults of ``serial:`` addresses.
    mqtt : MqttSettings
        Defaults of ``mqtt:`` and ``mqtts:`` addresses.
    """

    sources: tuple[str, ...] = ()
    replay: ReplaySettings = ReplaySettings()
    serial: SerialSettings = SerialSettings()
    mqtt: MqttSettings = MqttSettings()

    def known_devices(self) -> frozenset[str]:
        """Return the names of devices that are expected; they are let in before all others."""
        return frozenset()
