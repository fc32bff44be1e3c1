"""Listens at an MQTT broker: what comes on each topic, bounded."""

from __future__ import annotations

import asyncio
import contextlib
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import aiomqtt

from ecgmon.firmware_bridge.broker import Broker
from ecgmon.monitor.ingest.listen_port import Tell

EVERYTHING = "#"
MOST_TOPICS = 200
_MOST_MESSAGES = 20_000
_MOST_BYTES = 1 << 20
_MOST_BYTES_ALL = 1 << 26
_TICK_S = 0.25


@dataclass(slots=True)
class Topic:
    """What came on a topic.

    Parameters
    ----------
    name : str
        The topic.
    messages : list of (bytes, float)
        The first messages, up to a mebibyte, and when they came.
    count, n_bytes : int
        Messages and bytes of all.
    retained : int
        Messages that the broker had kept from earlier.
    """

    name: str
    messages: list[tuple[bytes, float]] = field(default_factory=list)
    count: int = 0
    n_bytes: int = 0
    retained: int = 0


@dataclass(slots=True)
class TopicsHeard:
    """What came from a broker.

    Parameters
    ----------
    broker, pattern : str
        Where it came from, and what was subscribed to.
    seconds : float
        How long was listened.
    topics : dict of str to Topic
        By name; no more than `MOST_TOPICS`.
    left_out : int
        Messages of further topics.
    ended : str
        Why it ended early; empty if it did not.
    """

    broker: str
    pattern: str
    seconds: float = 0.0
    topics: dict[str, Topic] = field(default_factory=dict)
    left_out: int = 0
    ended: str = ""
    _kept: int = 0

    def take(self, name: str, payload: bytes, time_s: float, *, retained: bool) -> None:
        """Take note of a message."""
        topic = self.topics.get(name)
        if topic is None:
            if len(self.topics) >= MOST_TOPICS:
                self.left_out += 1
                return
            topic = self.topics[name] = Topic(name)
        topic.count += 1
        topic.retained += retained
        topic.n_bytes += len(payload)
        few = len(topic.messages) < _MOST_MESSAGES and topic.n_bytes <= _MOST_BYTES
        if few and self._kept + len(payload) <= _MOST_BYTES_ALL:
            self._kept += len(payload)
            topic.messages.append((payload, time_s))


async def hear_topics(
    broker: Broker, pattern: str, seconds: float, tell: Tell, stop: asyncio.Event
) -> TopicsHeard:
    """Subscribe and listen.

    Parameters
    ----------
    broker : Broker
        Where to connect.
    pattern : str
        What to subscribe to.
    seconds : float
        How long to listen.
    tell : callable
        Is told how far it has come.
    stop : asyncio.Event
        Ends it early.

    Raises
    ------
    SourceError
        The broker cannot be reached; the kind of error says why.
    """
    heard = TopicsHeard(broker.name, pattern)
    stack = AsyncExitStack()
    client = await broker.connect(stack)
    reader = asyncio.create_task(_take_all(client, pattern, broker.settings.qos, heard))
    try:
        began_s = time.monotonic()
        while heard.seconds < seconds and not stop.is_set() and not reader.done():
            await asyncio.wait({reader}, timeout=_TICK_S)
            heard.seconds = time.monotonic() - began_s
            count = sum(topic.count for topic in heard.topics.values())
            tell(
                f"listening: {heard.seconds:.0f} of {seconds:.0f} s,"
                f" {count} messages on {len(heard.topics)} topics"
            )
    finally:
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
        with contextlib.suppress(aiomqtt.MqttError):
            await stack.aclose()
    return heard


async def _take_all(client: aiomqtt.Client, pattern: str, qos: int, heard: TopicsHeard) -> None:
    try:
        await client.subscribe(pattern, qos=qos)
        async for message in client.messages:
            payload = message.payload
            data = bytes(payload) if isinstance(payload, bytes | bytearray) else str(payload).encode()
            heard.take(message.topic.value, data, time.monotonic(), retained=bool(message.retain))
    except aiomqtt.MqttError as error:
        heard.ended = f"The broker {heard.broker} is gone ({error})."
