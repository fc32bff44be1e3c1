"""The bridge: nothing is lost while the broker is away, and the store keeps its bounds."""

import asyncio
import json
import sys
from pathlib import Path

import aiomqtt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "ingest"))

from mosquitto import BINARY, Mosquitto

from ecgmon.firmware_bridge.bridge import Bridge, BridgeSettings, NativeWriter
from ecgmon.firmware_bridge.broker import Broker
from ecgmon.firmware_bridge.broker_settings import BrokerSettings
from ecgmon.firmware_bridge.decoders.native import NativeDecoder
from ecgmon.firmware_bridge.errors import LinkLostError, SpoolError
from ecgmon.firmware_bridge.spool import Spool
from ecgmon.monitor.core.events import SampleBlock
from ecgmon.monitor.ingest.live_settings import MqttSettings
from ecgmon.monitor.ingest.mqtt import MqttSource
from ecgmon.monitor.ingest.timekeeper import Timekeeper


class Ramp:
    """A device whose samples count up, 250 a second, for so many seconds."""

    name = "bed1"
    live = True

    def __init__(self, seconds, gap=None):
        self.seconds, self.gap = seconds, gap

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass

    async def __aiter__(self):
        loop = asyncio.get_running_loop()
        began = loop.time()
        for start in range(0, self.seconds * 250, 25):
            await asyncio.sleep(began + start / 250 - loop.time())
            if self.gap is None or not self.gap[0] <= start < self.gap[1]:
                yield SampleBlock((start + np.arange(25.0))[None] * 1e-3, start, 250.0, self.name, ("II",))


@pytest.fixture
def server(tmp_path):
    if BINARY is None:
        pytest.skip("mosquitto is not installed")
    server = Mosquitto(tmp_path)
    server.start()
    yield server
    server.kill()


async def test_nothing_is_lost_while_the_broker_is_away_twice(server, tmp_path):
    chosen = BridgeSettings(store=tmp_path / "spool.sqlite", status_s=1.0)
    broker = Broker("127.0.0.1", server.port, tls=False, settings=BrokerSettings(retry_s=0.3))
    listening = Broker("127.0.0.1", server.port, tls=False, settings=MqttSettings(retry_s=1.0))
    blocks = []
    seen = blocks.append

    async def listen(source):
        async for item in source:
            if isinstance(item, SampleBlock):
                seen(item)

    bridge = Bridge(Ramp(14), broker, chosen)
    async with MqttSource(listening, "ecg/+/raw", MqttSettings(retry_s=1.0)) as source:
        listener = asyncio.create_task(listen(source))
        run = asyncio.create_task(bridge.run())
        for _ in range(2):
            await asyncio.sleep(1.5)
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(2.5)
            await asyncio.to_thread(server.start)
        await run
        await asyncio.sleep(1.0)
        listener.cancel()
    got = np.concatenate([block.samples_mv[0] for block in blocks])
    assert [block.start for block in blocks][1:] == [block.end for block in blocks][:-1]
    np.testing.assert_allclose(got, np.arange(3500) * 1e-3, atol=1e-3)
    assert bridge.delivered == 140


async def test_the_status_is_retained_and_a_will_is_left(server, tmp_path):
    broker = Broker("127.0.0.1", server.port, tls=False, settings=BrokerSettings())
    run = asyncio.create_task(Bridge(Ramp(60), broker, BridgeSettings(store=tmp_path / "s.sqlite")).run())
    await asyncio.sleep(1.5)
    async with aiomqtt.Client("127.0.0.1", server.port) as client:
        await client.subscribe("ecg/bed1/status")
        states = []
        async for message in client.messages:
            states.append(json.loads(message.payload)["state"])
            if states[-1] == "online":
                break
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
    assert states == ["online"]


def test_gaps_and_missing_samples_cross_the_bridge():
    writer, decoder = NativeWriter("bed1", 0.1), NativeDecoder()
    first = np.arange(50.0)[None].copy()
    first[0, 30:33] = np.nan
    data = writer.messages(SampleBlock(first, 0, 250.0)) + writer.messages(
        SampleBlock(np.arange(52.0, 77.0)[None], 52, 250.0)
    )
    keeper, grid = Timekeeper(decoder.feed(data[0]) and decoder.format), np.full(77, np.nan)
    decoder = NativeDecoder()
    for place, message in enumerate(data):
        for placed in keeper.place(decoder.feed(message), place * 0.1):
            grid[placed.start : placed.start + placed.samples_mv.shape[1]] = placed.samples_mv[0]
    expected = np.arange(77.0)
    expected[[30, 31, 32, 50, 51]] = np.nan
    np.testing.assert_allclose(grid, expected)


def test_lead_off_crosses_the_bridge():
    message = NativeWriter("x", 0.1).messages(SampleBlock(np.full((1, 10), np.nan), 0, 250.0, lead_off=True))[
        0
    ]
    (packet,) = NativeDecoder().feed(message)
    assert packet.lead_off


