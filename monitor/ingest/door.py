"""The subscription at a broker: open to everybody, or, in a flood, to those alone who behave."""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

import aiomqtt
from paho.mqtt.subscribeoptions import SubscribeOptions

from ecgmon.monitor.core.errors import SourceError
from ecgmon.monitor.core.events import LinkState

PERIOD_S = 0.1
"""Seconds between two looks for a flood."""

LOOK_OUT_S = 1.0
"""How long everybody is listened to, to see whether a flood is over."""

SHUT_S, LONGEST_SHUT_S = 5.0, 30.0
"""Pause before that, the first time and later."""

_WILD = re.compile(r"(^|/)[+#](/|$)")
_SHARED = re.compile(r"\$share/[^/]+/")
_NEVER_RETAINED = 2


class Door:
    """Keeps a subscription, and narrows it while somebody floods the broker.

    In a flood the topics of those who behave are subscribed to one by one, and the wildcards no
    more: then the broker, and not this program, throws the flood away. Now and then it is seen on a
    connection apart whether the flood is over, and who is new.

    Parameters
    ----------
    subscribed : str
        Topic with wildcards.
    qos : int
        Quality of service.
    protocol : str
        MQTT version.
    flood : callable
        Takes for how long more has come than could be read; returns the topics of those who behave
        if there has been a flood since the last call, else None.
    behind : callable
        Returns for how long more has come than could be read.
    connect : callable
        Connects once more to the broker, until the stack that it gets is closed.
    take : callable
        Takes a message.
    say : callable
        Takes the state of the link and what there is to say.
    """

    def __init__(
        self,
        subscribed: str,
        *,
        qos: int,
        protocol: str,
        flood: Callable[[float], list[str] | None],
        behind: Callable[[], float],
        connect: Callable[[AsyncExitStack], Awaitable[aiomqtt.Client]],
        take: Callable[[aiomqtt.Message], None],
        say: Callable[[LinkState, str], None],
    ) -> None:
        self._subscribed = subscribed
        self._qos = qos
        self._fifth = protocol == "5"
        self._flood, self._behind = flood, behind
        self._connect, self._take, self._say = connect, take, say
        self._shared = (_SHARED.match(subscribed) or [""])[0]
        self._wild = _WILD.search(subscribed) is not None

    async def open(self, client: aiomqtt.Client) -> None:
        """Subscribe after connecting."""
        await client.subscribe(self._subscribed, qos=self._qos)

    async def watch(self, client: aiomqtt.Client) -> None:
        """Shut the door in a flood and open it again, until cancelled."""
        while self._wild:
            await asyncio.sleep(PERIOD_S)
            trusted = self._flood(self._behind())
            if trusted is not None:
                with contextlib.suppress(aiomqtt.MqttError, SourceError):  # whoever reads notices it too
                    await self._shut(client, trusted)

    async def _shut(self, client: aiomqtt.Client, trusted: list[str]) -> None:
        self._say(
            "unreadable",
            f"a flood of messages: only the {len(trusted)} topics that gave samples at a fair pace, or are"
            " expected, are listened to, and new names are looked for now and then",
        )
        topics: list[str] = []
        pause_s = SHUT_S
        still: list[str] | None = trusted
        while still is not None:
            added = [topic for topic in still if topic not in topics]
            await self._subscribe(client, added)
            if not topics:
                await client.unsubscribe(self._subscribed)
            topics += added
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_SHUT_S)
            still = await self._look_out(frozenset(topics))
        await self._subscribe(client, [self._subscribed])
        await client.unsubscribe([f"{self._shared}{topic}" for topic in topics])
        self._say("streaming", "the flood is over; everybody is listened to again")

    async def _look_out(self, known: frozenset[str]) -> list[str] | None:
        """Listen to everybody for a moment, on a connection apart; return as `flood` does."""
        self._flood(0.0)
        async with AsyncExitStack() as stack:
            client = await self._connect(stack)
            await self._subscribe(client, [self._subscribed])
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_OUT_S):
                    async for message in client.messages:
                        if message.topic.value not in known:
                            self._take(message)
            return self._flood(math.inf)  # much less than made the flood keeps the door shut

    async def _subscribe(self, client: aiomqtt.Client, topics: Sequence[str]) -> None:
        """Subscribe in mid-run; what the broker kept is not wanted again."""
        shared = [topic if topic == self._subscribed else f"{self._shared}{topic}" for topic in topics]
        if self._fifth and shared:
            options = SubscribeOptions(qos=self._qos, retainHandling=_NEVER_RETAINED)
            await client.subscribe([(topic, options) for topic in shared])
        elif shared:
            await client.subscribe([(topic, self._qos) for topic in shared])
