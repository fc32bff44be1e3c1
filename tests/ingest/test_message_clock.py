"""Clocks and counters in messages: units found out, the wrong ones not believed, nothing dropped unsaid."""

from __future__ import annotations

import asyncio
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiomqtt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from mosquitto import BINARY, Mosquitto

from benchmarks.clock_kinds import KINDS
from benchmarks.clocks import run
from ecgmon.firmware_bridge.packet import Packet, StreamFormat
from ecgmon.monitor.core.events import SampleBlock, SourceStatus
from ecgmon.monitor.ingest.clock_order import Reorder
from ecgmon.monitor.ingest.clock_reading import read_clock
from ecgmon.monitor.ingest.clock_settings import ClockSettings
from ecgmon.monitor.ingest.live import LiveDevice
from ecgmon.monitor.ingest.registry import open_source
from ecgmon.monitor.ingest.settings import SourceSettings
from ecgmon.monitor.ingest.timekeeper import Timekeeper

N, FS_HZ = 50, 250.0

FOLLOWED = {
    "milliseconds": "message clock in milliseconds since start",
    "nanoseconds since 1970": "message clock in nanoseconds since 1970",
    "samples": "message clock in samples",
    "whole seconds, counter": "counter of messages: the clock is too coarse",
    "all zero": "arrival: the clock stands still",
    "random": "arrival: the clock does not fit the samples, the counter jumps about",
    "not to be read": "arrival: the clock cannot be read",
    "counter of samples": "counter of samples",
    "counter that stays 0": "arrival: the counter stands still",
    "nothing": "arrival: no clock and no counter",
}


@pytest.mark.parametrize("name", KINDS)
def test_no_kind_of_clock_makes_a_gap_or_costs_a_sample(name: str) -> None:
    result = run(name, jitter_s=0.3, seconds=45, listen=False)
    assert (result.invented, result.unsaid) == (0, 0)
    assert result.clock.startswith(FOLLOWED.get(name, ""))
    assert ("a backlog" in result.clock) == (KINDS[name].speed > 1)


@pytest.mark.parametrize(
    "name", ["milliseconds", "seconds, counter", "counter of samples", "counter of 8 bits"]
)
def test_lost_messages_are_gaps_of_their_length_by_any_clock_that_tells(name: str) -> None:
    result = run(name, jitter_s=0.05, loss=0.03, seconds=45, listen=False)
    assert result.kept
    assert result.unseen <= 2 * N  # the first and the last ones lost


@pytest.mark.parametrize(
    "name", ["microseconds since 1970", "whole seconds", "counter that stays 0", "backlog, ten times as fast"]
)
def test_the_heart_rate_is_right_whatever_the_clock_says(name: str) -> None:
    assert run(name, jitter_s=0.05, seconds=35).right


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (12.5, 12.5),
        (1_763_640_000_250, 1_763_640_000_250),
        ("12345.5", 12345.5),
        ("2023-11-14T22:13:20.250+00:00", 1_700_000_000.25),
        ("2023-11-14 22:13:20.25", 1_700_000_000.25),
        ("2023-11-14T23:13:20.250+01:00", 1_700_000_000.25),
        ("14/11/2023 22:13:20", 1_700_000_000.0),
        ("14.11.2023, 22:13:20,250", 1_700_000_000.25),
        ("11/14/2023 10:13:20 PM", 1_700_000_000.0),
        ("Tue, 14 Nov 2023 22:13:20 GMT", 1_700_000_000.0),
        ("2023/11/14 23:13:20 +0100", 1_700_000_000.0),
        ("00:00:01.5", 1.5),
        (None, None),
    ],
)
def test_clocks_are_read_as_they_are_written(told: Any, seconds: float | None) -> None:
    assert read_clock(told) == (None if seconds is None else pytest.approx(seconds, abs=1e-3))


@pytest.mark.parametrize(
    "told",
    ["yesterday", "", "1:2", True, [1], {}, math.nan, math.inf, "nan", 10**400, "9" * 5000, "1:" * 40],
)
def test_a_clock_that_cannot_be_read_is_none_and_costs_no_sample(told: Any) -> None:
    assert math.isnan(read_clock(told) or 0.0)