@pytest.mark.parametrize("when_full", ["drop_newest", "drop_oldest"])
def test_a_full_store_drops_and_counts(tmp_path, when_full):
    messages = [b"%04d" % n + bytes(96) for n in range(400)]
    with Spool(tmp_path / "s.sqlite", 10_000, when_full) as spool:
        for message in messages:
            spool.put(message)
        assert len(spool) == 256 + 100
        assert spool.dropped == 44
        left = []
        while len(spool):
            batch = spool.peek(8)
            left += batch
            spool.done(len(batch))
    assert left == (messages[:356] if when_full == "drop_newest" else messages[:256] + messages[300:])


def test_what_waits_survives_the_end_of_the_program_in_order(tmp_path):
    messages = [b"%04d" % n for n in range(700)]
    for at in range(0, 700, 350):
        with Spool(tmp_path / "s.sqlite", 1_000_000) as spool:
            for message in messages[at : at + 350]:
                spool.put(message)
    left = []
    with Spool(tmp_path / "s.sqlite", 1_000_000) as spool:
        while len(spool):
            batch = spool.peek(100)
            left += batch
            spool.done(len(batch))
    assert left == messages


def test_a_store_that_cannot_be_used_is_named():
    with pytest.raises(SpoolError, match="/proc/nowhere"):
        Spool(Path("/proc/nowhere/s.sqlite"), 1000)


async def test_a_bridge_waits_for_a_broker_that_comes_late(tmp_path):
    if BINARY is None:
        pytest.skip("mosquitto is not installed")
    server = Mosquitto(tmp_path)
    broker = Broker("127.0.0.1", server.port, tls=False, settings=BrokerSettings(retry_s=0.2))
    bridge = Bridge(Ramp(1), broker, BridgeSettings(store=tmp_path / "s.sqlite", settle_s=0))
    run = asyncio.create_task(bridge.run())
    await asyncio.sleep(0.5)
    assert not run.done()
    await asyncio.to_thread(server.start)
    try:
        await asyncio.wait_for(run, 20)
    finally:
        server.kill()
    assert bridge.delivered == 10


async def test_a_source_that_fails_ends_the_bridge_and_keeps_what_waits(tmp_path):
    class Broken(Ramp):
        async def __aiter__(self):
            async for block in super().__aiter__():
                yield block
                if block.start >= 100:
                    raise LinkLostError("The port is gone.")

    broker = Broker("127.0.0.1", 1, tls=False, settings=BrokerSettings())
    bridge = Bridge(Broken(2), broker, BridgeSettings(store=tmp_path / "s.sqlite"))
    with pytest.raises(LinkLostError):
        await bridge.run()
    with Spool(tmp_path / "s.sqlite", 1_000_000) as spool:
        assert len(spool) == 5


@settings(max_examples=30, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 200), min_size=1, max_size=8),
    holes=st.lists(st.tuples(st.integers(0, 800), st.integers(1, 30)), max_size=4),
    frame_s=st.sampled_from([0.02, 0.1, 1.0]),
)
def test_whatever_the_blocks_every_sample_crosses_the_bridge_at_its_index(cuts, holes, frame_s):
    n = sum(cuts)
    signal = np.round(np.sin(np.arange(n) * 0.1), 3)
    for start, length in holes:
        signal[start : start + length] = np.nan
    writer, decoder, grid = NativeWriter("x", frame_s), NativeDecoder(), np.full(n, np.nan)
    start = 0
    for cut in cuts:
        for message in writer.messages(SampleBlock(signal[None, start : start + cut], start, 250.0)):
            for packet in decoder.feed(message):
                at = round(packet.device_time_s * 250)
                grid[at : at + packet.n_samples] = packet.samples_mv[0]
        start += cut
    np.testing.assert_allclose(grid, signal, atol=1e-4)


@settings(max_examples=15, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["put", "take", "reopen"]), st.integers(1, 150)), min_size=1, max_size=8
    )
)
def test_a_spool_is_a_queue_whatever_is_done_with_it(steps, tmp_path_factory):
    path, expected, number = tmp_path_factory.mktemp("spool") / "s.sqlite", [], 0
    spool = Spool(path, 10_000_000).__enter__()
    for what, count in steps:
        if what == "put":
            for _ in range(count):
                spool.put(b"%06d" % number)
                expected.append(b"%06d" % number)
                number += 1
        elif what == "take":
            taken = spool.peek(count)
            spool.done(len(taken))
            assert taken == expected[: len(taken)]
            assert taken or not expected
            del expected[: len(taken)]
        else:
            spool.__exit__(None, None, None)
            spool = Spool(path, 10_000_000).__enter__()
        assert len(spool) == len(expected)
    spool.__exit__(None, None, None)


@pytest.mark.parametrize(("asked", "granted"), [(0, 1), (1, 1), (2, 2)])
async def test_the_bridge_delivers_with_the_qos_asked_for_and_at_least_1(server, tmp_path, asked, granted):
    broker = Broker("127.0.0.1", server.port, tls=False, settings=BrokerSettings(qos=asked))
    bridge = Bridge(Ramp(1), broker, BridgeSettings(store=tmp_path / "spool.sqlite"))
    async with aiomqtt.Client("127.0.0.1", server.port) as listener:
        await listener.subscribe("ecg/bed1/raw", qos=2)
        await bridge.run()
        message = await anext(aiter(listener.messages))
    assert message.qos == granted
