"""Proves that a decoder keeps its promises; for the tests of whoever writes one."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np

from ecgmon.firmware_bridge.packet import Decoder, Packet
from ecgmon.monitor.core.promise import promise

NOISE_BYTES = 200_000
MOST_GROWN_BYTES = 65_536
"""What a decoder may keep of noise, in bytes of memory."""


def check_decoder(make: Callable[[], Decoder], stream: bytes) -> list[Packet]:
    """Feed a stream whole, in pieces, behind noise and after a reset.

    Parameters
    ----------
    make : callable
        Returns a fresh decoder.
    stream : bytes
        A few hundred bytes or more of what the device sends, from power-on.

    Returns
    -------
    list of Packet
        What the decoder makes of the whole stream.

    Raises
    ------
    AssertionError
        A promise is broken; says which.
    """
    whole = make()
    packets = whole.feed(stream)
    promise(bool(packets), "a stream of the device gives packets")
    _check_packets(whole, packets)
    _check_pieces(make(), stream, packets)
    _check_noise(make)
    _check_reset(make(), stream, packets)
    return packets


def _check_packets(decoder: Decoder, packets: list[Packet]) -> None:
    form = decoder.format
    promise(decoder.counters.frames > 0, "frames decoded are counted")
    for packet in packets:
        shape = packet.samples_mv.shape
        promise(
            len(shape) == 2 and shape[0] == len(form.leads),
            f"samples have shape ({len(form.leads)}, n) for the leads {form.leads}, not {shape}",
        )
        promise(packet.samples_mv.dtype == np.float64, "samples are 64-bit numbers, in millivolts")
        within = packet.seq is None or (form.seq_modulus is not None and 0 <= packet.seq < form.seq_modulus)
        promise(within, "the counter of a frame lies between 0 and seq_modulus")
    promise(form.fs_hz is None or form.fs_hz > 0, "a sampling rate is above 0, or None where it is not known")


def _check_pieces(decoder: Decoder, stream: bytes, packets: list[Packet]) -> None:
    got: list[Packet] = []
    for at in range(len(stream)):
        got += decoder.feed(stream[at : at + 1])
        got += decoder.feed(b"")
    promise(same_samples(got, packets), "bytes that come one by one give the same samples")


def _check_noise(make: Callable[[], Decoder]) -> None:
    noise = np.random.default_rng(1).bytes(NOISE_BYTES)
    decoder = make()
    decoder.feed(noise[:1000])
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for at in range(0, NOISE_BYTES, 1000):
        decoder.feed(noise[at : at + 1000])
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    promise(grown < MOST_GROWN_BYTES, f"noise takes no memory (it took {grown} bytes)")


def _check_reset(decoder: Decoder, stream: bytes, packets: list[Packet]) -> None:
    decoder.feed(stream[: 2 * len(stream) // 3])
    seen = decoder.counters.frames
    decoder.reset()
    promise(decoder.counters.frames == seen, "counters stay over a reset")
    whole, again = _joined(packets), _joined(decoder.feed(stream))
    half = whole.shape[1] // 2  # boot text at the beginning may count as damage the second time
    same = again.shape[1] >= half and np.array_equal(again[:, -half:], whole[:, -half:], equal_nan=True)
    promise(bool(same), "after a reset the stream is decoded again")


def same_samples(some: list[Packet], others: list[Packet]) -> bool:
    """Tell whether packets hold the same samples, however they are cut into packets."""
    one, other = _joined(some), _joined(others)
    return one.shape == other.shape and bool(np.array_equal(one, other, equal_nan=True))


def _joined(packets: list[Packet]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.concatenate([packet.samples_mv for packet in packets], axis=1) if packets else np.empty((0, 0))
