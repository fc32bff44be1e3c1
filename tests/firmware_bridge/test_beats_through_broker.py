"""Record 200 through device, port, bridge, broker and the whole loop gives the same beats as a replay."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "ingest"))

from mosquitto import BINARY, Mosquitto

from ecgmon.firmware_bridge.bridge import Bridge, BridgeSettings
from ecgmon.firmware_bridge.broker import Broker
from ecgmon.firmware_bridge.broker_settings import BrokerSettings
from ecgmon.firmware_bridge.links import SerialLink
from ecgmon.monitor.core.events import Beat, Gap, SampleBlock
from ecgmon.monitor.ingest.live_settings import MqttSettings, SerialSettings
from ecgmon.monitor.ingest.mqtt import MqttSource
from ecgmon.monitor.ingest.serial import SerialSource
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.monitor.run.stream import Stream
from ecgmon.sim.devices.boards import BOARDS
from ecgmon.sim.devices.device import VirtualDevice
from ecgmon.sim.devices.pty import PtyDevice
from ecgmon.sim.devices.signal import record_signal, resampled

FS_HZ = 250.0
SECONDS, SPEED = 30.0, 4.0


class Found:
    def __init__(self):
        self.beats, self.gaps = [], 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def write(self, events):
        self.beats += [event for event in events if isinstance(event, Beat)]
        self.gaps += sum(isinstance(event, Gap) for event in events)


@pytest.fixture
def server(tmp_path):
    if BINARY is None:
        pytest.skip("mosquitto is not installed")
    server = Mosquitto(tmp_path)
    server.start()
    yield server
    server.kill()


async def test_a_device_behind_bridge_and_broker_gives_the_beats_of_a_direct_replay(server, tmp_path):
    signal = resampled(record_signal("200", 360.0, duration_s=SECONDS), 360.0, FS_HZ)
    clock = lambda: SPEED * time.monotonic()  # noqa: E731
    device = VirtualDevice(BOARDS["native"](), signal)
    mqtt = MqttSettings()
    found = Found()
    listening = MqttSource(
        Broker("127.0.0.1", server.port, tls=False, settings=mqtt), "ecg/+/raw", mqtt, clock
    )
    monitor = Monitor(MonitorSettings(), [listening], [found], duration_s=SECONDS - 1)
    run = asyncio.create_task(monitor.run())
    await asyncio.sleep(0.5)
    with PtyDevice(device, speed=SPEED) as port:
        link = SerialLink(str(port.path), gather_s=0.02, clock=clock)
        source = SerialSource(link, SerialSettings(device="native", name="bed1"), clock)
        sending = Broker("127.0.0.1", server.port, tls=False, settings=BrokerSettings())
        bridge = asyncio.create_task(
            Bridge(source, sending, BridgeSettings(store=tmp_path / "s.sqlite")).run()
        )
        async with asyncio.timeout(60):
            await run
        bridge.cancel()
        await asyncio.gather(bridge, return_exceptions=True)
    stream = Stream("direct", FS_HZ)
    events = [*stream.process(SampleBlock(signal[None], 0, FS_HZ)), *stream.finish()]
    reference = [e for e in events if isinstance(e, Beat) and e.time_s < SECONDS - 2]
    beats = [beat for beat in found.beats if beat.time_s < SECONDS - 2]
    assert found.gaps == 0
    assert len(reference) > 30
    assert [beat.symbol for beat in beats] == [beat.symbol for beat in reference]
    shift = np.array([beat.sample for beat in beats]) - [beat.sample for beat in reference]
    assert np.abs(shift).max() <= 1
