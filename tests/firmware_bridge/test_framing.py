"""Frames are cut out of any stream, whatever was lost, flipped or put between; nothing is kept for ever."""

from __future__ import annotations

import binascii

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ecgmon.firmware_bridge.framing import CobsScanner, FixedScanner, cobs_frame, crc4, crc16
from ecgmon.firmware_bridge.packet import Counters

PAYLOADS = st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=12)
CUTS = st.lists(st.integers(1, 40), max_size=20)


def in_pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(data[at : at + cut])
        at += cut
    return [*pieces, data[at:]]


def test_crc16_is_ccitt_false():
    assert crc16(b"123456789") == 0x29B1
    assert crc16(b"") == 0xFFFF


@given(st.binary(max_size=40), st.integers(0, 15))
def test_a_message_with_its_crc4_leaves_nothing_and_another_crc_leaves_something(body, wrong):
    message = body + b"\x00"
    own = crc4(message)
    assert crc4(body + bytes((own,))) == 0
    assert (crc4(body + bytes((wrong,))) == 0) == (wrong == own)


@given(st.binary(min_size=1, max_size=20), st.integers(0, 7), st.data())
def test_crc4_finds_every_single_flipped_bit(body, bit, data):
    message = bytearray(body + b"\x00")
    message[-1] |= crc4(bytes(message))
    message[data.draw(st.integers(0, len(message) - 1))] ^= 1 << bit
    assert crc4(bytes(message)) != 0


@given(st.binary(min_size=2, max_size=60), st.integers(0, 7), st.data())
def test_crc16_finds_every_single_flipped_bit(body, bit, data):
    damaged = bytearray(body)
    damaged[data.draw(st.integers(0, len(body) - 1))] ^= 1 << bit
    assert crc16(bytes(damaged)) != crc16(body) == binascii.crc_hqx(body, 0xFFFF)


@given(st.binary(max_size=300))
def test_a_frame_in_cobs_holds_no_zero_but_its_last(payload):
    frame = cobs_frame(payload)
    assert frame.index(0) == len(frame) - 1


@given(PAYLOADS, CUTS)
def test_payloads_come_out_as_they_went_in_however_the_stream_is_cut(payloads, cuts):
    counters = Counters()
    scanner = CobsScanner(200, counters)
    stream = b"".join(map(cobs_frame, payloads))
    got = [payload for piece in in_pieces(stream, cuts) for payload in scanner.feed(piece)]
    assert got == payloads
    assert counters == Counters()


@given(st.binary(max_size=150), PAYLOADS, CUTS)
def test_whatever_comes_before_a_zero_costs_no_frame_behind_it(noise, payloads, cuts):
    scanner = CobsScanner(200, Counters())
    stream = noise + b"\x00" + b"".join(map(cobs_frame, payloads))
    got = [payload for piece in in_pieces(stream, cuts) for payload in scanner.feed(piece)]
    assert got[-len(payloads) :] == payloads


def test_a_frame_longer_than_any_is_thrown_away_and_counted():
    counters = Counters()
    scanner = CobsScanner(50, counters)
    assert scanner.feed(b"\x01" * 500) == []
    assert scanner.feed(b"\x00" + cobs_frame(b"good")) == [b"good"]
    assert counters.skipped_bytes >= 500
    assert counters.bad_frames == counters.resyncs == 1


def test_a_frame_just_as_long_as_allowed_is_taken():
    frame = cobs_frame(b"x" * 48)
    assert CobsScanner(len(frame) - 1, Counters()).feed(frame) == [b"x" * 48]
    counters = Counters()
    assert CobsScanner(len(frame) - 2, counters).feed(frame) == []
    assert counters.bad_frames == 1


def test_zeros_between_frames_mean_nothing():
    counters = Counters()
    scanner = CobsScanner(50, counters)
    assert scanner.feed(b"\x00\x00" + cobs_frame(b"a") + b"\x00\x00\x00" + cobs_frame(b"b")) == [b"a", b"b"]
    assert counters.bad_frames == 0


def test_half_a_frame_is_forgotten_in_a_reset_and_counted():
    counters = Counters()
    scanner = CobsScanner(50, counters)
    scanner.feed(cobs_frame(b"abcdef")[:4])
    scanner.reset()
    assert counters.skipped_bytes == 4
    assert scanner.feed(cobs_frame(b"xyz")) == [b"xyz"]


