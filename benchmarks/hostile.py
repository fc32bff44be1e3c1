"""What hostile payloads, names and floods cost the beds beside them: ``python -m benchmarks.hostile``.

Two beds publish through a real mosquitto into the real loop, one of them with an asystole. Beside
them comes one hostile item after another (``--alone``), or all of a kind at once; each live, and once
more as a message that the broker kept. A bed is well if its beats are those of a run without anything
hostile, sample for sample, and its asystole is told at the same sample. Publishers are processes of
their own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import multiprocessing
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event as Begun
from pathlib import Path

import numpy as np
import psutil

from benchmarks.hostile_items import NAMES_IN_TURN, Item, floods, items
from benchmarks.mosquitto import mosquitto
from ecgmon.firmware_bridge.broker import Broker
from ecgmon.monitor.core.events import Alarm, Beat, Event, SourceStatus
from ecgmon.monitor.ingest.live_settings import MqttSettings
from ecgmon.monitor.ingest.mqtt import MqttSource
from ecgmon.monitor.outputs.base import Output
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.sim.devices.signal import record_signal
from ecgmon.sim.devices.wearable import Wearable

FS_HZ = 250.0
STANDSTILL_S, END_S = 10.0, 18.0
"""When the heart of the second bed stops, and when both end."""

HEARD_S = 3.0
"""Seconds for which the beds have been heard when the rest begins."""

IN_TIME_S = 2.0
"""An alarm is in time if it is out at most so much later than without anything hostile."""


@dataclass
class Outcome:
    """What became of the two beds.

    Parameters
    ----------
    beats : list of (str, int, str)
        Device, sample and symbol of each beat, sorted.
    asystole : list of int
        Samples at which asystole was known, by the device's own count.
    told_s : float
        When it was told, in seconds of signal after the first sample.
    devices : set of str
        Names that gave samples or news.
    memory_mb : float
        Most memory in use.
    """

    beats: list[tuple[str, int, str]] = field(default_factory=list)
    asystole: list[int] = field(default_factory=list)
    told_s: float = float("inf")
    devices: set[str] = field(default_factory=set)
    memory_mb: float = 0.0


class Witness:
    """An output that notes what is said of the beds."""

    def __init__(self, speed: float) -> None:
        self.outcome = Outcome()
        self._speed = speed
        self._began_s: float | None = None

    def __enter__(self) -> Witness:
        return self

    def __exit__(self, *_: object) -> None:
        self.outcome.beats.sort()

    def write(self, events: Sequence[Event]) -> None:
        """Note beats, asystole and devices."""
        outcome, now_s = self.outcome, time.monotonic()
        for event in events:
            if not isinstance(event, SourceStatus):
                outcome.devices.add(event.device)
            if event.device not in ("bed1", "bed2"):
                continue
            self._began_s = now_s if self._began_s is None else self._began_s
            if isinstance(event, Beat):
                outcome.beats.append((event.device, event.sample, event.symbol))
            elif isinstance(event, Alarm) and event.kind == "asystole" and event.state == "active":
                outcome.asystole.append(event.known_at)
                outcome.told_s = min(outcome.told_s, (now_s - self._began_s) * self._speed)


def beds() -> list[Wearable]:
    """Return the two beds: one well, one whose heart stops."""
    signal = record_signal("100", FS_HZ, duration_s=END_S)
    still = signal.copy()
    at = round(STANDSTILL_S * FS_HZ)
    still[at:] = 0.004 * np.random.default_rng(14).standard_normal(still.size - at)
    return [
        Wearable("bed1", signal, FS_HZ, json=True),
        Wearable("bed2", np.round(still, 3), FS_HZ),
    ]


class Pipe:
    """A connection that publishes whatever it is given, and connects again when it is thrown out."""

    def __init__(self, port: int, name: str) -> None:
        self._port, self._name = port, name
        self._socket: socket.socket | None = None

    def send(self, topic: bytes, payload: bytes, *, retain: bool = False, times: int = 1) -> None:
        """Publish at quality of service 0."""
        body = struct.pack(">H", len(topic)) + topic + payload
        packet = bytes([0x31 if retain else 0x30]) + _length(len(body)) + body
        try:
            self._connected().sendall(packet * times)
        except OSError:
            self.close()
            self._socket = None

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=10.0)
            name = self._name.encode()
            head = b"\x00\x04MQTT\x04\x02\x00\x00" + struct.pack(">H", len(name)) + name
            self._socket.sendall(b"\x10" + _length(len(head)) + head)
            self._socket.recv(4)
        return self._socket


def _length(number: int) -> bytes:
    """Return a length as MQTT writes it."""
    found = b""
    while True:
        number, low = number >> 7, number & 127
        found += bytes([low | (128 if number else 0)])
        if not number:
            return found


def _topic(item: Item, number: int) -> bytes:
    turn = NAMES_IN_TURN.get(item.kind)
    return (item.topic.format(number % turn) if turn else item.topic).encode(errors="surrogatepass")


def publish_beds(port: int, speed: float, begun: Begun) -> None:
    """Be the beds, in a process of its own."""
    ward, pipe = beds(), Pipe(port, "beds")
    began_s = time.monotonic()
    begun.set()
    for frame in range(ward[0].n_frames):
        time.sleep(max(0.0, began_s + ward[0].due_s(frame) / speed - time.monotonic()))
        for bed in ward:
            pipe.send(f"ecg/{bed.name}/raw".encode(), bed.message(frame))


def publish_evil(port: int, places: Sequence[int], among: str, speed: float, begun: Begun) -> None:
    """Be all that is hostile, in a process of its own, from when the beds have been heard.

    A flood comes as fast as it says; all else at the speed of the beds.
    """
    chosen = [(floods() if among == "floods" else items())[place] for place in places]
    pipes, sent = [Pipe(port, f"evil{place}") for place in places], [0] * len(chosen)
    pace = 1.0 if among == "floods" else speed
    begun.wait()
    began_s = time.monotonic() + HEARD_S / speed
    while (at_s := time.monotonic() - began_s) < (END_S - HEARD_S) / speed:
        for place, item in enumerate(chosen):
            due = int(max(0.0, at_s) * pace * item.rate_hz) - sent[place]
            for _ in range(min(due, 500)):
                pipes[place].send(_topic(item, sent[place]), item.message(sent[place]))
                sent[place] += 1
        time.sleep(0.002)


def keep(port: int, chosen: Sequence[Item], *, forget: bool = False) -> None:
    """Leave each item's message with the broker, or take it away again."""
    for item in chosen:
        with contextlib.closing(Pipe(port, "keeper")) as pipe:
            pipe.send(_topic(item, 0), b"" if forget else item.message(0), retain=True)
    time.sleep(0.3)


