"""The native frame: literal bytes, hello, damage."""

import numpy as np
import pytest
from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.firmware_bridge.decoders.native import (
    BATTERY_LOW,
    Hello,
    NativeDecoder,
    NativeSettings,
    encode_data,
    encode_hello,
)
from ecgmon.firmware_bridge.framing import crc16

DATA = bytes.fromhex("02 01 06 07 02 40 42 0f 03 02 01 01 06 ff ff ff e3 ab 00")
HELLO = bytes.fromhex(
    "00 04 01 80 05 02 09 01 01 05 02 90 d0 03 04 20 a1 07 0b 02 77 31 01 49 02 49 49 ab 6b 00"
)
KNOWN = NativeSettings(fs_hz=250.0, uv_per_count=1.0)


def frames(n: int, size: int = 25) -> list[bytes]:
    return [encode_data(np.arange(size) * 7 - 80, seq, 100_000 * seq) for seq in range(n)]


def test_crc_is_ccitt_false():
    assert crc16(b"123456789") == 0x29B1


def test_data_frame_is_the_documented_bytes():
    assert encode_data([1, -1], seq=0x0207, t_us=1_000_000) == DATA


def test_data_frame_is_decoded():
    (packet,) = NativeDecoder(KNOWN).feed(DATA)
    np.testing.assert_allclose(packet.samples_mv, [[0.001, -0.001]])
    assert packet.seq == 0x0207
    assert packet.device_time_s == pytest.approx(1.0)
    assert not packet.lead_off
    assert not packet.battery_low


def test_hello_is_the_documented_bytes():
    hello = Hello(250.0, 0.5, ("I", "II"), "w1")
    assert encode_hello(hello, seq=5, t_us=9) == HELLO


def test_frames_before_the_hello_are_given_out_behind_it():
    decoder = NativeDecoder()
    assert decoder.feed(encode_data([1, -1, 3, 4], 4, 5)) == []
    (packet,) = decoder.feed(HELLO)
    np.testing.assert_allclose(packet.samples_mv, [[0.0005, 0.0015], [-0.0005, 0.002]])
    assert decoder.format.fs_hz == 250.0
    assert decoder.format.leads == ("I", "II")
    assert decoder.format.device == "w1"


def test_flags_tell_of_electrodes_and_battery():
    (packet,) = NativeDecoder(KNOWN).feed(encode_data([0], 0, 0, 0x02 | BATTERY_LOW))
    assert packet.lead_off
    assert packet.battery_low


@given(
    st.lists(st.integers(-(2**23), 2**23 - 1), min_size=1, max_size=255),
    st.integers(0, 65535),
    st.integers(0, 2**32 - 1),
    st.integers(1, 50),
)
def test_any_samples_survive_in_any_pieces(samples, seq, t_us, step):
    frame, decoder = encode_data(samples, seq, t_us), NativeDecoder(KNOWN)
    packets = [p for at in range(0, len(frame), step) for p in decoder.feed(frame[at : at + step])]
    assert len(packets) == 1
    np.testing.assert_allclose(packets[0].samples_mv[0], np.array(samples) * 1e-3)
    assert (packets[0].seq, round(packets[0].device_time_s * 1e6)) == (seq, t_us)


def test_every_single_bit_error_costs_that_frame_only():
    first, second, third = frames(3)
    for bit in range(8 * len(second)):
        damaged = bytearray(second)
        damaged[bit >> 3] ^= 1 << (bit & 7)
        decoded = NativeDecoder(KNOWN).feed(first + bytes(damaged) + third)
        merged = bit >> 3 == len(second) - 1
        assert [p.seq for p in decoded] == ([0] if merged else [0, 2])


@given(st.binary(max_size=2000))
def test_noise_is_counted_and_the_frame_behind_it_decoded(noise):
    decoder = NativeDecoder(KNOWN)
    decoder.feed(noise)
    packets = decoder.feed(b"\x00" + DATA)
    assert packets[-1].seq == 0x0207


def test_noise_without_delimiter_takes_no_memory():
    decoder = NativeDecoder(KNOWN)
    for _ in range(100):
        decoder.feed(b"\xff" * 1000)
    assert decoder.counters.skipped_bytes >= 99_000
    assert len(decoder.feed(b"\x00" + DATA)) == 1


@pytest.mark.parametrize("cut", [0, 5, 12, 30])
def test_a_hello_that_lies_about_its_length_is_refused(cut):
    payload = bytearray(cobs.decode(HELLO[1:-1]))[:-2]
    payload = payload[: 9 + cut] if cut < 17 else payload + b"x"
    decoder = NativeDecoder()
    decoder.feed(cobs.encode(bytes(payload) + crc16(payload).to_bytes(2, "little")) + b"\x00")
    assert decoder.counters.bad_frames == 1
    assert decoder.format.fs_hz is None


@pytest.mark.parametrize(
    ("hello", "words"),
    [
        (Hello(0.5, 1.0), "0.5 Hz"),
        (Hello(4e6, 1.0), "4e+06 Hz"),
        (Hello(250.0, 0.0), "0 V"),
        (Hello(250.0, 1.0, ("II\x1b[31m",)), "printable"),
        (Hello(250.0, 1.0, ("II",), "bed 1\n"), "printable"),
        (Hello(250.0, 1.0, ("x" * 65,)), "up to 64"),
    ],
)
def test_a_hello_that_cannot_be_true_is_refused_with_a_reason(hello, words):
    decoder = NativeDecoder()
    decoder.feed(encode_hello(hello) + DATA)
    assert decoder.counters.bad_frames == 1
    assert decoder.format.fs_hz is None
    assert words in decoder.trouble.advice
    assert len(decoder.feed(HELLO)) == 1
