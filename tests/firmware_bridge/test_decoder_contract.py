"""Every decoder of our own keeps the promises that others' must keep, and each promise can be broken."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from ecgmon.firmware_bridge.contract import check_decoder, same_samples
from ecgmon.firmware_bridge.decoders import DECODERS, device_kind, device_kinds, make_decoder
from ecgmon.firmware_bridge.device import DeviceKind
from ecgmon.firmware_bridge.packet import Decoder, Packet, StreamDecoder, StreamFormat
from ecgmon.monitor.core.config import Settings
from ecgmon.sim.devices.boards import BOARDS, Measured

OPTIONS = {"native": {"fs_hz": 250.0, "uv_per_count": 0.5}, "openview": {"profile": "healthypi4"}}


def stream_of(kind: str, seconds: float = 2.0) -> bytes:
    board = BOARDS[kind]()
    n = board.frame_samples
    wave = np.sin(np.arange(int(seconds * board.fs_hz) + n) / 20)
    frames = (board.encode(Measured(wave[at : at + n], at)) for at in range(0, wave.size - n, n))
    return board.boot_text + b"".join(frames)


@pytest.mark.parametrize("kind", BOARDS)
def test_a_decoder_of_our_own_keeps_its_promises(kind):
    packets = check_decoder(lambda: make_decoder(kind, OPTIONS.get(kind, {})), stream_of(kind))
    assert sum(packet.n_samples for packet in packets) > BOARDS[kind]().fs_hz
    assert all(np.abs(packet.samples_mv).max() < 1.6 for packet in packets)


def test_every_decoder_has_a_board_to_prove_it():
    assert set(BOARDS) == set(DECODERS.own_names())
    assert set(device_kinds()) >= set(BOARDS)


class Fine(StreamDecoder):
    """One byte a sample, in hundredths of a millivolt; 255 is no sample."""

    def __init__(self) -> None:
        super().__init__()
        self.format = StreamFormat(100.0)

    def feed(self, data: bytes) -> list[Packet]:
        good = [byte for byte in data if byte != 255]
        self.counters.frames += len(good)
        return [Packet(np.array([[byte * 0.01 for byte in good]]))] if good else []

    def reset(self) -> None:
        pass


class Hoarding(Fine):
    """Keeps everything it ever saw."""

    def feed(self, data: bytes) -> list[Packet]:
        self.kept = getattr(self, "kept", b"") + data
        return super().feed(data)


class Chunky(Fine):
    """Loses what is cut through."""

    def feed(self, data: bytes) -> list[Packet]:
        return super().feed(data[1:])


class Sticky(Fine):
    """Cannot begin anew."""

    done = False

    def feed(self, data: bytes) -> list[Packet]:
        return [] if self.done else super().feed(data)

    def reset(self) -> None:
        self.done = True


class Forgetful(Fine):
    """Loses its counters in a reset."""

    def reset(self) -> None:
        self.counters.frames = 0


class Uncounted(Fine):
    """Counts nothing."""

    def feed(self, data: bytes) -> list[Packet]:
        packets = super().feed(data)
        self.counters.frames = 0
        return packets


class Flat(Fine):
    """Gives samples without a row for the lead."""

    def feed(self, data: bytes) -> list[Packet]:
        return [Packet(packet.samples_mv[0]) for packet in super().feed(data)]


class Whole(Fine):
    """Gives whole numbers in place of millivolts."""

    def feed(self, data: bytes) -> list[Packet]:
        return [Packet(packet.samples_mv.astype(np.int64)) for packet in super().feed(data)]


class Overrun(Fine):
    """Counts frames beyond what it says."""

    def feed(self, data: bytes) -> list[Packet]:
        return [Packet(packet.samples_mv, seq=7) for packet in super().feed(data)]


class Silent(Fine):
    """Never gives anything."""

    def feed(self, data: bytes) -> list[Packet]:
        return []


def test_a_decoder_that_is_fine_passes():
    packets = check_decoder(Fine, bytes(range(200)))
    assert packets[0].n_samples == 200


@pytest.mark.parametrize(
    ("decoder", "words"),
    [
        (Hoarding, "noise takes no memory"),
        (Chunky, "one by one give the same samples"),
        (Sticky, "after a reset the stream is decoded again"),
        (Forgetful, "counters stay over a reset"),
        (Uncounted, "frames decoded are counted"),
        (Flat, r"samples have shape \(1, n\)"),
        (Whole, "64-bit numbers"),
        (Overrun, "between 0 and seq_modulus"),
        (Silent, "a stream of the device gives packets"),
    ],
)
def test_each_promise_that_is_broken_is_named(decoder, words):
    with pytest.raises(AssertionError, match=f"Broken promise: .*{words}"):
        check_decoder(decoder, bytes(range(200)))


def test_samples_are_compared_whatever_the_packets():
    one = [Packet(np.array([[1.0, np.nan, 3.0]]))]
    other = [Packet(np.array([[1.0]])), Packet(np.array([[np.nan, 3.0]]))]
    assert same_samples(one, other)
    assert not same_samples(one, other[:1])
    assert same_samples([], [])


class Nothing(Settings):
    """Nothing can be set."""


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((7, Nothing, Fine, 9600), "a title and a speed"),
        (("x", Nothing, Fine, "9600"), "a title and a speed"),
        (("x", dict, Fine, 9600), "subclass of ecgmon.monitor.core.config.Settings"),
        (("x", Nothing(), Fine, 9600), "subclass of ecgmon.monitor.core.config.Settings"),
        (("x", Nothing, "Fine", 9600), "takes settings="),
    ],
)
def test_a_kind_of_device_is_checked_where_it_is_declared(parts, words):
    with pytest.raises(TypeError, match=words):
        DeviceKind(*parts)


@dataclass
class Commanded:
    """A decoder that fits without a base class."""

    counters: object = field(default_factory=object)
    format = StreamFormat(1.0)
    start_command = b"go"
    stop_command = b"halt"

    def feed(self, data: bytes) -> list[Packet]:
        return []

    def reset(self) -> None:
        pass


def test_a_decoder_needs_no_base_class():
    assert isinstance(Commanded(), Decoder)
    assert isinstance(make_decoder("cyton", {}), Decoder)
    assert device_kind("cyton").baud == 115200
