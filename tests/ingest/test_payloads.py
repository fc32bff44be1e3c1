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


LISTS = {"payload": "numbers"}
COUNTS = {"adc_max": 4095, "unit": "adc"}
OBJECTS = {"fields": {"samples": "data", "t0": "at"}}


@pytest.mark.parametrize(
    ("keys", "payload", "mv"),
    [
        ({}, b'\n  \t{"samples": [1, 2]}', [1, 2]),
        ({}, b'\xef\xbb\xbf{"samples": [1, 2]}', [1, 2]),
        ({}, b'{"samples": [1, null, NaN, 2]}', [1, np.nan, np.nan, 2]),
        ({}, b'{"samples": 1.5}', [1.5]),
        ({}, '{"samples": [1500], "unit": "\u00b5V"}'.encode(), [1.5]),
        ({}, '{"samples": [1500], "unit": "\u03bcV"}'.encode(), [1.5]),
        ({}, b'{"samples": [1500], "unit": "microvolts"}', [1.5]),
        ({"adc_max": 4095}, b'{"samples": [0, 4095], "unit": "counts"}', [-1.5, 1.5]),
        ({"adc_max": 2047, "signed": True}, b'{"samples": [-2047], "unit": "adc"}', [-3.0]),
        ({"unit": "V", "gain": 1000}, b'{"samples": [1.65, 3.3]}', [0, 1.65]),
        ({"text_numbers": True}, b'{"samples": ["1.5", "-2"]}', [1.5, -2]),
        ({"text_numbers": True}, b'{"samples": "1.5, -2"}', [1.5, -2]),
        (LISTS, b"[1.5, -2]", [1.5, -2]),
        (LISTS, b" 1.5\r\n", [1.5]),
        (LISTS, b"1.5,-2;3 4\n5", [1.5, -2, 3, 4, 5]),
        ({**LISTS, **COUNTS}, b"4095", [1.5]),
        ({"fields": {"samples": "d.ecg"}}, b'{"d": {"ecg": [1]}}', [1]),
        (OBJECTS, b'[{"at": 1, "data": [1]}, {"at": 2, "data": 2}]', [1, 2]),
    ],
)
def test_a_message_is_read_as_it_stands_or_as_the_settings_say(
    keys: dict[str, Any], payload: bytes, mv: list[float]
) -> None:
    (packet,) = decoder(**keys).decode(payload)
    np.testing.assert_allclose(packet.samples_mv, [mv], atol=1e-9)


@pytest.mark.parametrize(
    ("rate", "fs_hz"), [("250", 250.0), ("250 Hz", 250.0), ("0.5 kHz", 500.0), (128.5, 128.5), (None, 100.0)]
)
def test_a_rate_may_be_text_with_its_unit(rate: Any, fs_hz: float) -> None:
    decoding = decoder(fs_hz=100)
    assert decoding.decode(json.dumps({"samples": [1], "fs_hz": rate}).encode())
    assert decoding.form.fs_hz == fs_hz


@pytest.mark.parametrize(
    ("more", "field", "read"),
    [
        ({"lead_off": True}, "lead_off", True),
        ({"lead_off": 1}, "lead_off", True),
        ({"lead_off": None}, "lead_off", False),
        ({"seq": "17"}, "seq", 17),
        ({"seq": 17.0}, "seq", 17),
    ],
)
def test_a_field_means_what_it_says(more: dict[str, Any], field: str, read: Any) -> None:
    (packet,) = decoder().decode(json.dumps({"samples": [1], **more}).encode())
    assert getattr(packet, field) == read


LONG = b"x" * 70_000


