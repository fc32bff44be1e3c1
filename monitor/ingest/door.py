"""The subscription at a broker: open to everybody, or, in a flood, to those alone who behave."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Sequence

import aiomqtt
from paho.mqtt.subscribeoptions import SubscribeOptions

FLOOD_HZ = 2000.0
"""Messages a second of which nothing comes that make a flood."""

SHUT_S = 30.0
"""How long the door stays shut; twice as long each time, while the flood lasts."""

LONGEST_SHUT_S = 240.0

CALM_S = 60.0
"""After so long without a flood the next one is the first again."""

_WILD = re.compile(r"(^|/)[+#](/|$)")
_SHARED = re.compile(r"\$share/[^/]+/")
_NEVER_RETAINED = 2


class Door:
    """Keeps a subscription, and narrows it while somebody floods the broker.

    In a flood the topics of those who behave are subscribed to one by one, and the wildcards no
    more: then the broker, and not this program, throws the flood away.

    Parameters
    ----------
    subscribed : str
        Topic with wildcards.
    qos : int
        Quality of service.
    protocol : str
        MQTT version.
    wasted : callable
        Returns how many messages came to nothing so far.
    trusted : callable
        Returns the topics of those who behave.
    say : callable
        Takes what there is to say.
    """

    def __init__(
        self,
        subscribed: str,
        *,
        qos: int,
        protocol: str,
        wasted: Callable[[], int],
        trusted: Callable[[], Sequence[str]],
        say: Callable[[str], None],
    ) -> None:
        self._subscribed = subscribed
        self._qos = qos
        self._fifth = protocol == "5"
        self._wasted, self._trusted, self._say = wasted, trusted, say
        self._shared = (_SHARED.match(subscribed) or [""])[0]
        self._wild = _WILD.search(subscribed) is not None
        self._shut_s = SHUT_S

    async def open(self, client: aiomqtt.Client) -> None:
        """Subscribe after connecting."""
        await client.subscribe(self._subscribed, qos=self._qos)

    async def watch(self, client: aiomqtt.Client, period_s: float = 1.0) -> None:
        """Shut the door in a flood and open it again, until cancelled."""
        calm_s, wasted = 0.0, self._wasted()
        while self._wild:
            await asyncio.sleep(period_s)
            rate_hz, wasted = (self._wasted() - wasted) / period_s, self._wasted()
            calm_s += period_s
            if calm_s > CALM_S:
                self._shut_s = SHUT_S
            if rate_hz > FLOOD_HZ:
                calm_s = 0.0
                with contextlib.suppress(aiomqtt.MqttError):  # whoever reads will notice that it is gone
                    await self._shut(client, rate_hz)
                wasted = self._wasted()

    async def _shut(self, client: aiomqtt.Client, rate_hz: float) -> None:
        topics = [f"{self._shared}{topic}" for topic in self._trusted()]
        self._say(
            f"a flood of {rate_hz:.0f} messages a second: for {self._shut_s:.0f} s only the {len(topics)}"
            " topics that gave samples are listened to, and no new name is heard"
        )
        if topics:
            await self._subscribe(client, topics)
        await client.unsubscribe(self._subscribed)
        await asyncio.sleep(self._shut_s)
        self._shut_s = min(2 * self._shut_s, LONGEST_SHUT_S)
        await self._subscribe(client, [self._subscribed])
        if topics:
            await client.unsubscribe(topics)
        self._say("everybody is listened to again")

    async def _subscribe(self, client: aiomqtt.Client, topics: Sequence[str]) -> None:
        """Subscribe in mid-run; what the broker kept is not wanted again."""
        if self._fifth:
            options = SubscribeOptions(qos=self._qos, retainHandling=_NEVER_RETAINED)
            await client.subscribe([(topic, options) for topic in topics])
        else:
            await client.subscribe([(topic, self._qos) for topic in topics])
