"""Virtual wearables that publish to a broker: one, or a crowd, each with a connection of its own."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import aiomqtt
import numpy as np
from numpy.typing import NDArray

from ecgmon.firmware_bridge.broker import Broker
from ecgmon.sim.devices.boards import Measured, NativeBoard
from ecgmon.sim.devices.faults import FaultSettings, Wire, within

_LAST_WORD_S = 2.0

CHARGED_PERCENT, EMPTY_PERCENT = 80.0, 5.0
"""What a wearable that publishes JSON says of its battery."""


@dataclass
class Tally:
    """What a crowd has sent.

    Parameters
    ----------
    messages, samples : int
        Messages and samples that the broker took.
    late_s : float
        Longest delay of a message against its time.
    """

    messages: int = 0
    samples: int = 0
    late_s: float = 0.0


@dataclass
class Wearable:
    """A device that measures a signal and publishes it.

    Parameters
    ----------
    name : str
        Name of the device; part of its topic.
    signal_mv : array of shape (n,)
        What it measures, at `fs_hz`; begins anew at its end if ``repeat``.
    fs_hz : float
        Sampling rate in Hz.
    json : bool
        Publish JSON in place of native frames.
    frame_s : float
        Seconds of signal in a message.
    repeat : bool
        Go on for ever.
    faults : FaultSettings
        What goes wrong.
    """

    name: str
    signal_mv: NDArray[np.float64]
    fs_hz: float = 250.0
    json: bool = False
    frame_s: float = 0.1
    repeat: bool = False
    faults: FaultSettings = field(default_factory=FaultSettings)

    def __post_init__(self) -> None:
        board = NativeBoard(self.name)
        board.set_rate(self.fs_hz, max(1, round(self.frame_s * self.fs_hz)))
        self._board = board
        self._wire = Wire(self.faults)
        self.n_frames = self.signal_mv.size // board.frame_samples

    @property
    def frame_samples(self) -> int:
        """Samples in a message."""
        return self._board.frame_samples

    def due_s(self, frame: int) -> float:
        """Return when a frame is complete, in seconds from the beginning."""
        return (frame + 1) * self.frame_samples / (self.fs_hz * (1 + self.faults.drift_ppm * 1e-6))

    def message(self, frame: int) -> bytes:
        """Return what is published for a frame; empty if a fault swallows it."""
        n = self.frame_samples
        at_s = frame * n / self.fs_hz
        if within((*self.faults.pauses, *self.faults.unplugs), at_s):
            return b""
        at = (frame % self.n_frames) * n
        low = within(self.faults.battery_low, at_s)
        part = Measured(self.signal_mv[at : at + n], frame * n, within(self.faults.lead_off, at_s), low)
        if not self.json:
            return self._wire.carry(self._board.encode(part))
        message = {
            "device": self.name,
            "fs_hz": self.fs_hz,
            "t0": round(at_s, 6),
            "seq": frame,
            "unit": "mV",
            "lead": "ECG",
            "lead_off": part.lead_off,
            "battery_percent": EMPTY_PERCENT if low else CHARGED_PERCENT,
            "samples": np.round(part.samples_mv, 4).tolist(),
        }
        return self._wire.carry(json.dumps(message).encode())

    async def publish(
        self,
        broker: Broker,
        topic: str,
        *,
        speed: float = 1.0,
        began_s: float | None = None,
        tally: Tally | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Publish until the signal ends; a broker that goes away loses what is sent meanwhile.

        Parameters
        ----------
        broker : Broker
            Where to publish.
        topic : str
            Topic, with ``{device}`` for the name.
        speed : float
            Times the speed of life.
        began_s : float, optional
            Time of sample 0 on the clock; now by default.
        tally : Tally, optional
            Counts what was sent.
        clock : callable
            Returns seconds and never jumps.
        """
        began_s = clock() if began_s is None else began_s
        counts = tally if tally is not None else Tally()
        where, frame = topic.format(device=self.name), 0
        while self.repeat or frame < self.n_frames:
            async with AsyncExitStack() as stack:
                try:
                    client = await broker.reconnect(stack)
                    frame = max(frame, int((clock() - began_s) * speed / self.due_s(0)) if frame else 0)
                    while self.repeat or frame < self.n_frames:
                        wait_s = self.due_s(frame) / speed - (clock() - began_s)
                        if wait_s > 0:
                            await asyncio.sleep(wait_s)
                        data = self.message(frame)
                        frame += 1
                        if data:
                            await client.publish(where, data, qos=broker.settings.qos, timeout=_LAST_WORD_S)
                            counts.messages += 1
                            counts.samples += self.frame_samples
                            counts.late_s = max(counts.late_s, -wait_s)
                except aiomqtt.MqttError:
                    await asyncio.sleep(0.1)


async def publish_crowd(
    wearables: Sequence[Wearable],
    broker: Broker,
    topic: str = "ecg/{device}/raw",
    *,
    speed: float = 1.0,
    tally: Tally | None = None,
) -> None:
    """Let many wearables publish at once, their messages spread evenly in time.

    Parameters
    ----------
    wearables : sequence of Wearable
        The crowd.
    broker : Broker
        Where to publish.
    topic : str
        Topic, with ``{device}`` for the name.
    speed : float
        Times the speed of life.
    tally : Tally, optional
        Counts what was sent.
    """
    now = time.monotonic() + 0.5 + 0.005 * len(wearables)
    async with asyncio.TaskGroup() as group:
        for place, wearable in enumerate(wearables):
            offset = wearable.due_s(0) * place / max(1, len(wearables)) / speed
            group.create_task(wearable.publish(broker, topic, speed=speed, began_s=now + offset, tally=tally))
