"""The three that speak to a broker, each as a function that gets in or raises."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from ecgmon.firmware_bridge.bridge import Bridge, BridgeSettings
from ecgmon.firmware_bridge.broker import Broker
from ecgmon.monitor.core.events import HeartRate, SampleBlock, SourceStatus
from ecgmon.monitor.ingest.live_settings import MqttSettings as InputSettings
from ecgmon.monitor.ingest.registry import open_source
from ecgmon.monitor.ingest.settings import SourceSettings
from ecgmon.monitor.outputs.mqtt import MqttSink
from ecgmon.monitor.outputs.mqtt_settings import MqttSettings as OutputSettings

USER, PASSWORD = "nurse", "s3cret with: signs"

WayIn = Callable[[int, dict[str, Any], Path], None]
"""Takes port, keys of a broker's table and an empty folder."""


class Second:
    """A device that is heard for a second: 250 samples that count up."""

    name = "bed1"
    live = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[SampleBlock | SourceStatus]:
        for start in range(0, 250, 25):
            yield SampleBlock((start + np.arange(25.0))[None] * 1e-3, start, 250.0, self.name, ("II",))
            await asyncio.sleep(0)


def through_input(port: int, keys: dict[str, Any], folder: Path) -> None:
    async def enter() -> None:
        scheme = "mqtts" if keys.get("tls") else "mqtt"
        settings = SourceSettings(mqtt=InputSettings.model_validate(keys))
        async with open_source(f"{scheme}://127.0.0.1:{port}/ecg/+/raw", settings):
            pass

    asyncio.run(enter())


def through_bridge(port: int, keys: dict[str, Any], folder: Path) -> None:
    settings = InputSettings.model_validate(keys)
    broker = Broker("127.0.0.1", port, tls=False, settings=settings)
    bridge = Bridge(Second(), broker, BridgeSettings(store=folder / "spool.sqlite"))
    asyncio.run(bridge.run())
    assert bridge.delivered == 10


def through_output(port: int, keys: dict[str, Any], folder: Path) -> None:
    sink = MqttSink(OutputSettings.model_validate({"host": "127.0.0.1", "port": port, **keys}))
    with contextlib.closing(sink):
        for message in sink.messages(HeartRate(sample=0, time_s=0.0, known_at=0, bpm=60.0)):
            sink.send(message)


WAYS_IN: dict[str, WayIn] = {"input": through_input, "bridge": through_bridge, "output": through_output}