def packets(n: int, **fields: Any) -> Iterator[tuple[Packet, float]]:
    """Yield packets of rising samples, with what the fields make of their number, when they come."""
    for k in range(n):
        told = {name: make(k) for name, make in fields.items()}
        yield Packet(np.arange(k * N, (k + 1) * N, dtype=float)[None], **told), 100 + (k + 1) * N / FS_HZ


def keeper_after(n: int, **fields: Any) -> Timekeeper:
    keeper = Timekeeper(StreamFormat(FS_HZ))
    for packet, at_s in packets(n, **fields):
        keeper.place([packet], at_s)
    return keeper


@pytest.mark.parametrize(
    "fields", [{"seq": lambda k: 0}, {"clock": lambda k: 0.0}, {"seq": lambda k: 0, "clock": lambda k: 0.0}]
)
def test_a_flat_signal_under_a_clock_that_stands_still_is_no_duplicate(fields: Any) -> None:
    keeper = Timekeeper(StreamFormat(FS_HZ))
    for packet, at_s in packets(40, **fields):
        keeper.place([Packet(np.zeros((1, N)), packet.seq, clock=packet.clock)], at_s)
    assert keeper.index == 40 * N
    assert keeper.health["duplicate_packets"] == 0


def test_a_message_sent_twice_is_told_by_its_clock_alone() -> None:
    keeper = keeper_after(20, clock=lambda k: 200.0 * k)
    *_, (again, at_s) = packets(20, clock=lambda k: 200.0 * k)
    assert keeper.place([again], at_s) == []
    assert keeper.health["duplicate_packets"] == 1


def test_a_pause_that_clock_and_arrival_know_is_a_gap_though_the_counter_runs_on() -> None:
    keeper = Timekeeper(StreamFormat(FS_HZ))
    for packet, at_s in packets(40, seq=lambda k: k, clock=lambda k: 200.0 * k + 3000.0 * (k > 30)):
        keeper.place([packet], at_s + 3.0 * (at_s > 106.3))
    assert keeper.health["lost_samples"] == 750


def test_a_step_of_the_clock_that_arrival_does_not_know_is_no_gap_and_is_counted() -> None:
    keeper = keeper_after(40, clock=lambda k: 200.0 * k + 3000.0 * (k > 30))
    assert keeper.health["lost_samples"] == 0
    assert keeper.health["clock_steps"] == 1


def test_a_hole_in_a_backlog_is_a_gap_of_its_length() -> None:
    keeper = Timekeeper(StreamFormat(FS_HZ))
    for k, (packet, _) in enumerate(packets(200, seq=lambda k: k, clock=lambda k: 0.2 * k)):
        if not 100 <= k < 130:
            keeper.place([packet], 100 + 0.02 * k)
    assert keeper.index == 200 * N
    assert keeper.health["rate_hz"] == FS_HZ


def test_a_pause_in_a_file_is_a_gap_though_a_file_knows_no_arrival() -> None:
    device, form = (
        LiveDevice("bed1", ClockSettings()),
        StreamFormat(FS_HZ, seq_modulus=65536, clock_wrap_s=4294.967296),
    )
    blocks = []
    for k, (packet, _) in enumerate(packets(60, seq=lambda k: k, device_time_s=lambda k: 0.2 * k)):
        if not 20 <= k < 50:
            blocks += device.blocks([([packet], None)], form)
    assert [block.start for block in blocks[19:21]] == [19 * N, 50 * N]


def test_a_rate_that_is_off_the_named_one_is_said_and_not_followed() -> None:
    keeper = Timekeeper(StreamFormat(FS_HZ))
    for packet, at_s in packets(300):
        keeper.place([packet], 2 * at_s)
    assert keeper.index == 300 * N
    assert keeper.health["rate_hz"] == FS_HZ
    assert "samples come at 125.0 Hz and not at the 250 Hz" in keeper.clock


