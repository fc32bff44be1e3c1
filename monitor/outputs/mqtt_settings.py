"""Which broker gets events, under which topics."""

from __future__ import annotations

from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.outputs.base import Output
from ecgmon.monitor.outputs.kind import OutputKind, RunContext


class MqttSettings(Settings):
    """Settings of the MQTT output.

    Parameters
    ----------
    host, port : str, int
        The broker.
    tls : bool
        Encrypt, and check the broker's certificate.
    user, password : str or None
        ``env:NAME`` and ``file:PATH`` take them from there.
    prefix : str
        First level of all topics.
    status : str
        Topic below the prefix that says whether this program is online.
    discovery : str or None
        Home Assistant's discovery prefix; None for no discovery.
    """

    host: str = Field(default="localhost", min_length=1)
    port: int = Field(default=1883, ge=1, le=65_535)
    tls: bool = False
    user: str | None = None
    password: str | None = Field(default=None, repr=False)
    prefix: str = Field(default="ecgmon", pattern=r"^[^#+$]+$")
    status: str = Field(default="status", pattern=r"^[^#+$/]+$")
    discovery: str | None = Field(default="homeassistant", pattern=r"^[^#+$]+$")


def _make(settings: MqttSettings, _: RunContext) -> Output:
    from ecgmon.monitor.outputs.mqtt import MqttSink  # noqa: PLC0415 - who uses no broker loads no paho
    from ecgmon.monitor.outputs.queued import QueuedOutput  # noqa: PLC0415

    return QueuedOutput(MqttSink(settings))


OUTPUT = OutputKind("Events to a broker, with discovery by Home Assistant", MqttSettings, _make)
