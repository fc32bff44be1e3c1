"""Devices behind a real broker: many at once, the broker killed, and failures that explain themselves."""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import aiomqtt
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from mosquitto import BINARY, Mosquitto, free_port

from ecgmon.firmware_bridge.broker import Broker
from ecgmon.firmware_bridge.broker_settings import BrokerSettings
from ecgmon.firmware_bridge.decoders.native import Hello, encode_data, encode_hello
from ecgmon.firmware_bridge.errors import BrokerUnreachableError
from ecgmon.monitor.core.errors import UsageError
from ecgmon.monitor.core.events import SampleBlock, SourceStatus
from ecgmon.monitor.ingest.live_settings import MqttSettings
from ecgmon.monitor.ingest.mqtt import MqttSource
from ecgmon.monitor.ingest.payload import PayloadDecoder
from ecgmon.monitor.ingest.registry import open_source
from ecgmon.monitor.ingest.settings import SourceSettings
from ecgmon.monitor.ingest.topics import topic_name
from ecgmon.sim.devices.faults import FaultSettings
from ecgmon.sim.devices.wearable import Wearable, publish_crowd

pytestmark = pytest.mark.skipif(BINARY is None, reason="mosquitto is not installed")


@pytest.fixture
def broker(tmp_path):
    server = Mosquitto(tmp_path)
    server.start()
    yield server
    server.kill()


def at(server, **settings):
    return Broker("127.0.0.1", server.port, tls=False, settings=BrokerSettings(**settings))


def source_of(server, topic="ecg/+/raw", speed=1.0, **settings):
    chosen = MqttSettings(**settings)
    broker = Broker("127.0.0.1", server.port, tls=False, settings=chosen)
    return MqttSource(broker, topic, chosen, clock=lambda: speed * time.monotonic())


async def listen(source, until, timeout_s=30.0):
    items = []
    async with asyncio.timeout(timeout_s):
        async for item in source:
            items.append(item)
            if until(items):
                return items
    return items


def by_device(items):
    grids = {}
    for block in items:
        if isinstance(block, SampleBlock):
            grid = grids.setdefault(block.device, np.full(20_000, np.nan))
            assert np.isnan(grid[block.start : block.end]).all(), "a sample came twice"
            grid[block.start : block.end] = block.samples_mv[0]
    return grids


def complete(n_devices, n):
    """Say when every device has reached sample n."""
    ends = {}

    def done(items):
        if isinstance(items[-1], SampleBlock):
            ends[items[-1].device] = items[-1].end
        return len(ends) == n_devices and min(ends.values()) >= n

    return done


def wearable(name, **options):
    phase = sum(name.encode())
    return Wearable(name, np.round(np.sin(np.arange(1500) * 0.1 + phase), 3), **options)


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_a_broker_in_the_middle_changes_nothing(broker, as_json, protocol):
    crowd = [wearable(f"w{n}", json=as_json) for n in range(5)]
    async with source_of(broker, speed=4, protocol=protocol) as source:
        task = asyncio.create_task(publish_crowd(crowd, at(broker, protocol=protocol), speed=4))
        items = await listen(source, complete(5, 1500))
        await task
    grids = by_device(items)
    assert set(grids) == {f"w{n}" for n in range(5)}
    for one in crowd:
        np.testing.assert_allclose(grids[one.name][:1500], one.signal_mv, atol=3e-4)


async def test_a_broker_killed_twice_leaves_gaps_of_true_length_and_nothing_twice(broker):
    crowd = [Wearable(f"w{n}", np.arange(5000) * 1e-3, repeat=False) for n in range(3)]
    async with source_of(broker, retry_s=0.5) as source:
        task = asyncio.create_task(publish_crowd(crowd, at(broker, retry_s=0.5)))

        async def trouble():
            for _ in range(2):
                await asyncio.sleep(2.5)
                await asyncio.to_thread(broker.kill)
                await asyncio.sleep(2.5)
                await asyncio.to_thread(broker.start)

        troubles = asyncio.create_task(trouble())
        items = await listen(source, complete(3, 3500), timeout_s=60)
        await troubles
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    for grid in by_device(items).values():
        known = np.flatnonzero(~np.isnan(grid))
        np.testing.assert_allclose(grid[known], np.arange(5000)[known] * 1e-3, atol=3e-4)
        gaps = np.diff(known)
        assert (gaps > 100).sum() == 2
        assert known.size > 3500 * 0.35
    states = [item.state for item in items if isinstance(item, SourceStatus) and item.device == "w1"]
    assert states.count("reconnecting") == 2


