"""The bridge: one device's samples to a broker, stored while the broker is away."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

import aiomqtt
import numpy as np
from pydantic import Field

from ecgmon.firmware_bridge.broker import Broker
from ecgmon.firmware_bridge.decoders.native import (
    BATTERY_LOW,
    MAX_LEADS,
    MAX_SAMPLES,
    Hello,
    encode_data,
    encode_hello,
)
from ecgmon.firmware_bridge.errors import BrokerUnreachableError
from ecgmon.firmware_bridge.spool import Spool
from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.events import SampleBlock, SourceStatus

UV_PER_COUNT = 0.1
_BATCH = 8
_ANSWER_S = 2.0
_FULL_SCALE = 2**23 - 1


class BlockSource(Protocol):
    """What a bridge reads: an async context manager that yields blocks and news of the link."""

    @property
    def name(self) -> str:
        """Name of the device."""
        ...

    async def __aenter__(self) -> Self:
        """Open the link."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the link."""
        ...

    def __aiter__(self) -> AsyncIterator[SampleBlock | SourceStatus]:
        """Yield blocks in the order of their samples."""
        ...


class BridgeSettings(Settings):
    """How a device is bridged.

    Parameters
    ----------
    topic, status_topic : str
        Topics, with ``{device}`` for the name of the device.
    frame_s : float
        Seconds of signal in a message.
    store : Path
        File of messages that wait.
    store_max_mb : float
        Megabytes it may hold.
    when_full : {"drop_newest", "drop_oldest"}
        What gives way when it is full.
    status_s : float
        Seconds from one status to the next.
    settle_s : float
        How long to wait behind a broker's return before what was stored is sent, so that
        those who listen are back too, in seconds.
    """

    topic: str = "ecg/{device}/raw"
    status_topic: str = "ecg/{device}/status"
    frame_s: float = Field(default=0.1, gt=0, le=1)
    store: Path
    store_max_mb: float = Field(default=256.0, gt=0)
    when_full: Literal["drop_newest", "drop_oldest"] = "drop_newest"
    status_s: float = Field(default=10.0, gt=0)
    settle_s: float = Field(default=3.0, ge=0, le=600)


