"""Every kind of device against a direct replay of the same record, beat by beat.

Run ``python benchmarks/devices.py --seconds 120``. Each device is a process of its own on a
pty, at the speed of life; one monitor reads them all. The direct replay is given the
record at the device's rate, in the steps and within the range of its converter.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ecgmon.firmware_bridge.decoders import make_decoder
from ecgmon.monitor.core.events import Beat, Event, Gap, SampleBlock
from ecgmon.monitor.ingest.registry import open_source
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.monitor.run.stream import Stream
from ecgmon.sim.devices.boards import BOARDS, Measured
from ecgmon.sim.devices.signal import record_signal, resampled

SETTINGS: dict[str, dict[str, object]] = {"ascii": {"fs_hz": 250}, "openview": {"profile": "healthypi4"}}
OPTIONS = {"ascii": "&fs_hz=250", "openview": "&profile=healthypi4"}


class Beats:
    """Keeps the beats of each device."""

    def __init__(self) -> None:
        self.of: dict[str, list[Beat]] = {kind: [] for kind in BOARDS}
        self.gaps = 0

    def __enter__(self) -> Beats:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def write(self, events: Sequence[Event]) -> None:
        """Take beats and count gaps."""
        for event in events:
            if isinstance(event, Beat):
                self.of[event.device].append(event)
            self.gaps += isinstance(event, Gap)


def measured(kind: str, signal: np.ndarray) -> np.ndarray:
    """Return a signal as the board's converter gives it: in its steps, cut off at its range."""
    board = BOARDS[kind]()
    decoder, n = make_decoder(kind, SETTINGS.get(kind, {})), board.frame_samples
    board.streaming = True
    frames = (board.encode(Measured(signal[at : at + n], at)) for at in range(0, signal.size - n + 1, n))
    return np.concatenate([packet.samples_mv[0] for packet in decoder.feed(b"".join(frames))])


def direct(signal: np.ndarray, fs_hz: float) -> list[Beat]:
    """Return the beats of a signal that is simply there."""
    stream = Stream("direct", fs_hz)
    events = stream.process(SampleBlock(signal[None], 0, fs_hz))
    return [event for event in [*events, *stream.finish()] if isinstance(event, Beat)]


def score(kind: str, record: np.ndarray, found: list[Beat], seconds: float) -> dict[str, object]:
    """Compare the beats of a device with those of the direct replay."""
    fs_hz = BOARDS[kind]().fs_hz
    signal = measured(kind, resampled(record, 360.0, fs_hz))
    reference = [beat for beat in direct(signal, fs_hz) if beat.time_s < seconds - 2]
    found = [beat for beat in found if beat.time_s < seconds - 2]
    times = np.array([beat.time_s for beat in found])
    away = np.array([np.abs(times - beat.time_s).min() for beat in reference]) if found else np.array([9.0])
    hits = int((away <= 0.15).sum())
    symbols = sum(
        found[int(np.argmin(np.abs(times - beat.time_s)))].symbol == beat.symbol for beat in reference
    )
    return {
        "device": kind,
        "beats": len(reference),
        "f1": round(2 * hits / (len(reference) + len(found)), 4),
        "same_symbol": symbols,
        "largest_shift_samples": round(float(away.max()) * fs_hz, 2),
    }


def main() -> int:
    """Print a line of JSON for each device."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--record", default="200")
    arguments = parser.parse_args()
    record = record_signal(arguments.record, 360.0, duration_s=arguments.seconds)
    beats = Beats()
    with tempfile.TemporaryDirectory() as folder:
        ports = {kind: Path(folder) / kind for kind in BOARDS}
        base = [sys.executable, "-m", "ecgmon", "simulate", "--record", arguments.record]
        base += ["--duration", str(arguments.seconds)]
        boards = [
            subprocess.Popen([*base, "--device", kind, "--link", port], stdout=subprocess.DEVNULL)
            for kind, port in ports.items()
        ]
        while not all(port.exists() for port in ports.values()):
            time.sleep(0.1)
        settings = MonitorSettings()
        sources = [
            open_source(f"serial:{port}?device={kind}{OPTIONS.get(kind, '')}", settings)
            for kind, port in ports.items()
        ]
        monitor = Monitor(settings, sources, [beats], duration_s=arguments.seconds - 1)

        async def run() -> None:
            asyncio.get_running_loop().call_later(arguments.seconds + 10, monitor.stop)
            await monitor.run()

        asyncio.run(run())
        for board in boards:
            board.kill()
            board.wait()
    for kind, found in beats.of.items():
        print(json.dumps(score(kind, record, found, arguments.seconds)))
    print(json.dumps({"gaps": beats.gaps}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