async def test_one_broken_device_disturbs_no_other(broker):
    good, bad = wearable("good"), wearable("bad", faults=FaultSettings(flip_rate=0.01))
    async with source_of(broker, speed=4) as source:
        task = asyncio.create_task(publish_crowd([good, bad], at(broker), speed=4))
        async with aiomqtt.Client("127.0.0.1", broker.port) as client:
            for noise in (b"", b"{", b"{}", b"\x00" * 50, os.urandom(500), b"[1,2]", b'{"samples": [[[1]]]}'):
                await client.publish("ecg/noise/raw", noise)
        items = await listen(
            source, lambda i: isinstance(i[-1], SampleBlock) and i[-1].device == "good" and i[-1].end >= 1500
        )
        await task
    np.testing.assert_allclose(by_device(items)["good"][:1500], good.signal_mv, atol=3e-4)


async def test_a_slow_reader_loses_the_oldest_and_is_told(broker):
    async with source_of(broker, speed=8, queue_samples=500, report_s=0.1, gather_s=0.0) as source:
        task = asyncio.create_task(publish_crowd([wearable("w1")], at(broker), speed=8))
        before = await listen(source, lambda i: isinstance(i[-1], SampleBlock))
        await task
        await asyncio.sleep(0.3)
        items = await listen(source, lambda i: isinstance(i[-1], SourceStatus) and i[-1].device == "w1")
    blocks = [item for item in items if isinstance(item, SampleBlock)]
    assert blocks[0].start >= before[-1].end + 400
    assert blocks[-1].end == 1500
    assert items[-1].health["dropped_blocks"] >= 16
    assert items[-1].health["lost_samples"] == blocks[0].start - before[-1].end


def test_field_names_and_units_can_be_mapped():
    fields = {"samples": "data.ecg", "fs_hz": "rate", "seq": "n", "t0": "", "lead": "data.lead"}
    settings = MqttSettings.model_validate({"fields": fields, "unit": "uv", "payload": "json"})
    decoder = PayloadDecoder(settings)
    message = {"rate": 125, "n": 7, "data": {"ecg": [1000, -500, None], "lead": "II"}, "lead_off": True}
    (packet,) = decoder.decode(json.dumps(message).encode())
    np.testing.assert_allclose(packet.samples_mv, [[1.0, -0.5, np.nan]])
    assert decoder.form.leads == ("II",)
    assert decoder.form.fs_hz == 125
    assert packet.lead_off
    assert packet.seq == 7


def test_the_time_of_a_message_may_be_written_in_three_ways():
    decoder = PayloadDecoder(MqttSettings(fs_hz=250.0))
    times = [
        decoder.decode(json.dumps({"samples": [0], "t0": t0}).encode())[0].device_time_s
        for t0 in (1_700_000_000.25, 1_700_000_000_250, "2023-11-14T22:13:20.250+00:00")
    ]
    assert times == pytest.approx([1_700_000_000.25] * 3)


def test_device_names_come_from_the_topic():
    assert topic_name("ecg/+/raw", "ecg/bed7/raw") == "bed7"
    assert topic_name("$share/us/ecg/+/raw", "ecg/bed7/raw") == "bed7"
    assert topic_name("ecg/#", "ecg/a/b") == "a.b"
    assert topic_name("ecg/raw", "ecg/raw") == ""


def test_topics_that_look_alike_once_cleaned_are_two_devices():
    topics = (
        "a/b",
        "a.b/c",
        "a/b.c",
        "a/b c",
        "a/b-c",
        "a /b",
        "a-/b",
        "a/\x1b[31m",
        "a//b",
        "a/" + "x" * 60_000,
    )
    assert len({topic_name("ecg/#", f"ecg/{topic}") for topic in topics}) == len(topics)


async def test_a_device_behind_a_fixed_topic_is_named_by_its_message(broker):
    async with source_of(broker, "ecg") as source:
        await publish_crowd([wearable("w9", json=True)], at(broker), topic="ecg", speed=50)
        items = await listen(source, lambda i: isinstance(i[-1], SampleBlock))
    assert items[-1].device == "w9"


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_a_message_that_is_too_long_costs_itself(broker, protocol):
    async with source_of(broker, protocol=protocol, max_message_bytes=2000) as source:
        async with aiomqtt.Client("127.0.0.1", broker.port) as client:
            for size in (2500, 6_000_000):
                await client.publish("ecg/long/raw", b"0" * size, qos=1)
        task = asyncio.create_task(publish_crowd([wearable("w1", json=True)], at(broker), speed=1))
        told = [
            item.detail
            for item in await listen(
                source,
                lambda i: i[-1].device == "w1" and isinstance(i[-1], SampleBlock) and i[-1].end >= 1000,
            )
            if isinstance(item, SourceStatus) and item.device == "long"
        ]
        await task
    assert len(told) == 1
    assert f"{1 if protocol == '5' else 2} refused" in told[0]
    assert "max_message_bytes" in told[0]