def witnessed(
    port: int,
    places: Sequence[int] = (),
    among: str = "items",
    speed: float = 4.0,
    folder: Path | None = None,
) -> Outcome:
    """Serve the beds beside what is hostile, and return what became of them."""
    settings = MqttSettings()
    broker = Broker("127.0.0.1", port, tls=False, settings=settings)
    source = MqttSource(broker, "ecg/+/raw", settings, clock=lambda: speed * time.monotonic())
    witness = Witness(speed)
    outputs: list[Output] = [witness, *(_files(folder) if folder is not None else ())]
    monitor = Monitor(MonitorSettings(), [source], outputs, shown=False)
    spawned = multiprocessing.get_context("spawn")
    begun = spawned.Event()
    senders = [
        spawned.Process(target=publish_beds, args=(port, speed, begun)),
        spawned.Process(target=publish_evil, args=(port, places, among, speed, begun)),
    ]

    async def run() -> None:
        task = asyncio.create_task(monitor.run())
        await asyncio.sleep(0.2)
        for sender in senders:
            sender.start()
        await asyncio.to_thread(begun.wait)
        began_s = time.monotonic()
        while time.monotonic() < began_s + END_S / speed + 2.0:
            await asyncio.sleep(0.2)
            memory_mb = psutil.Process().memory_info().rss / 1e6
            witness.outcome.memory_mb = max(witness.outcome.memory_mb, memory_mb)
        monitor.stop()
        await task

    asyncio.run(run())
    for sender in senders:
        sender.join(10)
        sender.kill()
    return witness.outcome


def _files(folder: Path) -> list[Output]:
    from ecgmon.monitor.outputs.annotations import AnnotationOutput
    from ecgmon.monitor.outputs.jsonl import JsonLinesOutput

    return [AnnotationOutput(folder / "annotations"), JsonLinesOutput(folder / "events.jsonl")]


@dataclass
class Row:
    """What a kind did, over all of its runs."""

    kind: str
    items: int = 0
    runs: int = 0
    beats: int = 0
    told: int = 0
    latest_s: float = 0.0
    memory_mb: float = 0.0

    def add(self, found: Outcome, clean: Outcome) -> None:
        """Count one run."""
        self.runs += 1
        self.beats += len(set(found.beats) ^ set(clean.beats))
        late_s = found.told_s - clean.told_s
        self.told += found.asystole == clean.asystole and late_s <= IN_TIME_S
        self.latest_s = max(self.latest_s, late_s)
        self.memory_mb = max(self.memory_mb, found.memory_mb)

    def line(self) -> str:
        """Return it as a line of a table."""
        return (
            f"| {self.kind} | {self.items} | {self.runs} | {self.beats} | {self.told} of {self.runs} |"
            f" {self.latest_s:.1f} | {self.memory_mb:.0f} |"
        )


HEAD = (
    "| kind | items | runs | beats that differ | asystole in time | latest, s | memory, MB |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
)


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--alone", action="store_true", help="each item in a run of its own")
    parser.add_argument("--kind", help="items of this kind only")
    parser.add_argument("--speed", type=float, default=2.0, help="times the speed of life (2)")
    options = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name, mosquitto(Path(name)) as port:
        clean = witnessed(port, speed=options.speed)
        print(f"undisturbed: {len(clean.beats)} beats, asystole at {clean.asystole}", file=sys.stderr)
        every = list(enumerate(items()))
        for kind, group in itertools.groupby(
            sorted(every, key=lambda one: one[1].kind), lambda one: one[1].kind
        ):
            if options.kind not in (None, kind):
                continue
            found = list(group)
            row = Row(kind, len(found))
            for part in [[one] for one in found] if options.alone else [found]:
                row.add(witnessed(port, [place for place, _ in part], speed=options.speed), clean)
                keep(port, [item for _, item in part])
                row.add(witnessed(port, speed=options.speed), clean)
                keep(port, [item for _, item in part], forget=True)
                print(f"{kind}: {part[0][1].label}: {row.line()}", file=sys.stderr)
            rows.append(row)
        clean = witnessed(port, speed=1.0) if options.kind is None else clean
        for place, item in enumerate(floods()):
            if options.kind in (None, item.kind):
                row = Row(f"flood: {item.kind}, {item.label}", 1)
                row.add(witnessed(port, [place], "floods", speed=1.0), clean)
                print(row.line(), file=sys.stderr)
                rows.append(row)
    print(HEAD)
    print("\n".join(row.line() for row in rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
