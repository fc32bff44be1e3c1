"""How many wearables one monitor serves: virtual ones through mosquitto into the real loop.

Run ``python benchmarks/crowd.py --counts 25 50 100`` on a machine with mosquitto. Broker,
wearables and monitor are processes of their own on the loopback; CPU and memory are
those of the monitor's process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil

from benchmarks.mosquitto import mosquitto
from ecgmon.firmware_bridge.broker import Broker
from ecgmon.firmware_bridge.broker_settings import BrokerSettings
from ecgmon.monitor.core.events import Beat, Event, SourceStatus
from ecgmon.monitor.inference.classification import ClassifierSettings
from ecgmon.monitor.ingest.live_settings import MqttSettings
from ecgmon.monitor.ingest.mqtt import MqttSource
from ecgmon.monitor.pipeline.pipeline import PipelineSettings
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.sim.devices.signal import record_signal, resampled
from ecgmon.sim.devices.wearable import Tally, Wearable

FS_HZ = 250.0
FRAME_S = 0.1
SETTLE_S = 10.0


def offset_s(number: int, count: int) -> float:
    """Spread the messages of a crowd evenly over a frame."""
    return FRAME_S * number / count


class Watch:
    """Measures how late each beat is known, against when its sample was measured."""

    def __init__(self, began_s: float, seconds: float, count: int) -> None:
        self.latency_s: list[float] = []
        self.health: dict[str, dict[str, float]] = {}
        self._began_s, self._count = began_s, count
        self._end_s = began_s + seconds

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def write(self, events: Sequence[Event]) -> None:
        """Note how late each beat is, and the figures of each device."""
        now_s = time.monotonic()
        for event in events:
            if isinstance(event, SourceStatus):
                self.health[event.device] = dict(event.health)
            elif isinstance(event, Beat) and self._began_s + SETTLE_S < now_s < self._end_s:
                measured_s = self._began_s + offset_s(int(event.device[1:]), self._count)
                self.latency_s.append(now_s - measured_s - (event.known_at + 1) / FS_HZ)


def publish(port: int, count: int, seconds: float, began_s: float, out: str) -> None:
    """Be the crowd, in a process of its own."""
    base = record_signal("100", 360.0, duration_s=120.0)
    signal = resampled(base, 360.0, FS_HZ)[: round(seconds * FS_HZ)]
    broker = Broker("127.0.0.1", port, tls=False, settings=BrokerSettings(qos=0))
    tally = Tally()

    async def crowd() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                wearable = Wearable(f"w{number}", signal, FS_HZ, frame_s=FRAME_S)
                began = began_s + offset_s(number, count)
                group.create_task(wearable.publish(broker, "ecg/{device}/raw", began_s=began, tally=tally))

    asyncio.run(crowd())
    Path(out).write_text(json.dumps({"samples": tally.samples, "late_s": tally.late_s}))


def measure(count: int, seconds: float, port: int, folder: str, model: str | None) -> dict[str, float]:
    """Serve a crowd and return the figures."""
    began_s = time.monotonic() + 10.0 + 0.02 * count
    out = str(Path(folder) / f"crowd-{count}.json")
    crowd = multiprocessing.get_context("spawn").Process(
        target=publish, args=(port, count, seconds, began_s, out)
    )
    chosen = MqttSettings(report_s=5.0)
    broker = Broker("127.0.0.1", port, tls=False, settings=chosen)
    watch = Watch(began_s, seconds, count)
    settings = MonitorSettings(pipeline=PipelineSettings(classifier=ClassifierSettings(model=model)))
    monitor = Monitor(settings, [MqttSource(broker, "ecg/+/raw", chosen)], [watch])
    process = psutil.Process()
    usage: dict[str, float] = {}

    async def run() -> None:
        task = asyncio.create_task(monitor.run())
        await asyncio.sleep(began_s + SETTLE_S - time.monotonic())
        before = process.cpu_times()
        from_s = time.monotonic()
        await asyncio.sleep(seconds - SETTLE_S - 1)
        after = process.cpu_times()
        used = after.user + after.system - before.user - before.system
        usage["cpu_percent"] = 100 * used / (time.monotonic() - from_s)
        usage["rss_mb"] = process.memory_info().rss / 1e6
        await asyncio.sleep(4)
        monitor.stop()
        await task

    empty_mb = process.memory_info().rss / 1e6
    crowd.start()
    asyncio.run(run())
    crowd.join(30)
    sent = json.loads(Path(out).read_text())
    latency = np.array(watch.latency_s)
    received = sum(stream.pipeline.processed for stream in monitor.streams.values())
    health = watch.health.values()
    return {
        "devices": count,
        "streams": len(monitor.streams),
        "samples_sent": sent["samples"],
        "samples_received": received,
        "lost_samples": sum(h.get("lost_samples", 0) for h in health),
        "dropped": sum(h.get("dropped_blocks", 0) for h in health),
        "sender_late_ms": round(1e3 * sent["late_s"]),
        "latency_p50_ms": round(1e3 * float(np.percentile(latency, 50))),
        "latency_p99_ms": round(1e3 * float(np.percentile(latency, 99))),
        "cpu_percent": round(usage["cpu_percent"], 1),
        "cpu_percent_per_stream": round(usage["cpu_percent"] / count, 2),
        "rss_mb": round(usage["rss_mb"]),
        "rss_mb_per_stream": round((usage["rss_mb"] - empty_mb) / count, 2),
        "load": round(psutil.getloadavg()[0], 1),
    }


def main() -> int:
    """Measure each count and print a line of JSON for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=[25, 50, 100])
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--model")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        mosquitto(Path(folder), "max_queued_messages 0") as port,
    ):
        for count in arguments.counts:
            print(json.dumps(measure(count, arguments.seconds, port, folder, arguments.model)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
