"""Source that reads many devices behind one MQTT broker, and keeps at it when the broker goes away."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import aiomqtt

from ecgmon.firmware_bridge.broker import Broker
from ecgmon.monitor.core.errors import UsageError
from ecgmon.monitor.core.events import LinkState, SampleBlock, SourceStatus
from ecgmon.monitor.core.names import device_name
from ecgmon.monitor.core.secrets import ENVIRONMENT, is_elsewhere
from ecgmon.monitor.ingest.address import Address
from ecgmon.monitor.ingest.crowd import Crowd
from ecgmon.monitor.ingest.door import Door
from ecgmon.monitor.ingest.inbox import Inbox
from ecgmon.monitor.ingest.live_settings import MqttSettings
from ecgmon.monitor.ingest.settings import SourceSettings
from ecgmon.monitor.ingest.topics import refusal_of

Item = SampleBlock | SourceStatus

_CATCH_UP_S = 0.005
_SHORTEST_S = 0.001
_BEHIND_LOOK_S = 0.05
_QUIET_TURNS = 3
"""Turns of the event loop without a message after which the socket is taken to be empty."""


class MqttSource:
    """Read every device that publishes to a topic.

    The first connection must succeed. When the broker goes away later, the source
    connects and subscribes again as soon as it is back. Each device has its own queue,
    decoder and timekeeper, and each its turn, so none disturbs another. What a broker kept
    (retained messages) is not live and left aside.

    Parameters
    ----------
    broker : Broker
        Where to connect.
    topic : str
        What to subscribe to; ``+`` stands for the name of the device.
    settings : MqttSettings
        What messages hold and the rest.
    clock : callable
        Returns seconds and never jumps.
    known : frozenset of str
        Names of devices that are expected, and let in before all others.
    """

    live = True

    def __init__(
        self,
        broker: Broker,
        topic: str,
        settings: MqttSettings,
        clock: Callable[[], float] = time.monotonic,
        known: frozenset[str] = frozenset(),
    ) -> None:
        self.name = device_name(broker.name)
        self.settings = settings
        self._broker = broker
        self._topic = topic
        self._clock = clock
        self._largest = 2 * settings.max_message_bytes
        self._crowd = crowd = Crowd(topic, settings, known, self.name)
        self._door = Door(
            topic,
            qos=settings.qos,
            protocol=settings.protocol,
            flood=lambda behind_s: crowd.watch.verdict(behind_s, clock(), time.perf_counter()),
            behind=self._behind_s,
            connect=lambda stack: broker.connect(stack, largest=self._largest),
            take=self._take,
            say=self._say,
        )
        self._ready: deque[Inbox] = deque()
        self._news: deque[SourceStatus] = deque()
        self._arrived = asyncio.Event()
        self._messages = 0
        self._behind_since_s: float | None = None
        self._reader: asyncio.Task[None] | None = None

    def identity(self, device: str) -> str:
        """See `TellsApart`: topic and name in the messages, as JSON."""
        found = next((inbox.identity for inbox in self._crowd if inbox.name == device), None)
        return json.dumps(found) if found is not None else ""

    async def __aenter__(self) -> Self:
        """Connect and subscribe.

        Raises
        ------
        SourceError
            The broker cannot be reached; the kind of error says why.
        SettingsError
            A file or environment variable of the settings is missing.
        """
        stack = AsyncExitStack()
        client = await self._broker.connect(stack, largest=self._largest)
        self._reader = asyncio.create_task(self._read_on(client, stack))
        self._say("connecting", f"subscribed to {self._topic} at {self._broker.name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def __aiter__(self) -> AsyncIterator[Item]:
        """Yield the blocks of every device, each in order, and reports between them."""
        while True:
            self._news += self._crowd.news(self._clock())
            for inbox in self._crowd.settled(self._clock()):
                self._ready.append(inbox)
            while self._news:
                yield self._news.popleft()
            wait_s = self._wait_s()
            if wait_s > 0:
                self._arrived.clear()
                await self._catch_up(_CATCH_UP_S)
                await self._sleep(wait_s)
                continue
            inbox, began_s = self._next(), time.perf_counter()
            for block in self._blocks(inbox):
                yield block
            for news in inbox.device.news():
                yield news
            status = self._report(inbox)
            if status is not None:
                yield status
            await self._catch_up(max(_CATCH_UP_S, 2 * (time.perf_counter() - began_s)))

    def _next(self) -> Inbox:
        """Return whose turn it is: who waits longest, or, where time does not do for all, who came first."""
        now_s = self._clock()
        self._crowd.late(now_s - self._ready[0].first_s - self.settings.gather_s, now_s)
        if self._crowd.is_busy(now_s):
            inbox = min(self._ready, key=self._crowd.rank)
            self._ready.remove(inbox)
            return inbox
        return self._ready.popleft()

    def _blocks(self, inbox: Inbox) -> list[SampleBlock]:
        """Return what a device has a turn's worth of; the rest waits for its next turn."""
        now_s = self._clock()
        try:
            blocks = inbox.take(now_s)
        except Exception as error:
            self._crowd.fault(inbox, error, now_s)
            return []
        if inbox.waits:
            self._ready.append(inbox)
        return blocks

    async def _catch_up(self, most_s: float) -> None:
        """Take in what has arrived meanwhile, so that under load the queues and not the socket fill."""
        until_s, quiet = time.perf_counter() + most_s, 0
        while quiet < _QUIET_TURNS and time.perf_counter() < until_s:
            before = self._messages
            await asyncio.sleep(0)
            quiet = 0 if self._messages > before else quiet + 1
        if quiet >= _QUIET_TURNS:
            self._behind_since_s = None
        elif self._behind_since_s is None:
            self._behind_since_s = time.perf_counter()

    def _behind_s(self) -> float:
        """Return for how long more has come than could be read."""
        return 0.0 if self._behind_since_s is None else time.perf_counter() - self._behind_since_s

    def _wait_s(self) -> float:
        """Return how long until a device is due, or something is to be looked at."""
        if self._reader is not None and self._reader.done():
            self._reader.result()
        now_s = self._clock()
        look_s = self._crowd.next_look_s() - now_s
        if self._behind_since_s is not None:
            look_s = min(look_s, _BEHIND_LOOK_S)
        if not self._ready:
            return max(look_s, _SHORTEST_S)
        first = self._ready[0]
        if first.seconds >= self.settings.gather_s:
            return 0.0
        return min(first.first_s + self.settings.gather_s - now_s, max(look_s, _SHORTEST_S))

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        except TimeoutError:
            return

    async def _read_on(self, client: aiomqtt.Client, stack: AsyncExitStack) -> None:
        """Put what arrives into the inboxes, connecting again whenever the broker goes away."""
        try:
            while True:
                try:
                    await self._door.open(client)
                    await self._listen(client)
                except aiomqtt.MqttError as error:
                    self._lost(error)
                await _close(stack)
                stack = AsyncExitStack()
                client = await self._broker.reconnect(stack, largest=self._largest)
                self._say("connecting", f"the broker {self._broker.name} is back")
        finally:
            self._arrived.set()
            await _close(stack)

    async def _listen(self, client: aiomqtt.Client) -> None:
        watch = asyncio.create_task(self._door.watch(client))
        try:
            async for message in client.messages:
                self._take(message)
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    def _take(self, message: aiomqtt.Message) -> None:
        self._messages += 1
        payload = message.payload
        data = bytes(payload) if isinstance(payload, bytes | bytearray) else str(payload).encode()
        now_s = self._clock()
        inbox = self._crowd.take(message.topic.value, data, retained=message.retain, now_s=now_s)
        if inbox is not None:
            self._ready.append(inbox)
            self._arrived.set()

    def _lost(self, error: aiomqtt.MqttError) -> None:
        detail = f"the broker {self._broker.name} is gone ({error}); trying to reach it again"
        self._say("reconnecting", detail)
        for inbox in self._crowd:
            inbox.back = bool(inbox.name)
            if not inbox.name:
                continue
            self._news.append(inbox.device.status("reconnecting", detail, inbox.figures()))

    def _report(self, inbox: Inbox) -> SourceStatus | None:
        now = self._clock()
        if not inbox.back and now < inbox.report_due_s:
            return None
        inbox.report_due_s = now + self.settings.report_s
        return inbox.report()

    def _say(self, state: LinkState, detail: str) -> None:
        """Report on the connection itself."""
        self._news.append(
            SourceStatus(sample=0, time_s=0.0, known_at=0, device=self.name, state=state, detail=detail)
        )
        self._arrived.set()


