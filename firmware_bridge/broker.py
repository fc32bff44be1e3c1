"""A connection to an MQTT broker: credentials, TLS, and failures that say what to do."""

from __future__ import annotations

import logging
import os
import socket
import ssl
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Literal

import aiomqtt
import stamina
from pydantic import BeforeValidator, Field

from ecgmon.firmware_bridge.errors import BrokerCertificateError, BrokerRefusedError, BrokerUnreachableError
from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.errors import SettingsError, SourceError

_LOGGER = logging.getLogger("ecgmon.mqtt")
for _name in ("ecgmon.mqtt", "stamina"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

_REFUSED = {4, 5, 134, 135}
"""Reason codes of MQTT 3.1.1 and 5 for a bad user name or password, and for no permission."""

_PROTOCOLS = {"5": aiomqtt.ProtocolVersion.V5, "3.1.1": aiomqtt.ProtocolVersion.V311}

_FIRST_RETRY_S = 0.2


class BrokerSettings(Settings):
    """How a broker is spoken to. Secrets come from files or the environment only.

    Parameters
    ----------
    username : str, optional
        User name.
    username_env, password_env : str, optional
        Environment variables that hold user name and password.
    password_file : Path, optional
        File whose first line is the password.
    ca_file : Path, optional
        Authorities trusted for TLS, in place of the system's.
    cert_file, key_file : Path, optional
        Our own certificate and its key.
    protocol : {"5", "3.1.1"}
        MQTT version.
    qos : {0, 1, 2}
        Quality of service.
    client_id : str, optional
        Name at the broker; chosen by chance by default.
    keepalive_s : int
        Seconds after which a broker that says nothing is asked.
    retry_s : float
        Longest wait between attempts to reach a broker that went away, in seconds.
    """

    username: str | None = None
    username_env: str | None = None
    password_file: Path | None = None
    password_env: str | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    protocol: Literal["5", "3.1.1"] = "5"
    qos: Annotated[Literal[0, 1, 2], BeforeValidator(lambda v: int(v) if v in ("0", "1", "2") else v)] = 1
    client_id: str | None = None
    keepalive_s: int = Field(default=10, ge=1, le=3600)
    retry_s: float = Field(default=1.0, gt=0, le=60)


class Broker:
    """Where a broker is and how to get in.

    Parameters
    ----------
    host : str
        Name or address.
    port : int or None
        Port; 1883, or 8883 with TLS, by default.
    tls : bool
        Encrypt the connection and check the broker's certificate.
    settings : BrokerSettings
        Credentials and the rest.
    """

    def __init__(self, host: str, port: int | None, *, tls: bool, settings: BrokerSettings) -> None:
        self.host = host
        self.port = port or (8883 if tls else 1883)
        self.tls = tls
        self.settings = settings

    @property
    def name(self) -> str:
        """Host and port, for messages."""
        return f"{self.host}:{self.port}"

    async def connect(self, stack: AsyncExitStack, will: aiomqtt.Will | None = None) -> aiomqtt.Client:
        """Connect once.

        Parameters
        ----------
        stack : AsyncExitStack
            Closes the connection at its end.
        will : aiomqtt.Will, optional
            What the broker says for us if we vanish.

        Raises
        ------
        BrokerRefusedError, BrokerCertificateError, BrokerUnreachableError, SourceError
            It cannot be reached; the kind of error says why.
        SettingsError
            A file or environment variable of the settings is missing.
        """
        chosen = self.settings
        client = aiomqtt.Client(
            self.host,
            self.port,
            username=_secret(chosen.username, chosen.username_env, None, "username"),
            password=_secret(None, chosen.password_env, chosen.password_file, "password"),
            identifier=chosen.client_id,
            protocol=_PROTOCOLS[chosen.protocol],
            clean_session=True if chosen.protocol == "3.1.1" else None,
            keepalive=chosen.keepalive_s,
            tls_context=self._tls_context() if self.tls else None,
            will=will,
            timeout=10,
            logger=_LOGGER,
        )
        try:
            return await stack.enter_async_context(client)
        except (aiomqtt.MqttError, OSError, ValueError) as error:
            raise self._explained(error) from error

    async def reconnect(self, stack: AsyncExitStack, will: aiomqtt.Will | None = None) -> aiomqtt.Client:
        """Connect, trying again with a jittered, growing wait until it succeeds."""
        retries = stamina.retry_context(
            on=SourceError,
            attempts=None,
            timeout=None,
            wait_initial=_FIRST_RETRY_S,
            wait_max=self.settings.retry_s,
            wait_jitter=_FIRST_RETRY_S,
        )
        async for attempt in retries:
            with attempt:
                return await self.connect(stack, will)
        raise BrokerUnreachableError(f"The broker {self.name} did not come back.")

    def _tls_context(self) -> ssl.SSLContext:
        chosen = self.settings
        try:
            context = ssl.create_default_context(cafile=chosen.ca_file)
            if chosen.cert_file is not None:
                context.load_cert_chain(chosen.cert_file, chosen.key_file)
        except (OSError, ssl.SSLError) as error:
            files = [str(path) for path in (chosen.ca_file, chosen.cert_file, chosen.key_file) if path]
            raise SettingsError(f"The certificates in {', '.join(files)} cannot be read: {error}.") from error
        return context

    def _explained(self, error: BaseException) -> SourceError:
        """Turn a failure to connect into an error that helps."""
        causes = list(_chain(error))
        verify = next((cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError)), None)
        if verify is not None:
            return BrokerCertificateError(
                f"The certificate of {self.name} is not trusted: {verify.verify_message}.",
                "Name the authority that signed it: ca_file=…",
            )
        if any(isinstance(cause, ssl.SSLError) for cause in causes):
            return BrokerCertificateError(
                f"{self.name} does not agree on TLS: {error}.",
                "Does it speak TLS on this port, and want a certificate of ours (cert_file=…, key_file=…)?",
            )
        code = getattr(error, "rc", None)
        if getattr(code, "value", code) in _REFUSED:
            return BrokerRefusedError(
                f"The broker {self.name} refuses user name or password.",
                "Set username and password_file in the settings, or username_env=… and password_env=….",
            )
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            return BrokerUnreachableError(f"There is no host {self.host!r}.", "Is the name right?")
        return BrokerUnreachableError(
            f"There is no broker at {self.name} ({error}).", "Is it running, and the port right?"
        )


def _chain(error: BaseException | None) -> list[BaseException]:
    """Return an error and what caused it."""
    causes: list[BaseException] = []
    while error is not None and error not in causes:
        causes.append(error)
        error = error.__cause__ or error.__context__
    return causes


def _secret(plain: str | None, variable: str | None, file: Path | None, what: str) -> str | None:
    """Return a secret from where the settings say it is.

    Raises
    ------
    SettingsError
        It is not there.
    """
    if variable is not None:
        if variable not in os.environ:
            raise SettingsError(f"The environment variable {variable} ({what}_env) is not set.")
        return os.environ[variable]
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"The file {file} ({what}_file) cannot be read: {error}.") from error
        return lines[0] if lines else ""
    return plain
