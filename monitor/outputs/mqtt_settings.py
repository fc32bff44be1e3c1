"""Which broker gets events, under which topics."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from ecgmon.firmware_bridge.broker_settings import BrokerSettings
from ecgmon.monitor.outputs.base import Output
from ecgmon.monitor.outputs.kind import OutputKind, RunContext


class MqttSettings(BrokerSettings):
    """Settings of the MQTT output: a broker as for the input, and topics.

    Parameters
    ----------
    host : str
        Name or address of the broker.
    prefix : str
        First level of all topics.
    status : str
        Topic below the prefix that says whether this program is online.
    discovery : str or None
        Home Assistant's discovery prefix; None for no discovery.
    too_old_s : float
        Age in seconds beyond which an alarm that could not be delivered is set aside.
    """

    host: str = Field(default="localhost", min_length=1)
    protocol: Literal["5", "3.1.1"] = "3.1.1"
    keepalive_s: int = Field(default=20, ge=1, le=3600)
    retry_s: float = Field(default=30.0, gt=0, le=60)
    prefix: str = Field(default="ecgmon", pattern=r"^[^#+$]+$")
    status: str = Field(default="status", pattern=r"^[^#+$/]+$")
    discovery: str | None = Field(default="homeassistant", pattern=r"^[^#+$]+$")
    too_old_s: float = Field(default=86400.0, gt=0, le=604_800)

    @model_validator(mode="after")
    def _certificates_are_used(self) -> Self:
        if not self.tls and (self.ca_file is not None or self.cert_file is not None):
            raise ValueError("ca_file and cert_file need tls = true beside them")
        return self


def _make(settings: MqttSettings, run: RunContext) -> Output:
    from ecgmon.monitor.outputs.mqtt import MqttSink  # noqa: PLC0415 - who uses no broker loads no paho
    from ecgmon.monitor.outputs.queued import QueuedOutput  # noqa: PLC0415

    return QueuedOutput(MqttSink(settings), too_old_s=settings.too_old_s, outbox=run.outbox)


OUTPUT = OutputKind("Events to a broker, with discovery by Home Assistant", MqttSettings, _make)