async def _close(stack: AsyncExitStack) -> None:
    try:
        await stack.aclose()
    except aiomqtt.MqttError:
        return


def broker_of(address: Address, defaults: MqttSettings) -> tuple[Broker, MqttSettings]:
    """Return the broker of an ``mqtt:`` or ``mqtts:`` address, and what the address makes of the settings.

    Raises
    ------
    UsageError
        The address and the settings name no host, or an option is refused.
    """
    for key in ("user", "password"):
        if not is_elsewhere(address.options.get(key, ENVIRONMENT)):
            raise UsageError(
                f"A {key} does not belong in an address: command lines and logs are not secret.",
                f"Write {key}=env:NAME or {key}=file:PATH, or set it under [mqtt] in the settings file.",
            )
    chosen = address.apply(defaults)
    host = address.host or chosen.host
    if not host:
        raise UsageError(
            f"{address.shown} names no broker.", "Write mqtt://HOST/ecg/+/raw, or set host under [mqtt]."
        )
    return Broker(host, address.port, tls=address.scheme == "mqtts", settings=chosen), chosen


def open_mqtt(address: Address, settings: SourceSettings) -> MqttSource:
    """Return the source of an ``mqtt:`` or ``mqtts:`` address.

    Raises
    ------
    UsageError
        The address and the settings name no host, it names no topic, or an option is refused.
    """
    broker, chosen = broker_of(address, settings.mqtt)
    topic = address.path.removeprefix("/")
    refusal = refusal_of(topic)
    if refusal:
        raise UsageError(
            f"{address.shown} names no topic to subscribe to: {refusal}.",
            "Write mqtt://HOST/ecg/+/raw; + stands for one level, # for all that follow.",
        )
    return MqttSource(broker, topic, chosen, known=settings.known_devices())
