"""A battery that runs low is told from the device's first bit to the alarm, and so is its charge."""

from __future__ import annotations

import asyncio
import json
import time

import numpy as np
import pytest

from ecgmon.firmware_bridge.bridge import NativeWriter
from ecgmon.firmware_bridge.decoders.native import NativeDecoder
from ecgmon.firmware_bridge.links import SerialLink
from ecgmon.monitor.core.events import Alarm, SampleBlock
from ecgmon.monitor.ingest.clock_settings import ClockSettings
from ecgmon.monitor.ingest.live import LiveDevice
from ecgmon.monitor.ingest.live_settings import MqttSettings, SerialSettings
from ecgmon.monitor.ingest.payload import PayloadDecoder
from ecgmon.monitor.ingest.serial import SerialSource
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.presence import news_of
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.monitor.run.stream import Stream
from ecgmon.sim.devices.boards import BOARDS
from ecgmon.sim.devices.device import VirtualDevice
from ecgmon.sim.devices.faults import FaultSettings
from ecgmon.sim.devices.pty import PtyDevice
from ecgmon.sim.devices.wearable import Wearable

SPEED = 4.0
NOISE = np.random.default_rng(1).normal(0, 0.01, 20 * 250)
LOW = FaultSettings(battery_low=((4.0, 6.0),))


class Battery:
    """Keeps what is told of the battery."""

    def __init__(self) -> None:
        self.told: list[tuple[str, float]] = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def write(self, events):
        alarms = (e for e in events if isinstance(e, Alarm) and e.kind == "device_battery")
        self.told += [(alarm.state, alarm.time_s) for alarm in alarms]


async def test_a_low_battery_of_a_device_on_a_port_is_an_alarm_until_it_is_charged():
    clock = lambda: SPEED * time.monotonic()  # noqa: E731
    device = VirtualDevice(BOARDS["native"](), NOISE, LOW)
    battery = Battery()
    with PtyDevice(device, speed=SPEED) as port:
        link = SerialLink(str(port.path), gather_s=0.02, clock=clock)
        source = SerialSource(link, SerialSettings(device="native", report_s=0.5), clock)
        monitor = Monitor(MonitorSettings(), [source], [battery], duration_s=14.0)
        async with asyncio.timeout(30):
            await monitor.run()
    assert [state for state, _ in battery.told] == ["active", "inactive"]
    assert [time_s for _, time_s in battery.told] == pytest.approx([4.5, 10.5], abs=1.0)


def test_a_charge_in_json_messages_is_an_alarm_when_it_is_low():
    wearable = Wearable("bed-1", NOISE, json=True, faults=LOW)
    decoder = PayloadDecoder(MqttSettings())
    device, stream = LiveDevice("bed-1", ClockSettings()), Stream("bed-1", 250.0)
    told = []
    for frame in range(wearable.n_frames):
        packets = decoder.decode(wearable.message(frame))
        for block in device.blocks([(packets, frame * 0.1)], decoder.form):
            stream.process(block)
        events = stream.report(device.status("streaming", ""))
        told += [(e.state, e.message) for e in events if isinstance(e, Alarm)]
    assert told == [("active", "Device battery at 5 %"), ("inactive", "Device battery at 80 %")]


@pytest.mark.parametrize("charge", ["full", -1, 101, None, [], "nan"])
def test_a_charge_that_is_none_costs_no_samples(charge):
    message = {"fs_hz": 250, "samples": [1.0], "battery_percent": charge}
    (packet,) = PayloadDecoder(MqttSettings()).decode(json.dumps(message).encode())
    assert packet.n_samples == 1
    assert packet.battery_percent is None


def test_a_low_battery_crosses_the_bridge():
    block = SampleBlock(np.zeros((1, 10)), 0, 250.0)
    (low,) = NativeDecoder().feed(NativeWriter("x", 0.1).messages(block, battery_low=True)[0])
    assert low.battery_low


def test_a_silent_source_says_nothing_of_the_battery():
    device, stream = LiveDevice("x", ClockSettings()), Stream("x", 250.0)
    message = {"fs_hz": 250, "samples": [0.0] * 25, "battery_percent": 3}
    decoder = PayloadDecoder(MqttSettings())
    device.blocks([(decoder.decode(json.dumps(message).encode()), 0.0)], decoder.form)
    stream.report(device.status("streaming", ""))
    stream.report(news_of(stream, "silent", "no samples for 2 s"))
    assert "device_battery" in [alarm.kind for alarm in stream.alarms.open_alarms()]