@settings(max_examples=150, deadline=None)
@given(
    told=st.lists(
        st.tuples(
            st.none() | st.integers(-3, 40) | st.integers(-(10**18), 10**18),
            st.none() | st.integers(0, 9) | st.floats(allow_nan=True, allow_infinity=True),
            st.floats(0, 3),
        ),
        max_size=60,
    ),
    fs_hz=st.sampled_from([250.0, None]),
)
def test_no_counter_and_no_clock_whatever_costs_a_sample_unsaid(
    told: list[tuple[int | None, float | None, float]], fs_hz: float | None
) -> None:
    keeper, at_s, given = Timekeeper(StreamFormat(fs_hz)), 100.0, 0
    for number, (seq, clock, later_s) in enumerate([*told, (None, None, 30.0), (None, None, 0.3)]):
        at_s += later_s
        for placed in keeper.place([Packet(np.full((1, N), number), seq, clock=read_clock(clock))], at_s):
            assert placed.start >= given
            given = placed.start + N
    dropped = keeper.health["duplicate_packets"] + keeper.health["late_packets"]
    if fs_hz is not None:
        assert keeper.index - keeper.health["lost_samples"] == (len(told) + 2 - dropped) * N


def test_samples_of_a_sample_counter_are_put_in_order() -> None:
    order, made = Reorder(None), [packet for packet, _ in packets(14, seq=lambda k: k * N)]
    arrived = [0, 1, 2, 3, 4, 6, 5, 7, 10, 8, 9, 11, 12, 13]
    out = [packet.seq for k in arrived for packet, _ in order.push(made[k], 0.0)]
    assert out == [packet.seq for packet in made]


def test_a_counter_that_begins_anew_goes_on_being_put_in_order() -> None:
    order, made = Reorder(None), [packet for packet, _ in packets(300, seq=lambda k: k)]
    sequence = [*range(200, 300), 0, 1, 3, 2, 4]
    out = [packet.seq for k in sequence for packet, _ in order.push(made[k], 0.0)]
    assert out[-5:] == [0, 1, 2, 3, 4]


def test_a_packet_is_not_held_for_long_in_the_hope_of_one_before_it() -> None:
    order, made = Reorder(None), list(packets(12, seq=lambda k: k))
    out = [packet.seq for k in (0, 2, 3) for packet, _ in order.push(made[k][0], 3.0 * k)]
    assert out == [0, 2, 3]


@pytest.mark.skipif(BINARY is None, reason="mosquitto is not installed")
async def test_devices_of_many_clocks_behind_one_broker(tmp_path: Path) -> None:
    clocks: dict[str, Any] = {
        "millis": lambda k: {"t0": 12_345 + 100 * k},
        "whole": lambda k: {"t0": 1_763_640_000 + k // 10, "seq": k},
        "by-sample": lambda k: {"seq": 25 * k},
        "zero": lambda k: {"seq": 0, "t0": 0},
    }
    server = Mosquitto(tmp_path)
    server.start()
    try:
        source = open_source(f"mqtt://127.0.0.1:{server.port}/ecg/+/raw?report_s=0.5", SourceSettings())
        ends: dict[str, int] = {}
        said: dict[str, str] = {}

        async def publish() -> None:
            async with aiomqtt.Client("127.0.0.1", server.port) as client:
                for k in range(40):
                    for name, make in clocks.items():
                        body = {"fs_hz": 250, "samples": [k + i / 25 for i in range(25)], **make(k)}
                        await client.publish(f"ecg/{name}/raw", json.dumps(body), qos=1)
                    await asyncio.sleep(0.1)

        async with asyncio.timeout(60), source:
            task = asyncio.create_task(publish())
            async for item in source:
                if isinstance(item, SampleBlock):
                    assert item.start == ends.get(item.device, 0)
                    np.testing.assert_allclose(item.samples_mv[0], np.arange(item.start, item.end) / 25)
                    ends[item.device] = item.end
                elif isinstance(item, SourceStatus) and item.clock:
                    said[item.device] = item.clock
                if len(ends) == len(clocks) and min(ends.values()) == 1000:
                    break
            await task
    finally:
        server.kill()
    assert said["millis"] == "message clock in milliseconds since start"
    assert said["by-sample"] == "counter of samples"
    assert said["zero"] == "arrival: the clock stands still, the counter stands still"
