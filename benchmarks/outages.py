"""Outages in one run: the broker killed twice, a port pulled out twice, a bridge in front of nothing lost.

Run ``python benchmarks/outages.py`` on a machine with mosquitto. Three wearables publish to
the broker; a fourth device stands behind a bridge; a Cyton is on a port of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ecgmon.firmware_bridge.bridge import Bridge, BridgeSettings
from ecgmon.firmware_bridge.broker import Broker
from ecgmon.firmware_bridge.broker_settings import BrokerSettings
from ecgmon.monitor.core.events import Beat, Event, Gap, SampleBlock
from ecgmon.monitor.ingest.registry import open_source
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.monitor.run.stream import Stream
from ecgmon.sim.devices.signal import record_signal
from ecgmon.sim.devices.wearable import Wearable, publish_crowd

FS_HZ = 250.0


class Book:
    """Writes down gaps and beats, and when they were heard."""

    def __init__(self) -> None:
        self.gaps: dict[str, list[float]] = {}
        self.beats: dict[str, list[float]] = {}
        self.heard: list[float] = []

    def __enter__(self) -> Book:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def write(self, events: Sequence[Event]) -> None:
        """Take gaps and beats."""
        for event in events:
            if isinstance(event, Gap):
                self.gaps.setdefault(event.device, []).append(round(event.length_samples / FS_HZ, 2))
            elif isinstance(event, Beat):
                self.beats.setdefault(event.device, []).append(event.time_s)
                if event.device == "w1":
                    self.heard.append(time.monotonic())


def direct_beats(signal: np.ndarray) -> np.ndarray:
    """Return the times, in seconds, of the beats of a signal that is simply there."""
    stream = Stream("direct", FS_HZ)
    events = [*stream.process(SampleBlock(signal[None], 0, FS_HZ)), *stream.finish()]
    return np.array([event.time_s for event in events if isinstance(event, Beat)])


def gap_error_percent(times_s: np.ndarray, reference_s: np.ndarray, gaps_s: float) -> float:
    """Return by how much the beats behind all gaps are shifted, in percent of the gaps' length."""
    last = times_s[times_s > times_s[-1] - 8.0]
    shifts = [time_s - reference_s[np.argmin(np.abs(reference_s - time_s))] for time_s in last]
    return round(100 * abs(float(np.median(shifts))) / gaps_s, 3)


async def run(
    port: int,
    server: list[str],
    broker_process: list[subprocess.Popen[bytes]],
    folder: Path,
    away_s: float,
    calm_s: float,
) -> dict[str, object]:
    """Let it all happen and return what came of it."""
    seconds = 2 * (away_s + calm_s) + calm_s
    signal = record_signal("100", FS_HZ, duration_s=seconds)
    settings = MonitorSettings()
    broker = Broker("127.0.0.1", port, tls=False, settings=BrokerSettings())
    unplugs = [f"--unplug={calm_s}:{away_s / 3}", f"--unplug={2 * calm_s + away_s}:{away_s / 3}"]
    simulate = [sys.executable, "-m", "ecgmon", "simulate", "--record", "100", "--duration", str(seconds)]
    boards = [
        subprocess.Popen(  # noqa: ASYNC220 - nothing else runs yet
            [*simulate, *extra, "--link", str(folder / name)], stdout=subprocess.DEVNULL
        )
        for name, extra in (("cyton", ["--device", "cyton", *unplugs]), ("bridged", ["--device", "native"]))
    ]
    await asyncio.sleep(10)  # for the virtual devices to load their record
    book = Book()
    sources = [
        open_source(f"mqtt://127.0.0.1:{port}/ecg/+/raw", settings),
        open_source(f"serial:{folder / 'cyton'}?device=cyton", settings),
    ]
    monitor = Monitor(settings, sources, [book])
    bridged = open_source(f"serial:{folder / 'bridged'}?device=native", settings)
    bridge = Bridge(bridged, broker, BridgeSettings(store=folder / "store.sqlite"))
    crowd = [Wearable(f"w{n}", signal) for n in range(3)]
    tasks = [asyncio.create_task(monitor.run())]
    await asyncio.sleep(1)
    tasks += [asyncio.create_task(bridge.run()), asyncio.create_task(publish_crowd(crowd, broker))]
    back: list[float] = []
    for _ in range(2):
        await asyncio.sleep(calm_s)
        broker_process[0].kill()
        broker_process[0].wait()
        await asyncio.sleep(away_s)
        broker_process[0] = await asyncio.to_thread(subprocess.Popen, server, stderr=subprocess.DEVNULL)
        back.append(time.monotonic())
    await asyncio.sleep(calm_s + 5)
    resumed = [round(min(t for t in book.heard if t > moment) - moment, 2) for moment in back]
    monitor.stop()
    await asyncio.gather(*tasks[:1])
    for task in tasks[1:]:
        task.cancel()
    await asyncio.gather(*tasks[1:], return_exceptions=True)
    for board in boards:
        board.kill()
        board.wait()
    reference = direct_beats(signal)
    doubled = sum(int((np.diff(times) < 0.2).sum()) for times in book.beats.values())
    return {
        "broker_away_s": away_s,
        "port_away_s": away_s / 3,
        "gaps_s": book.gaps,
        "gap_error_percent": {
            name: gap_error_percent(np.array(times), reference, sum(book.gaps[name]))
            for name, times in book.beats.items()
            if name in book.gaps
        },
        "first_beat_after_return_s": resumed,
        "beats": {name: len(times) for name, times in book.beats.items()},
        "doubled_beats": doubled,
    }


def main() -> int:
    """Print a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--away", type=float, default=30.0)
    parser.add_argument("--calm", type=float, default=15.0)
    arguments = parser.parse_args()
    mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if mosquitto is None:
        sys.exit("mosquitto is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = folder / "mosquitto.conf"
        config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
        server = [mosquitto, "-c", str(config)]
        running = [subprocess.Popen(server, stderr=subprocess.DEVNULL)]
        time.sleep(1)
        try:
            print(json.dumps(asyncio.run(run(port, server, running, folder, arguments.away, arguments.calm))))
        finally:
            running[0].kill()
            running[0].wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