class NativeWriter:
    """Turn blocks into messages of native frames whose clock is the true sample index.

    Parameters
    ----------
    device : str
        Name that the hello gives.
    frame_s : float
        Seconds of signal in a message.
    """

    def __init__(self, device: str, frame_s: float) -> None:
        self._device = device
        self._frame_s = frame_s
        self._seq = 0
        self._next: int | None = None
        self._hello_due = 0

    def messages(self, block: SampleBlock, *, battery_low: bool = False) -> list[bytes]:
        """Return the messages of a block; samples that are missing leave a gap in the clock."""
        samples_mv = block.samples_mv[:MAX_LEADS]
        if block.lead_off:
            samples_mv = np.nan_to_num(samples_mv)
        whole = np.isfinite(samples_mv).all(axis=0)
        most = min(max(1, round(self._frame_s * block.fs_hz)), MAX_SAMPLES // len(samples_mv))
        flags = int(block.lead_off) | (BATTERY_LOW if battery_low else 0)
        messages = []
        for run in np.flatnonzero(np.diff(whole, prepend=False, append=False)).reshape(-1, 2):
            for at in range(run[0], run[1], most):
                part = samples_mv[:, at : min(at + most, run[1])]
                messages.append(self._message(block, part, block.start + int(at), flags))
        return messages

    def _message(self, block: SampleBlock, part: np.ndarray, start: int, flags: int) -> bytes:
        if self._next is not None and start != self._next:
            self._seq += 1  # a hole in the counter makes the reader look at the clock
        self._next = start + part.shape[1]
        t_us = round(start * 1e6 / block.fs_hz)
        counts = np.clip(np.round(part.T.ravel() * (1e3 / UV_PER_COUNT)), -_FULL_SCALE, _FULL_SCALE)
        data = encode_data(counts.astype(np.int32), self._seq, t_us, flags)
        if start >= self._hello_due:
            self._hello_due = start + round(block.fs_hz)
            hello = Hello(block.fs_hz, UV_PER_COUNT, block.leads[:MAX_LEADS], self._device)
            data = encode_hello(hello, self._seq, t_us) + data
        self._seq += 1
        return data


class Bridge:
    """Carry one device to a broker.

    Parameters
    ----------
    source : BlockSource
        The device.
    broker : Broker
        Where to publish.
    settings : BridgeSettings
        Topics and store.
    """

    def __init__(self, source: BlockSource, broker: Broker, settings: BridgeSettings) -> None:
        self.settings = settings
        self.delivered = 0
        self._source = source
        self._broker = broker
        self._topic = settings.topic.format(device=source.name)
        self._status_topic = settings.status_topic.format(device=source.name)
        self._writer = NativeWriter(source.name, settings.frame_s)
        self._waiting = asyncio.Event()
        self._ended = False
        self._health: dict[str, float] = {}
        self._state = "connecting"

    async def run(self) -> None:
        """Run until the device ends and everything is delivered.

        Raises
        ------
        SourceError
            The device cannot be used, or the broker refuses us from the start. A broker
            that is merely away is waited for.
        """
        limit = round(self.settings.store_max_mb * 1e6)
        with Spool(self.settings.store, limit, self.settings.when_full) as spool:
            async with AsyncExitStack() as stack:
                with contextlib.suppress(BrokerUnreachableError):
                    await self._broker.connect(stack)
            publish = asyncio.create_task(self._publish(spool))
            try:
                await self._read(spool)
                await publish
            finally:
                publish.cancel()
                await asyncio.gather(publish, return_exceptions=True)

    async def _read(self, spool: Spool) -> None:
        async with self._source as source:
            async for item in source:
                if isinstance(item, SourceStatus):
                    self._health, self._state = dict(item.health), item.state
                    continue
                for message in self._writer.messages(item, battery_low=bool(self._health.get("battery_low"))):
                    spool.put(message)
                self._waiting.set()
        self._ended = True
        self._waiting.set()

    async def _publish(self, spool: Spool) -> None:
        """Deliver what waits, connecting again whenever the broker goes away."""
        will = aiomqtt.Will(self._status_topic, json.dumps({"state": "offline"}), qos=1, retain=True)
        settle_s = 0.0
        while not (self._ended and not len(spool)):
            async with AsyncExitStack() as stack:
                with contextlib.suppress(aiomqtt.MqttError):
                    client = await self._broker.reconnect(stack, will)
                    await asyncio.sleep(settle_s)
                    settle_s = self.settings.settle_s
                    await self._deliver(client, spool)
                    await self._tell(client, spool, "offline")
                    return

    async def _deliver(self, client: aiomqtt.Client, spool: Spool) -> None:
        loop = asyncio.get_running_loop()
        qos = max(1, self._broker.settings.qos)  # with 0 nobody would say what has been delivered
        status_due_s = 0.0
        while True:
            if loop.time() >= status_due_s:
                await self._tell(client, spool, "online")
                status_due_s = loop.time() + self.settings.status_s
            messages = spool.peek(_BATCH)
            if messages:
                sends = (client.publish(self._topic, data, qos=qos, timeout=_ANSWER_S) for data in messages)
                await asyncio.gather(*sends)
                spool.done(len(messages))
                self.delivered += len(messages)
            elif self._ended:
                return
            else:
                self._waiting.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, status_due_s - loop.time())):
                        await self._waiting.wait()

    async def _tell(self, client: aiomqtt.Client, spool: Spool, state: str) -> None:
        """Publish the retained status."""
        status = {
            "state": state,
            "device": self._source.name,
            "link": self._state,
            "delivered": self.delivered,
            "waiting": len(spool),
            "dropped": spool.dropped,
            **{key: round(value, 3) for key, value in self._health.items()},
        }
        await client.publish(self._status_topic, json.dumps(status), qos=1, retain=True, timeout=_ANSWER_S)