MARK, LENGTH = 0xA5, 6


def frame(number: int, body: bytes = b"abc") -> bytes:
    """Return a frame of a made-up device: mark, counter modulo 16, three bytes, a sum."""
    head = bytes((MARK, number % 16)) + body
    return head + bytes((sum(head) & 0xFF,))


def scanner(counters: Counters | None = None, **changes) -> FixedScanner:
    options = {"modulus": 16, "confirm": 3, "strict": True, **changes}
    return FixedScanner(
        LENGTH,
        lambda data: data[0] == MARK and sum(data[:-1]) & 0xFF == data[-1] and data[1] < 16,
        lambda data: data[1],
        counters=counters if counters is not None else Counters(),
        **options,
    )


def numbers(cut: list[tuple[bytes, int]]) -> list[int]:
    return [data[1] for data, _ in cut]


@given(st.integers(0, 15), st.integers(3, 30), CUTS)
def test_frames_in_a_row_are_all_found_however_the_stream_is_cut(first, count, cuts):
    counters = Counters()
    cutter = scanner(counters)
    stream = b"".join(frame(first + n) for n in range(count))
    got = [found for piece in in_pieces(stream, cuts) for found in cutter.feed(piece)]
    assert numbers(got) == [(first + n) % 16 for n in range(count)]
    assert [skipped for _, skipped in got] == [0] * count
    assert counters.frames == count
    assert counters.skipped_bytes == 0


@given(st.binary(max_size=40), st.integers(0, 15))
@settings(max_examples=80)
def test_frames_behind_noise_are_found_and_the_noise_is_counted(noise, first):
    assume(MARK not in noise)
    counters = Counters()
    stream = noise + b"".join(frame(first + n) for n in range(6))
    got = scanner(counters).feed(stream)
    assert numbers(got) == [(first + n) % 16 for n in range(6)]
    assert got[0][1] == len(noise) == counters.skipped_bytes


@given(st.integers(3, 8), st.integers(0, 5), st.integers(0, 7))
def test_a_damaged_frame_costs_itself_and_no_more(which, place, bit):
    frames = [bytearray(frame(n)) for n in range(12)]
    frames[which][place] ^= 1 << bit
    counters = Counters()
    got = scanner(counters).feed(b"".join(frames))
    kept = numbers(got)
    assert kept == [n for n in range(12) if n != which]
    assert got[which][1] == LENGTH
    assert counters.bad_frames == 1
    assert counters.skipped_bytes == LENGTH


@given(st.integers(3, 8), st.integers(1, 5))
def test_lost_bytes_cost_the_frame_that_they_were_of(which, lost):
    frames = [frame(n) for n in range(14)]
    frames[which] = frames[which][lost:]
    got = numbers(scanner().feed(b"".join(frames)))
    assert got == [n for n in range(14) if n != which]


def test_chance_marks_without_followers_are_no_frames():
    counters = Counters()
    alone = frame(3) + b"........" + frame(9) + b"....." + frame(3) + b"......"
    assert scanner(counters).feed(alone + b"".join(frame(n) for n in range(4))) != []
    cutter = scanner(confirm=4)
    assert cutter.feed(alone) == []


def test_a_strict_scanner_asks_for_the_next_counter_and_a_lenient_one_does_not():
    jump = b"".join(frame(n) for n in (0, 1, 2, 9, 10))
    assert numbers(scanner(strict=False).feed(jump)) == [0, 1, 2, 9, 10]
    strict = numbers(scanner(strict=True).feed(jump + frame(11) + frame(12)))
    assert strict == [0, 1, 2, 9, 10, 11, 12]


def test_the_place_is_forgotten_in_a_reset_and_proved_anew():
    counters = Counters()
    cutter = scanner(counters)
    cutter.feed(b"".join(frame(n) for n in range(4)) + frame(4)[:3])
    cutter.reset()
    assert counters.skipped_bytes == 3
    assert cutter.feed(frame(9)) == []
    assert numbers(cutter.feed(frame(10) + frame(11))) == [9, 10, 11]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_noise_is_not_kept(size):
    cutter = scanner()
    for start in range(0, 10_000, size):
        cutter.feed(bytes((start * 7 + n * 13) & 0xFF for n in range(size)))
    assert len(cutter._buffer) < LENGTH * 3
