"""Publishes events to an MQTT broker, with retained state, a last will and discovery."""

from __future__ import annotations

import json
import logging
import math
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import paho.mqtt.client as paho

from ecgmon.firmware_bridge.broker import Broker
from ecgmon.firmware_bridge.broker_trouble import explained
from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.events import (
    Alarm,
    Beat,
    Episode,
    Event,
    Forgotten,
    HeartRate,
    Quality,
    RhythmChange,
    SourceStatus,
    to_json,
)
from ecgmon.monitor.core.names import topic_level
from ecgmon.monitor.outputs.hass import discovery
from ecgmon.monitor.outputs.mailbox import RANKS, STATES_WAITING, Message, Rank
from ecgmon.monitor.outputs.mqtt_settings import MqttSettings
from ecgmon.monitor.outputs.queued import ASIDE_SHOWN_S, RefusedError, Sink

LOG = logging.getLogger(__name__)

ACKNOWLEDGE_S = 10.0
CONNECT_S = 10.0
REASSERT_S = 1.0
ECHOES = 16
"""Own texts of a topic that may still come back from the broker."""

OPEN_STATES = frozenset({"active", "acknowledged", "latched", "silenced"})


class MqttSink(Sink):
    """Publishes under ``PREFIX/DEVICE/``.

    ``hr``, ``rhythm``, ``quality``, ``status``, ``battery``, ``problem`` and
    ``alarms/KIND`` are retained; ``beat``, ``episode`` and ``alarm`` are not. ``PREFIX/status`` is
    ``online``, and by the last will ``offline``. State is published anew after each
    connection, so a broker that forgot it is told again. States of alarms that somebody else
    writes over are published again, and `trouble` says so.

    Parameters
    ----------
    settings : MqttSettings
        The broker and the topics.

    Raises
    ------
    SettingsError
        A certificate, or what user or password are taken from, is missing.
    """

    name = "MQTT"

    def __init__(self, settings: MqttSettings) -> None:
        self.settings = settings
        self.recipient = f"mqtt {settings.host}:{settings.port} {settings.prefix}"
        self._broker = Broker(settings.host, None, tls=False, settings=settings, table="outputs.mqtt")
        self._broker.entry()
        self._client: paho.Client | None = None
        self._connected = threading.Event()
        self._settled = threading.Event()
        self._refused: int | None = None
        self._failure: BaseException | None = None
        self._retained: dict[str, str] = {}
        self._published: dict[str, deque[str]] = {}
        self._asserted: dict[str, float] = {}
        self._interfered = -math.inf
        self._announced: set[str] = set()
        self._problems: dict[str, dict[str, str]] = {}
        self._availability = f"{settings.prefix}/{settings.status}"

    @property
    def trouble(self) -> str | None:
        """See `Sink.trouble`: what others did at the broker in the last ten minutes."""
        recent = time.monotonic() - self._interfered < ASIDE_SHOWN_S
        return "somebody else writes to its topics at the broker" if recent else None

    def messages(self, event: Event) -> Iterable[Message]:
        """See `Sink.messages`."""
        device = topic_level(event.device)
        base = f"{self.settings.prefix}/{device}"
        if isinstance(event, Forgotten):
            yield from self._unsaid(event.device, base)
            return
        for name, body, rank, retain in self._topics(event):
            text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
            topic = f"{base}/{name}"
            yield Message(topic, (topic, text, retain, event.device), rank)

    def send(self, message: Message) -> None:
        """See `Sink.send`."""
        client = self._connect()
        topic, text, retain, device = message.body
        if text == "":
            self._announced.discard(device)
        elif device not in self._announced:
            self._announce(client, device)
            self._announced.add(device)
        qos = self.settings.qos if message.lasting or retain else 0
        if retain and not text:
            self._retained.pop(topic, None)
        elif retain:  # before the broker echoes it
            self._retained[topic] = text
            self._published.setdefault(topic, deque(maxlen=ECHOES)).append(text)
        try:
            self._publish(client, topic, text, retain=retain, qos=qos)
        except RefusedError:
            self._retained.pop(topic, None)
            raise

    def close(self) -> None:
        """Say good-bye, so that the last will is not needed."""
        client, self._client = self._client, None
        if client is not None:
            if self._connected.is_set():
                client.publish(self._availability, "offline", qos=1, retain=True).wait_for_publish(2.0)
            client.disconnect()
            client.loop_stop()

    def _unsaid(self, device: str, base: str) -> Iterator[Message]:
        """Take back all that the broker keeps of a device."""
        self._problems.pop(device, None)
        config = f"{self.settings.discovery}/device/{discovery(device, base, self._availability)[0]}/config"
        for topic in list(self._retained):
            if topic.startswith(f"{base}/") or topic == config:
                yield Message(topic, (topic, "", True, device))

    def _topics(self, event: Event) -> Iterator[tuple[str, Any, Rank, bool]]:
        """Yield (topic below the device, body, rank, retained)."""
        if isinstance(event, Beat):
            yield "beat", to_json(event), Rank.STATE, False
        elif isinstance(event, HeartRate):
            yield "hr", {"bpm": event.bpm, "time_s": round(event.time_s, 3)}, Rank.STATE, True
        elif isinstance(event, RhythmChange):
            yield "rhythm", to_json(event), Rank.STATE, True
        elif isinstance(event, Episode):
            yield "episode", to_json(event), Rank.STATE, False
        elif isinstance(event, Quality):
            yield "quality", {"index": round(event.index, 3), "reasons": event.reasons}, Rank.STATE, True
        elif isinstance(event, SourceStatus):
            yield "status", to_json(event), Rank.STATE, True
            if "battery_percent" in event.health:
                yield "battery", str(round(event.health["battery_percent"])), Rank.STATE, True
        elif isinstance(event, Alarm):
            yield "alarm", to_json(event), RANKS[event.priority], False
            yield f"alarms/{event.kind}", to_json(event), Rank.ALARM_STATE, True
            yield "problem", self._problem(event), Rank.ALARM_STATE, True

    def _problem(self, alarm: Alarm) -> dict[str, Any]:
        found = self._problems.setdefault(alarm.device, {})
        if alarm.state in OPEN_STATES:
            found[alarm.kind] = alarm.state
        else:
            found.pop(alarm.kind, None)
        return {"problem": "ON" if found else "OFF", "alarms": dict(found)}

    def _connect(self) -> paho.Client:
        if self._client is None:
            client = self._client = self._new_client()
            client.connect_async(self._broker.host, self._broker.port, keepalive=self.settings.keepalive_s)
            client.loop_start()
        self._settled.wait(CONNECT_S)
        if not self._connected.is_set():
            context = self._broker.entry().tls_context
            raise explained(self._broker.name, self._failure, context, self._refused)
        return self._client

    def _new_client(self) -> paho.Client:
        client = self._broker.threaded_client()
        client.will_set(self._availability, "offline", qos=1, retain=True)
        client.max_queued_messages_set(STATES_WAITING)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        return client

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, code: Any, _props: Any) -> None:
        if code.is_failure:
            self._refused = code.value
            self._settled.set()
            return
        self._refused = self._failure = None
        client.subscribe([(f"{self.settings.prefix}/+/{below}", 1) for below in ("problem", "alarms/+")])
        client.publish(self._availability, "online", qos=1, retain=True)
        for topic, text in dict(self._retained).items():
            client.publish(topic, text, qos=1, retain=True)
        self._connected.set()
        self._settled.set()

    def _on_connect_fail(self, _client: Any, _data: Any) -> None:
        """Keep why no connection came about; paho calls this while it handles the exception."""
        error = sys.exception()
        # its frames hold the socket of a failed handshake, which is not to outlive them
        self._refused, self._failure = None, error and error.with_traceback(None)
        self._settled.set()

    def _on_message(self, client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        """Publish again what somebody else has written over."""
        ours = self._retained.get(message.topic)
        theirs = message.payload.decode(errors="replace")
        recent = tuple(self._published.get(message.topic, ()))
        if ours is None or theirs in recent or message.retain:  # retained: of before this connection
            return
        self._interfered = time.monotonic()
        if time.monotonic() - self._asserted.get(message.topic, -REASSERT_S) >= REASSERT_S:
            self._asserted[message.topic] = time.monotonic()
            client.publish(message.topic, ours, qos=1, retain=True)

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, _code: Any, _props: Any) -> None:
        if self._connected.is_set():
            self._connected.clear()
            self._settled.clear()
        else:  # hung up on before MQTT began, such as by a broker that wants a certificate
            self._settled.set()

    def _announce(self, client: paho.Client, device: str) -> None:
        if self.settings.discovery is None:
            return
        base = f"{self.settings.prefix}/{topic_level(device)}"
        name, payload = discovery(device, base, self._availability)
        topic = f"{self.settings.discovery}/device/{name}/config"
        self._retained[topic] = json.dumps(payload)
        self._publish(client, topic, self._retained[topic], retain=True, qos=1)

    @staticmethod
    def _publish(client: paho.Client, topic: str, text: str, *, retain: bool, qos: int) -> None:
        try:
            info = client.publish(topic, text, qos=qos, retain=retain)
        except ValueError as error:
            raise RefusedError(f"refused for ever: MQTT does not take it ({error})") from error
        if info.rc != paho.MQTT_ERR_SUCCESS:
            raise OutputError(paho.error_string(info.rc))
        if qos:
            info.wait_for_publish(ACKNOWLEDGE_S)
            if not info.is_published():
                raise OutputError("The broker did not acknowledge")
