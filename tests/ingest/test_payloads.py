"""What one device behind a broker sends: decoded whatever its form, kept in order, bounded while it waits."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgmon.firmware_bridge.decoders.native import Hello, encode_data, encode_hello
from ecgmon.monitor.core.events import SampleBlock
from ecgmon.monitor.ingest.inbox import Inbox
from ecgmon.monitor.ingest.live_settings import MqttSettings
from ecgmon.monitor.ingest.payload import PayloadDecoder


def decoder(**keys: Any) -> PayloadDecoder:
    return PayloadDecoder(MqttSettings.model_validate({"fs_hz": 250.0, **keys}))


def message(seq: int, value: float = 0.0, n: int = 25, **more: Any) -> bytes:
    return json.dumps({"fs_hz": 250, "seq": seq, "samples": [value] * n, **more}).encode()


def starts(blocks: Iterable[SampleBlock]) -> list[int]:
    return [block.start for block in blocks]


@pytest.mark.parametrize(
    ("unit", "sent", "mv"),
    [("mV", 1.5, 1.5), ("uv", 1500, 1.5), ("UV", 1500, 1.5), ("V", 0.0015, 1.5), (None, 1500, 1.5)],
)
def test_the_unit_of_a_message_goes_before_that_of_the_settings(
    unit: str | None, sent: float, mv: float
) -> None:
    (packet,) = decoder(unit="uv").decode(json.dumps({"samples": [sent], "unit": unit}).encode())
    np.testing.assert_allclose(packet.samples_mv, [[mv]])


def test_leads_are_named_by_the_message_or_counted() -> None:
    three = {"samples": [[1, 2], [3, 4], [5, 6]]}
    decoding = decoder()
    (packet,) = decoding.decode(json.dumps({**three, "lead": ["I", "II", "V1"]}).encode())
    assert decoding.form.leads == ("I", "II", "V1")
    assert packet.samples_mv.shape == (3, 2)
    decoding.decode(json.dumps({**three, "lead": "II"}).encode())
    assert decoding.form.leads == ("ECG1", "ECG2", "ECG3")
    decoding.decode(json.dumps({"samples": [1]}).encode())
    assert decoding.form.leads == ("ECG",)


@pytest.mark.parametrize(
    ("charge", "read"), [(80, 80.0), ("81.5", 81.5), (0, 0.0), (101, None), (-1, None), ("full", None)]
)
def test_a_charge_that_is_none_costs_no_samples(charge: Any, read: float | None) -> None:
    (packet,) = decoder().decode(json.dumps({"samples": [1], "battery_percent": charge}).encode())
    assert packet.battery_percent == read
    assert packet.n_samples == 1


@pytest.mark.parametrize(
    "payload",
    [
        b"{",
        b"{}",
        b'{"samples": []}',
        b'{"samples": "12"}',
        b'{"samples": [[1, 2], [3]]}',
        b'{"samples": [[[1]]]}',
        b'{"samples": [1], "unit": "furlong"}',
        b'{"samples": [1], "fs_hz": -1}',
        b'{"samples": [1], "fs_hz": 1e9}',
        b'{"samples": [1], "seq": "x"}',
        b'{"samples": [1], "t0": "yesterday"}',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"samples": [' + b"0," * 100_000 + b"0]}",
    ],
    ids=lambda payload: payload[:40].decode(),
)
def test_a_message_that_makes_no_sense_is_counted_and_the_next_is_read(payload: bytes) -> None:
    decoding = decoder()
    assert decoding.decode(payload) == []
    assert decoding.counters.bad_frames == 1
    assert decoding.counters.skipped_bytes == len(payload)
    assert len(decoding.decode(message(0))) == 1
    assert decoding.counters.frames == 1


@settings(max_examples=200, deadline=None)
@given(payload=st.binary(max_size=200) | st.binary(max_size=100).map(lambda data: b"{" + data))
def test_no_bytes_whatever_make_a_decoder_fail(payload: bytes) -> None:
    decoding = decoder()
    for packet in decoding.decode(payload):
        assert packet.samples_mv.ndim == 2
    assert decoding.device(payload) == "" or payload.startswith(b"{")
    assert len(decoding.decode(message(1))) == 1


def test_native_frames_and_json_may_take_turns() -> None:
    decoding = decoder()
    native = encode_hello(Hello(250.0, 1.0), 0, 0) + encode_data([1000] * 5, 0, 0)
    (first,) = decoding.decode(native)
    (second,) = decoding.decode(message(1, 2.0, 5))
    (third,) = decoding.decode(encode_data([3000] * 5, 1, 20_000))
    assert [packet.samples_mv[0, 0] for packet in (first, second, third)] == pytest.approx([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("fields", "payload", "name"),
    [
        ({}, b'{"device": "bed1", "samples": [1]}', "bed1"),
        ({}, b'{"device": 7}', "7"),
        ({}, b'{"device": ["bed1"]}', ""),
        ({}, b'{"device"', ""),
        ({}, b"\x00\x01", ""),
        ({"device": "who.bed"}, b'{"who": {"bed": "3"}}', "3"),
        ({"device": "who.bed"}, b'{"who": 3}', ""),
        ({"device": ""}, b'{"device": "bed1"}', ""),
    ],
)
def test_a_message_may_say_whose_it_is(fields: dict[str, str], payload: bytes, name: str) -> None:
    assert decoder(fields=fields).device(payload) == name


def inbox(**keys: Any) -> Inbox:
    return Inbox("bed1", MqttSettings.model_validate({"fs_hz": 250.0, **keys}))


def test_an_inbox_says_once_that_something_waits() -> None:
    box = inbox()
    assert box.seconds == float("inf")
    assert [box.put(message(seq), seq * 0.1) for seq in range(3)] == [True, False, False]
    assert box.seconds == pytest.approx(0.3)
    assert box.first_s == 0.0
    blocks = box.take()
    assert sum(block.samples_mv.shape[1] for block in blocks) == 75
    assert box.take() == []
    assert box.put(message(3), 0.3)
    assert box.first_s == 0.3


def test_an_inbox_puts_messages_back_into_order_and_drops_doubles() -> None:
    box = inbox(reorder=4)
    for at, seq in enumerate([0, 2, 1, 1, 3, 4]):
        box.put(message(seq, float(seq)), at * 0.1)
    got = np.concatenate([block.samples_mv[0] for block in box.take()])
    np.testing.assert_allclose(got, np.repeat(np.arange(5.0), 25))
    assert box.figures()["reordered_packets"] >= 1


def test_a_full_inbox_drops_the_oldest_and_the_index_jumps_over_them() -> None:
    box = inbox(queue_samples=100)
    box.put(message(0), 0.0)
    (first,) = box.take()
    for seq in range(1, 21):
        box.put(message(seq, float(seq)), seq * 0.1)
    blocks = box.take()
    assert first.end == 25
    assert starts(blocks)[0] == 17 * 25
    assert blocks[-1].end == 21 * 25
    assert box.figures()["dropped_blocks"] == 16


def test_a_device_that_changes_its_rate_gives_blocks_of_both() -> None:
    box = inbox()
    box.put(message(0), 0.0)
    for seq in (1, 2, 3):
        box.put(message(seq, fs_hz=500), 0.1 * seq)
    assert [block.fs_hz for block in box.take()] == [250.0, 500.0]


def test_figures_tell_of_bad_messages() -> None:
    box = inbox()
    assert not box.put(b"{", 0.0)
    assert box.figures() == {
        "bad_frames": 1.0,
        "resyncs": 0.0,
        "dropped_blocks": 0.0,
        "reordered_packets": 0.0,
        "queue_depth": 0.0,
        "refused_messages": 1.0,
    }
