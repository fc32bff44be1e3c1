"""Record 200 through a virtual device, a port and the whole loop gives the beats of a direct replay."""

import asyncio
import time

import numpy as np
import pytest

from ecgmon.firmware_bridge.links import SerialLink
from ecgmon.monitor.core.events import Beat, SampleBlock
from ecgmon.monitor.ingest.live_settings import SerialSettings
from ecgmon.monitor.ingest.serial import SerialSource
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.monitor.run.stream import Stream
from ecgmon.sim.devices.boards import BOARDS
from ecgmon.sim.devices.device import VirtualDevice
from ecgmon.sim.devices.pty import PtyDevice
from ecgmon.sim.devices.signal import record_signal, resampled

OPTIONS = {"ascii": {"fs_hz": 250}, "openview": {"profile": "healthypi4"}}
SECONDS, SPEED = 24.0, 4.0


class Beats:
    def __init__(self):
        self.seen = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def write(self, events):
        self.seen += [event for event in events if isinstance(event, Beat)]


@pytest.fixture(scope="module")
def record():
    return record_signal("200", 360.0, duration_s=SECONDS)


def direct(record, fs_hz):
    stream = Stream("direct", fs_hz)
    events = stream.process(SampleBlock(resampled(record, 360.0, fs_hz)[None], 0, fs_hz))
    return [event for event in [*events, *stream.finish()] if isinstance(event, Beat)]


def matched(reference, found, tolerance_s):
    """Return how many beats of one list have a partner in the other, each at most one."""
    times = np.array([beat.time_s for beat in found])
    return sum(bool((np.abs(times - beat.time_s) <= tolerance_s).any()) for beat in reference)


@pytest.mark.parametrize("kind", ["cyton", "native", "polar"])
async def test_a_device_gives_the_beats_of_a_direct_replay(kind, record):
    board = BOARDS[kind]()
    clock = lambda: SPEED * time.monotonic()  # noqa: E731
    device = VirtualDevice(board, resampled(record, 360.0, board.fs_hz))
    with PtyDevice(device, speed=SPEED) as port:
        link = SerialLink(str(port.path), gather_s=0.02, clock=clock)
        source = SerialSource(link, SerialSettings(device=kind, options=OPTIONS.get(kind, {})), clock)
        beats = Beats()
        monitor = Monitor(MonitorSettings(), [source], [beats], duration_s=SECONDS - 0.2)
        async with asyncio.timeout(60):
            await monitor.run()
    reference = [beat for beat in direct(record, board.fs_hz) if beat.time_s < SECONDS - 1]
    found = [beat for beat in beats.seen if beat.time_s < SECONDS - 1]
    assert len(reference) > 30
    assert len(found) == len(reference)
    assert matched(reference, found, 1 / board.fs_hz) == len(reference)
    close = direct(record, 360.0)
    assert matched(found, close, 1 / board.fs_hz + 1 / 360) >= 0.97 * len(found)
