"""Connections to an MQTT broker: who we are, TLS, and failures that say what to do."""

from __future__ import annotations

import asyncio
import logging
import ssl
import traceback
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Literal

import aiomqtt
import paho.mqtt.client as paho
import stamina
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ecgmon.firmware_bridge.broker_settings import PORT, TLS_PORT, BrokerSettings
from ecgmon.firmware_bridge.broker_trouble import chain, explained
from ecgmon.firmware_bridge.errors import BrokerUnreachableError
from ecgmon.monitor.core.errors import SettingsError, SourceError
from ecgmon.monitor.core.secrets import resolve

__all__ = ["Broker", "BrokerSettings"]

_LOGGER = logging.getLogger("ecgmon.mqtt")
for _name in ("ecgmon.mqtt", "stamina"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

_PROTOCOLS = {"5": paho.MQTTv5, "3.1.1": paho.MQTTv311}

ANSWER_S = 10.0
"""Longest wait for a broker's answer."""

_FIRST_RETRY_S = 0.2


@dataclass(frozen=True, slots=True)
class Entry:
    """What is shown at a broker's door, taken from settings, environment and files.

    Parameters
    ----------
    user, password : str or None
        Who we are.
    tls_context : ssl.SSLContext or None
        How the connection is encrypted; None if it is not.
    """

    user: str | None
    password: str | None = field(repr=False)
    tls_context: ssl.SSLContext | None


class Broker:
    """Where a broker is and how to get in.

    Parameters
    ----------
    host : str
        Name or address.
    port : int or None
        Port; that of the settings, else 1883, or 8883 with TLS, by default.
    tls : bool
        Encrypt the connection and check the broker's certificate, even if the settings do not say so.
    settings : BrokerSettings
        Credentials and the rest.
    table : str
        Table of the settings file that holds them, for messages.
    """

    def __init__(
        self, host: str, port: int | None, *, tls: bool, settings: BrokerSettings, table: str = "mqtt"
    ) -> None:
        self.host = host
        self.tls = tls or settings.tls
        self.port = port or settings.port or (TLS_PORT if self.tls else PORT)
        self.settings = settings
        self._table = table

    @property
    def name(self) -> str:
        """Host and port, for messages."""
        return f"{self.host}:{self.port}"

    def entry(self) -> Entry:
        """Return user, password and TLS as settings, environment and files now hold them.

        Raises
        ------
        SettingsError
            A file or environment variable of the settings is missing, or a certificate unreadable.
        """
        context = self._tls_context() if self.tls else None
        return Entry(self._secret("user"), self._secret("password"), context)

    def _secret(self, key: Literal["user", "password"]) -> str | None:
        text: str | None = getattr(self.settings, key)
        return None if text is None else resolve(text, f"{self._table}.{key}")

    async def connect(
        self, stack: AsyncExitStack, will: aiomqtt.Will | None = None, *, largest: int | None = None
    ) -> aiomqtt.Client:
        """Connect once.

        Parameters
        ----------
        stack : AsyncExitStack
            Closes the connection at its end.
        will : aiomqtt.Will, optional
            What the broker says for us if we vanish.
        largest : int, optional
            Bytes of the largest message that the broker may hand on; MQTT 3.1.1 cannot ask for it.

        Raises
        ------
        BrokerRefusedError, BrokerCertificateError, BrokerUnreachableError
            It cannot be reached; the kind of error says why.
        SettingsError
            A file or environment variable of the settings is missing.
        """
        chosen, entry = self.settings, self.entry()
        client = aiomqtt.Client(
            self.host,
            self.port,
            username=entry.user,
            password=entry.password,
            identifier=chosen.client_id,
            protocol=aiomqtt.ProtocolVersion(_PROTOCOLS[chosen.protocol]),
            clean_session=True if chosen.protocol == "3.1.1" else None,
            keepalive=chosen.keepalive_s,
            tls_context=entry.tls_context,
            will=will,
            timeout=ANSWER_S,
            properties=_limit(largest) if chosen.protocol == "5" else None,
            logger=_LOGGER,
        )
        try:
            return await stack.enter_async_context(client)
        except (aiomqtt.MqttError, OSError, ValueError) as error:
            reason = _reason(error.rc) if isinstance(error, aiomqtt.exceptions.MqttConnectError) else None
            _let_go(error)
            raise await asyncio.to_thread(explained, self.name, error, entry.tls_context, reason) from error

    async def reconnect(
        self, stack: AsyncExitStack, will: aiomqtt.Will | None = None, *, largest: int | None = None
    ) -> aiomqtt.Client:
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
                return await self.connect(stack, will, largest=largest)
        raise BrokerUnreachableError(f"The broker {self.name} did not come back.")

    def threaded_client(self) -> paho.Client:
        """Return a client with a thread of its own, for who cannot wait; not connected yet.

        Raises
        ------
        SettingsError
            A file or environment variable of the settings is missing.
        """
        chosen, entry = self.settings, self.entry()
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=chosen.client_id or "",
            protocol=_PROTOCOLS[chosen.protocol],
        )
        if entry.tls_context is not None:
            client.tls_set_context(entry.tls_context)
        if entry.user is not None:
            client.username_pw_set(entry.user, entry.password)
        client.reconnect_delay_set(1, max(1, round(chosen.retry_s)))
        client.enable_logger(_LOGGER)
        return client

    def _tls_context(self) -> ssl.SSLContext:
        chosen = self.settings
        try:
            context = ssl.create_default_context(cafile=chosen.ca_file)
            if chosen.cert_file is not None:
                # a key with a pass phrase would else be asked for at the terminal
                context.load_cert_chain(chosen.cert_file, chosen.key_file, password="")
        except (OSError, ValueError) as error:
            named = (chosen.ca_file, chosen.cert_file, chosen.key_file)
            files = ", ".join(str(path) for path in named if path is not None)
            raise SettingsError(
                f"{self._table}: the certificates in {files} cannot be read: {error}.",
                "They are PEM files; a key must have no pass phrase.",
            ) from error
        return context


def _limit(largest: int | None) -> Properties | None:
    if largest is None:
        return None
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.MaximumPacketSize = largest
    return properties


def _reason(code: int | ReasonCode | None) -> int | None:
    """Return the reason for which a broker refuses, of MQTT 3.1.1 or 5, as a number."""
    return code.value if isinstance(code, ReasonCode) else code


def _let_go(error: BaseException) -> None:
    """Free the socket of a failed handshake, which else lives as long as somebody looks at the error."""
    for cause in chain(error):
        traceback.clear_frames(cause.__traceback__)
