"""Settings of the live sources: serial ports and MQTT."""

from __future__ import annotations

import zlib
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ecgmon.firmware_bridge.broker_settings import BrokerSettings
from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.ingest.clock_settings import ClockSettings

Name = Annotated[str, Field(min_length=1, pattern=r"^[\w.:-]+$")]


class LiveSettings(Settings):
    """What serial and MQTT sources share.

    Parameters
    ----------
    report_s : float
        Seconds from one report on rate, loss, jitter and drift to the next.
    clock : ClockSettings
        How far the clocks of devices are believed.
    """

    report_s: float = Field(default=10.0, gt=0)
    clock: ClockSettings = ClockSettings()


class SerialSettings(LiveSettings):
    """How serial devices are read.

    Parameters
    ----------
    device : str
        Kind of device, such as ``cyton``; names the decoder.
    baud : int, optional
        Speed of the port; that of the device by default.
    name : str, optional
        Name the events carry; the port's name by default.
    retry_s : float
        Longest wait between attempts to open a port that went away, in seconds.
    gather_s : float
        Seconds to wait for more bytes behind the first. Longer means fewer, longer blocks: less
        processor time, and everything is known later.
    options : mapping
        Settings of the decoder, such as ``channels`` or ``gain``.
    """

    device: str = "native"
    baud: int | None = Field(default=None, ge=50, le=12_000_000)
    name: Name | None = None
    retry_s: float = Field(default=0.5, gt=0, le=60)
    gather_s: float = Field(default=0.04, ge=0, le=1)
    options: dict[str, Any] = Field(default_factory=dict)


class JsonFields(Settings):
    """What the fields of a JSON payload are called; empty for a field that is not there.

    Parameters
    ----------
    device, fs_hz, t0, seq, unit, lead, lead_off, battery_percent, samples : str
        Name of each field; a dot leads into an inner object.
    """

    device: str = "device"
    fs_hz: str = "fs_hz"
    t0: str = "t0"
    seq: str = "seq"
    unit: str = "unit"
    lead: str = "lead"
    lead_off: str = "lead_off"
    battery_percent: str = "battery_percent"
    samples: str = Field(default="samples", min_length=1)


class MqttSettings(LiveSettings, BrokerSettings):
    """How devices behind a broker are read.

    Parameters
    ----------
    queue_samples : int
        Samples of one device that may wait; then the oldest are dropped and counted.
    gather_s : float
        Seconds of a device's signal that are collected before they are passed on.
    payload : {"auto", "native", "json"}
        What messages hold; ``auto`` looks at the first byte.
    fs_hz : float, optional
        Rate of devices whose messages do not tell it.
    unit : {"mv", "uv", "v"}
        Unit of JSON samples that do not tell it.
    fields : JsonFields
        What the fields of JSON payloads are called.
    reorder : int
        Packets held to put back into order.
    max_devices : int
        Devices followed at once; further ones are refused. Those under ``[patients]`` go before
        all others, and a name that gave next to nothing loses its place when it falls silent.
    max_message_bytes : int
        Longest message that is looked at; longer ones are refused and told of.
    part, parts : int
        Of the devices behind the broker, those are followed that fall into part ``part``
        (from 0) of ``parts`` equal ones; so several programs share a ward.
    """

    queue_samples: int = Field(default=20_000, ge=100)
    gather_s: float = Field(default=0.2, ge=0, le=5)
    payload: Literal["auto", "native", "json"] = "auto"
    fs_hz: float | None = Field(default=None, gt=0)
    unit: Literal["mv", "uv", "v"] = "mv"
    fields: JsonFields = JsonFields()
    reorder: int = Field(default=4, ge=0, le=64)
    max_devices: int = Field(default=1000, ge=1)
    max_message_bytes: int = Field(default=1_000_000, ge=100, le=100_000_000)
    part: int = Field(default=0, ge=0)
    parts: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _part_exists(self) -> Self:
        if self.part >= self.parts:
            raise ValueError(f"part must be less than parts, which is {self.parts}")
        return self

    def is_ours(self, name: str) -> bool:
        """Tell whether a device falls into our part of all."""
        return zlib.crc32(name.encode()) % self.parts == self.part
