"""Source that reads many devices behind one MQTT broker, and keeps at it when the broker goes away."""

from __future__ import annotations

import asyncio
import re
import time
import zlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import aiomqtt

from ecgmon.firmware_bridge.broker import Broker
from ecgmon.monitor.core.errors import UsageError
from ecgmon.monitor.core.events import LinkState, SampleBlock, SourceStatus
from ecgmon.monitor.core.secrets import ENVIRONMENT, is_elsewhere
from ecgmon.monitor.ingest.address import Address
from ecgmon.monitor.ingest.inbox import Inbox
from ecgmon.monitor.ingest.live import LiveDevice
from ecgmon.monitor.ingest.live_settings import MqttSettings
from ecgmon.monitor.ingest.payload import PayloadDecoder
from ecgmon.monitor.ingest.settings import SourceSettings

Item = SampleBlock | SourceStatus

_CATCH_UP_S = 0.05
_QUIET_TURNS = 3
"""Turns of the event loop without a message after which the socket is taken to be empty."""

_FORBIDDEN = re.compile(r"[^\w.:-]+")


class MqttSource:
    """Read every device that publishes to a topic.

    The first connection must succeed. When the broker goes away later, the source
    connects and subscribes again as soon as it is back. Each device has its own queue,
    decoder and timekeeper, so none disturbs another.

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
    """

    live = True

    def __init__(
        self,
        broker: Broker,
        topic: str,
        settings: MqttSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = _FORBIDDEN.sub("-", broker.name)
        self.settings = settings
        self._broker = broker
        self._topic = topic
        self._clock = clock
        self._inboxes: dict[str, Inbox] = {}
        self._ready: deque[Inbox] = deque()
        self._news: deque[SourceStatus] = deque()
        self._arrived = asyncio.Event()
        self._messages = 0
        self._reader: asyncio.Task[None] | None = None
        self._refused: set[str] = set()

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
        client = await self._broker.connect(stack)
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
            while self._news:
                yield self._news.popleft()
            wait_s = self._wait_s()
            if wait_s is None or wait_s > 0:
                self._arrived.clear()
                await self._sleep(wait_s)
                continue
            inbox = self._ready.popleft()
            for block in inbox.take():
                yield block
            for news in inbox.device.news():
                yield news
            status = self._report(inbox)
            if status is not None:
                yield status
            await self._catch_up()

    async def _catch_up(self) -> None:
        """Take in what has arrived meanwhile, so that under load the queues and not the socket fill."""
        until_s, quiet = self._clock() + _CATCH_UP_S, 0
        while quiet < _QUIET_TURNS and self._clock() < until_s:
            before = self._messages
            await asyncio.sleep(0)
            quiet = 0 if self._messages > before else quiet + 1

    def _wait_s(self) -> float | None:
        """Return how long until a device is due; None if nothing waits."""
        if self._reader is not None and self._reader.done():
            self._reader.result()
        if not self._ready:
            return None
        first = self._ready[0]
        if first.seconds >= self.settings.gather_s:
            return 0.0
        return first.first_s + self.settings.gather_s - self._clock()

    async def _sleep(self, seconds: float | None) -> None:
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
                    await client.subscribe(self._topic, qos=self.settings.qos)
                    async for message in client.messages:
                        self._take(message)
                except aiomqtt.MqttError as error:
                    self._lost(error)
                await _close(stack)
                stack = AsyncExitStack()
                client = await self._broker.reconnect(stack)
                self._say("connecting", f"the broker {self._broker.name} is back")
        finally:
            self._arrived.set()
            await _close(stack)

    def _take(self, message: aiomqtt.Message) -> None:
        self._messages += 1
        payload = message.payload
        data = bytes(payload) if isinstance(payload, bytes | bytearray) else str(payload).encode()
        inbox = self._inbox(message.topic.value, data)
        if inbox is not None and inbox.put(data, self._clock()):
            self._ready.append(inbox)
            self._arrived.set()

    def _inbox(self, topic: str, payload: bytes) -> Inbox | None:
        inbox = self._inboxes.get(topic)
        if inbox is None and topic not in self._refused:
            name = device_name(self._topic, topic) or PayloadDecoder(self.settings).device(payload)
            if not self._is_ours(name or topic):
                self._refuse(topic)
                return None
            if len(self._inboxes) >= self.settings.max_devices:
                self._refuse(topic)
                self._say("streaming", f"{topic} is not followed: max_devices is {self.settings.max_devices}")
                return None
            inbox = self._inboxes[topic] = Inbox(name or _FORBIDDEN.sub("-", topic), self.settings)
            inbox.report_due_s = self._clock() + min(2.0, self.settings.report_s)
        return inbox

    def _refuse(self, topic: str) -> None:
        """Look at a topic no more; however many there are, only so many are kept in mind."""
        if len(self._refused) < self.settings.parts * self.settings.max_devices:
            self._refused.add(topic)

    def _is_ours(self, name: str) -> bool:
        """Tell whether a device falls into our part of all."""
        return zlib.crc32(name.encode()) % self.settings.parts == self.settings.part

    def _lost(self, error: aiomqtt.MqttError) -> None:
        detail = f"the broker {self._broker.name} is gone ({error}); trying to reach it again"
        self._say("reconnecting", detail)
        for inbox in self._inboxes.values():
            inbox.back = True
            self._news.append(inbox.device.status("reconnecting", detail, inbox.figures()))

    def _report(self, inbox: Inbox) -> SourceStatus | None:
        now = self._clock()
        if not inbox.back and now < inbox.report_due_s:
            return None
        detail = "the device is back" if inbox.back else ""
        inbox.back = False
        inbox.report_due_s = now + self.settings.report_s
        return inbox.device.status("streaming", detail, inbox.figures())

    def _say(self, state: LinkState, detail: str) -> None:
        """Report on the connection itself."""
        self._news.append(LiveDevice(self.name, self.settings.clock).status(state, detail))
        self._arrived.set()


async def _close(stack: AsyncExitStack) -> None:
    try:
        await stack.aclose()
    except aiomqtt.MqttError:
        return


def device_name(subscribed: str, topic: str) -> str:
    """Return the name of a device from its topic.

    Parameters
    ----------
    subscribed : str
        Topic with wildcards.
    topic : str
        Topic of a message.

    Returns
    -------
    str
        What the wildcards stand for, joined by dots; empty without wildcards.
    """
    levels = topic.split("/")
    names: list[str] = []
    for place, level in enumerate(subscribed.split("/")):
        if level == "#":
            names += levels[place:]
        elif level == "+" and place < len(levels):
            names.append(levels[place])
    return _FORBIDDEN.sub("-", ".".join(names))


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
        The address and the settings name no host, or an option is refused.
    """
    broker, chosen = broker_of(address, settings.mqtt)
    return MqttSource(broker, address.path.removeprefix("/"), chosen)