async def test_native_devices_may_say_hello_late(broker):
    async with source_of(broker) as source:
        async with aiomqtt.Client("127.0.0.1", broker.port) as client:
            for seq in range(5):
                await client.publish("ecg/x/raw", encode_data([seq] * 25, seq, seq * 100_000), qos=1)
            await client.publish("ecg/x/raw", encode_hello(Hello(250.0, 1000.0), 5, 500_000), qos=1)
        items = await listen(source, lambda i: isinstance(i[-1], SampleBlock) and i[-1].end == 125)
    assert items[-1].fs_hz == 250.0


async def test_two_publishers_on_one_topic_cost_neither_time_base_nor_words(broker):
    """The first one is followed; what the other sends, at another rate each time, is said."""

    def message(seq, fs_hz):
        return json.dumps({"fs_hz": fs_hz, "seq": seq, "samples": [0.001 * seq] * 50})

    def said(items):
        news = [item for item in items if isinstance(item, SourceStatus)]
        return [item for item in news if item.health.get("left_out_s", 0) >= 2]

    def whole(items):
        return any(isinstance(item, SampleBlock) and item.end >= 3000 for item in items)

    async with source_of(broker) as source:
        async with aiomqtt.Client("127.0.0.1", broker.port) as client:
            for seq in range(60):
                await client.publish("ecg/x/raw", message(seq, 250), qos=1)
                await client.publish("ecg/x/raw", message(9000 + seq, 100 + seq), qos=1)
        items = await listen(source, lambda items: said(items) and whole(items))
    np.testing.assert_allclose(by_device(items)["x"][:3000], np.repeat(0.001 * np.arange(60), 50))
    assert "in place of 250 Hz" in said(items)[0].detail


async def test_nobody_there_is_told_with_the_address():
    port = free_port()
    with pytest.raises(BrokerUnreachableError, match=f"no broker at 127.0.0.1:{port}") as caught:
        async with open_source(f"mqtt://127.0.0.1:{port}/ecg/+/raw", SourceSettings()):
            pass
    assert caught.value.exit_code == 27


async def test_options_of_an_address_say_where_a_password_is(broker, tmp_path, monkeypatch):
    monkeypatch.setenv("ECG_USER", "nurse")
    (tmp_path / "secret").write_text("s3cret\n")
    options = f"user=env:ECG_USER&password=file:{tmp_path}/secret"
    source = open_source(f"mqtt://127.0.0.1:{broker.port}/ecg/+/raw?{options}", SourceSettings())
    assert (source.settings.user, source.settings.password) == (
        "env:ECG_USER",
        f"file:{tmp_path}/secret",
    )
    async with source:
        pass


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("mqtt://h/ecg?user=hush1", "user=env:NAME"),
        ("mqtt://h/ecg?user=env:U&password=hush1", "password=file:PATH"),
        ("mqtt://nurse:hush1@h/ecg", "no user or password"),
        ("mqtt://h/ecg?pasword=hush1", r"mqtt://h/ecg: unknown option 'pasword'. Did you mean password\?"),
        ("mqtt://h/ecg?username=hush1", "username is now user"),
        ("mqtt://h/ecg?username_env=HUSH1", "username_env is now user=env:NAME"),
        ("mqtt://h/ecg?password_file=hush1", "password_file is now password=file:PATH"),
        ("mqtt://h/ecg?password_env=HUSH1", "password_env is now password=env:NAME"),
        ("mqtt://h/ecg?password=env:HUSH1", "password needs user"),
        ("mqtt:ecg/+/raw", "names no broker"),
    ],
)
def test_an_address_never_carries_a_secret_and_no_error_repeats_one(address, told):
    with pytest.raises(UsageError, match=told) as caught:
        open_source(address, SourceSettings())
    assert "hush1" not in str(caught.value).lower()


def test_an_address_without_a_host_takes_that_of_the_settings():
    settings = SourceSettings(mqtt=MqttSettings(host="broker.lan", port=1999))
    assert open_source("mqtt:ecg/+/raw", settings).name == "broker.lan:1999"
    assert open_source("mqtt://other/ecg/+/raw", settings).name == "other:1999"
    assert open_source("mqtt://other:1884/ecg/+/raw", settings).name == "other:1884"


@pytest.mark.parametrize(
    ("address", "tls", "name"),
    [
        ("mqtt://h/ecg", False, "h:1883"),
        ("mqtts://h/ecg", False, "h:8883"),
        ("mqtt://h/ecg", True, "h:8883"),
        ("mqtt://h/ecg?tls=true", False, "h:8883"),
    ],
)
def test_tls_chooses_the_usual_port(address, tls, name):
    assert open_source(address, SourceSettings(mqtt=MqttSettings(tls=tls))).name == name
