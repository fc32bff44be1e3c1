"""How any MQTT broker is spoken to: the keys that input, bridge and output share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.secrets import Secret

PORT, TLS_PORT = 1883, 8883
"""Ports at which brokers listen by custom, without and with TLS."""

Qos = Annotated[Literal[0, 1, 2], BeforeValidator(lambda v: int(v) if v in ("0", "1", "2") else v)]


class BrokerSettings(Settings):
    """Where a broker is and how it is spoken to: the same keys for input, bridge and output.

    Parameters
    ----------
    host : str, optional
        Name or address. A source's address that names a host goes before it.
    port : int, optional
        Port; 1883, or 8883 with TLS, by default.
    tls : bool
        Encrypt the connection and check the broker's certificate. An ``mqtts:`` address does so too.
    user : str, optional
        User name: the text itself, ``env:NAME`` for what the environment holds, or ``file:PATH``
        for the first line of a file.
    password : str, optional
        Password, given in the same three ways. It is never shown.
    ca_file : Path, optional
        Authorities trusted for TLS, in place of the system's.
    cert_file, key_file : Path, optional
        Our own certificate and its key, for a broker that asks for one.
    protocol : {"5", "3.1.1"}
        MQTT version.
    qos : {0, 1, 2}
        Quality of service of what must arrive. The bridge uses at least 1.
    client_id : str, optional
        Name at the broker; chosen by chance by default.
    keepalive_s : int
        Seconds after which a broker that says nothing is asked.
    retry_s : float
        Longest wait between attempts to reach a broker that went away, in seconds.
    """

    renamed: ClassVar = {
        "username": "user",
        "username_env": 'user = "env:NAME"',
        "password_env": 'password = "env:NAME"',
        "password_file": 'password = "file:PATH"',
    }

    host: str | None = Field(default=None, min_length=1)
    port: int | None = Field(default=None, ge=1, le=65_535)
    tls: bool = False
    user: Secret | None = None
    password: Secret | None = Field(default=None, repr=False)
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    protocol: Literal["5", "3.1.1"] = "5"
    qos: Qos = 1
    client_id: str | None = Field(default=None, min_length=1)
    keepalive_s: int = Field(default=10, ge=1, le=3600)
    retry_s: float = Field(default=1.0, gt=0, le=60)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.password is not None and self.user is None:
            raise ValueError("password needs user beside it")
        if self.key_file is not None and self.cert_file is None:
            raise ValueError("key_file needs cert_file beside it")
        return self
