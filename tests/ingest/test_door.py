"""In a flood only those who behave are listened to, and all others again when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Any

import pytest

from ecgmon.monitor.ingest import door as doors
from ecgmon.monitor.ingest.door import Door


class Client:
    """A connection that keeps what is asked of it, and hands on what it was given."""

    def __init__(self, *topics: str) -> None:
        self.wanted: set[str] = set()
        self._topics = topics

    async def subscribe(self, topics: Any, qos: int = 0) -> None:
        self.wanted |= {topics} if isinstance(topics, str) else {topic for topic, _ in topics}

    async def unsubscribe(self, topics: str | list[str]) -> None:
        self.wanted -= {topics} if isinstance(topics, str) else set(topics)

    @property
    async def messages(self) -> AsyncIterator[Any]:
        for topic in self._topics:
            yield SimpleNamespace(topic=SimpleNamespace(value=topic))
        await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("subscribed", "shared"),
    [("ecg/+/raw", ""), ("$share/us/ecg/+/raw", "$share/us/")],
    ids=["plain", "shared"],
)
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_in_a_flood_the_broker_is_asked_for_good_topics_only(monkeypatch, subscribed, shared, protocol):
    monkeypatch.setattr(doors, "PERIOD_S", 0.001)
    monkeypatch.setattr(doors, "LOOK_OUT_S", 0.01)
    monkeypatch.setattr(doors, "SHUT_S", 0.01)
    client, over, said, taken, seen = Client(), asyncio.Event(), [], [], []
    # calm, a flood, then twice: a new count and what it shows
    verdicts = iter([None, ["ecg/a/raw"], None, ["ecg/a/raw", "ecg/b/raw"], None, None])

    def flood(_: float) -> list[str] | None:
        seen.append(set(client.wanted))
        return next(verdicts, None)

    def say(state: str, words: str) -> None:
        said.append((state, words))
        if state == "streaming":
            over.set()

    async def connect(_: AsyncExitStack) -> Client:
        return Client("ecg/a/raw", "ecg/new/raw")

    door = Door(
        subscribed,
        qos=1,
        protocol=protocol,
        flood=flood,
        behind=lambda: 0.0,
        connect=connect,
        take=lambda message: taken.append(message.topic.value),
        say=say,
    )
    await door.open(client)
    watch = asyncio.create_task(door.watch(client))
    async with asyncio.timeout(10):
        await over.wait()
    watch.cancel()
    assert seen[1] == {subscribed}
    assert seen[2] == {f"{shared}ecg/a/raw"}
    assert seen[4] == {f"{shared}ecg/a/raw", f"{shared}ecg/b/raw"}
    assert client.wanted == {subscribed}
    assert [state for state, _ in said] == ["unreadable", "streaming"]
    assert "only the 1 topics" in said[0][1]
    assert taken == ["ecg/new/raw", "ecg/new/raw"]


async def test_a_topic_without_wildcards_has_no_door_to_shut():
    door = Door(
        "ecg", qos=0, protocol="5", flood=[].append, behind=float, connect=None, take=print, say=print
    )  # type: ignore[arg-type]
    async with asyncio.timeout(1):
        await door.watch(Client())  # type: ignore[arg-type]