@pytest.mark.parametrize(
    ("payload", "reason", "words"),
    [
        (b"{", "json", "no JSON"),
        (b"\xff\x00", "frame", "native frame"),
        (b"1.5,-2", "text", "payload=numbers"),
        (b"[1.5, -2]", "list", "payload=numbers"),
        (b"{}", "no samples", "fields are none"),
        (b'{"d": {"ecg": [1]}}', "no samples", "fields are d.ecg"),
        (b'{"samples": []}', "samples", "no samples"),
        (b'{"samples": "12"}', "samples", "text_numbers=true"),
        (b'{"samples": ["1"]}', "samples", "text_numbers=true"),
        (b'{"samples": [true]}', "samples", "is true, and no number"),
        (b'{"samples": [[1, 2], [3]]}', "samples", "one length"),
        (b'{"samples": [[1], 3]}', "samples", "one length"),
        (b'{"samples": [[[1]]]}', "samples", "[1], and no number"),
        (b'{"samples": [%b]}' % (b"9" * 400), "samples", "999"),
        (b'{"samples": [%b]}' % (b"9" * 5000), "json", "no JSON"),
        (b'{"samples": [1e300]}', "range", "unit"),
        (b'{"samples": [-Infinity]}', "infinity", "no number"),
        (b'{"samples": [1e999]}', "range", "unit"),
        (b'{"samples": [1], "samples": [2]}', "keys", "twice"),
        (b'{"samples": [1], "unit": "furlong"}', "unit", '"furlong"'),
        (b'{"samples": [1], "unit": true}', "unit", "true"),
        (b'{"samples": [1], "unit": "adc"}', "adc_max", "Write adc_max"),
        *((b'{"samples": [1], "fs_hz": %b}' % rate, "fs_hz", "a rate from 1 to") for rate in (
            b"-1", b"0", b"1e9", b"1e-17", b"true", b"NaN", b'"fast"', b"[250]", b'"1e-17 Hz"'
        )),
        *((b'{"samples": [1], "seq": %b}' % seq, "seq", "a whole number") for seq in (
            b'"x"', b"-1", b"1e15", b"1000000000000000", b"true", b"NaN", b"1.5", b"[1]"
        )),
        *((b'{"samples": [1], "lead_off": %b}' % off, "lead_off", "true or false") for off in (
            b'"false"', b'"true"', b"2", b"[true]", b"0.5"
        )),
        *((b'{"samples": [1], "lead": %b}' % lead, "lead", "printable") for lead in (
            b'"%b"' % LONG, b'"\\u001b[31m"', b'"\\ud800"', b"true", b'[""]', b'{"a": 1}', b"[[1]]"
        )),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "nesting", "deeply"),
        (b'{"samples": [' + b"0," * 100_000 + b"0]}", "samples", "more than"),
        (b'{"samples": [' + b"[0]," * 64 + b"[0]]}", "samples", "more than"),
    ],
    ids=lambda part: part[:40].decode(errors="replace") if isinstance(part, bytes) else None,
)  # fmt: skip
def test_a_message_that_makes_no_sense_costs_itself_and_says_why(
    payload: bytes, reason: str, words: str
) -> None:
    decoding = decoder()
    assert decoding.decode(payload) == []
    assert decoding.refused == {reason: 1}
    assert decoding.counters.bad_frames == 1
    assert decoding.trouble is not None
    assert words in decoding.trouble.advice
    assert all(
        len(text) < 250 and text.isprintable() for text in (decoding.trouble.advice, decoding.trouble.example)
    )
    assert len(decoding.decode(message(0))) == 1
    assert decoding.counters.frames == 1


@pytest.mark.parametrize(
    ("keys", "payload", "reason"),
    [
        ({**LISTS, **COUNTS}, b"4096", "range"),
        ({**LISTS, **COUNTS}, b"-1", "range"),
        (LISTS, b"hello", "samples"),
        (LISTS, b"", "samples"),
        (LISTS, b'{"samples": [1]}', "samples"),
        (LISTS, b'["1", true]', "samples"),
        (OBJECTS, b'[{"data": [1]}, {"data": [[1], [2]]}]', "samples"),
        (OBJECTS, b'[{"data": [1]}, 7]', "list"),
    ],
)
def test_what_the_settings_do_not_fit_is_refused(keys: dict[str, Any], payload: bytes, reason: str) -> None:
    decoding = decoder(**keys)
    assert decoding.decode(payload) == []
    assert decoding.refused == {reason: 1}


@settings(max_examples=200, deadline=None)
@given(payload=st.binary(max_size=200) | st.binary(max_size=100).map(lambda data: b"{" + data))
def test_no_bytes_whatever_make_a_decoder_fail(payload: bytes) -> None:
    decoding = decoder()
    for packet in decoding.decode(payload):
        assert packet.samples_mv.ndim == 2
    decoding.device(payload)
    assert len(decoding.decode(message(1))) == 1


@pytest.mark.parametrize(("unit", "doubt"), [("mV", "moves by 2.6e+03 mV"), ("uV", "")])
def test_counts_sent_as_millivolts_are_read_with_a_doubt(unit: str, doubt: str) -> None:
    decoding = decoder()
    samples = [700 if k % 200 else 3300 for k in range(1500)]
    assert decoding.decode(json.dumps({"samples": samples, "unit": unit}).encode())
    assert doubt in decoding.note
    assert bool(decoding.note) == bool(doubt)
    box = inbox()
    box.put(json.dumps({"samples": samples, "unit": unit, "fs_hz": 250}).encode(), 1.0)
    assert ("moves by" in box.report().detail) == bool(doubt)


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
        ({}, b'{"device": true}', ""),
        ({}, b' \n{"device": "bed1"}', "bed1"),
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
