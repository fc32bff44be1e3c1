"""Cutting frames out of a byte stream: COBS with a delimiter, and frames of fixed length."""

from __future__ import annotations

import binascii
import contextlib
from collections.abc import Callable

from cobs import cobs

from ecgmon.firmware_bridge.packet import Counters


def crc16(data: bytes) -> int:
    """Return the CRC-16/CCITT-FALSE of ``data`` (polynomial 0x1021, start 0xFFFF)."""
    return binascii.crc_hqx(data, 0xFFFF)


def crc4(data: bytes) -> int:
    """Return the remainder of ``data`` divided by x^4 + x + 1.

    It is 0 for a message that carries its CRC-4 in the last four bits, and it is the
    CRC-4 of a message whose last four bits are still 0.
    """
    crc = 0
    for byte in data:
        crc = _CRC4[(crc << 4) ^ (byte >> 4)]
        crc = _CRC4[(crc << 4) ^ (byte & 0x0F)]
    return crc


def _crc4_step(value: int) -> int:
    """Divide the eight bits of ``value`` by x^4 + x + 1; return the remainder."""
    for bit in range(7, 3, -1):
        if value >> bit & 1:
            value ^= 0b10011 << (bit - 4)
    return value


_CRC4 = bytes(_crc4_step(value) for value in range(256))


def cobs_frame(payload: bytes) -> bytes:
    """Return ``payload`` in COBS with its closing zero byte (doi:10.1109/90.769765)."""
    return bytes(cobs.encode(payload)) + b"\x00"


class CobsScanner:
    """Split a stream at zero bytes and undo the COBS of what lies between.

    Parameters
    ----------
    max_frame_bytes : int
        Longest encoded frame; more than this without a zero is thrown away.
    counters : Counters
        Counts what was refused.
    """

    def __init__(self, max_frame_bytes: int, counters: Counters) -> None:
        self._max = max_frame_bytes
        self._counters = counters
        self._rest = b""
        self._overlong = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the payloads completed by them."""
        *chunks, rest = data.split(b"\x00")
        payloads = []
        for chunk in chunks:
            encoded, self._rest = self._rest + chunk, b""
            payload = self._decode(encoded)
            if payload:
                payloads.append(payload)
        self._rest += rest
        if len(self._rest) > self._max:
            self._counters.skipped_bytes += len(self._rest)
            self._rest = b""
            self._overlong = True
        return payloads

    def _decode(self, encoded: bytes) -> bytes | None:
        if not encoded and not self._overlong:
            return None
        if self._overlong or len(encoded) > self._max:
            self._overlong = False
        else:
            with contextlib.suppress(cobs.DecodeError):
                return bytes(cobs.decode(encoded))
        self._counters.bad_frames += 1
        self._counters.resyncs += 1
        self._counters.skipped_bytes += len(encoded) + 1
        return None

    def reset(self) -> None:
        """Forget half a frame."""
        self._counters.skipped_bytes += len(self._rest)
        self._rest = b""
        self._overlong = False


class FixedScanner:
    """Cut frames of one length out of a stream by marks, counter and neighbours.

    In step, a frame is taken where the last one ended. Out of step, the search begins
    one byte behind the failed start; a candidate is taken if it lies on the old grid
    with the counter that belongs there, or if it opens a row of ``confirm`` frames
    whose counters follow each other. So a damaged frame costs itself and no more, and
    chance patterns in the samples are not taken for frames.

    Parameters
    ----------
    length : int
        Bytes of a frame.
    valid : callable
        Says whether the ``length`` bytes at a position of a buffer are a frame.
    seq : callable
        Returns the counter of a valid frame.
    modulus : int
        The counter runs from 0 to one less.
    confirm : int
        Frames in a row that prove a new place.
    strict : bool
        True if a frame in step must also have the next counter.
    counters : Counters
        Counts frames, skipped bytes and resynchronisations.
    """

    def __init__(
        self,
        length: int,
        valid: Callable[[bytes], bool],
        seq: Callable[[bytes], int],
        *,
        modulus: int,
        confirm: int,
        strict: bool,
        counters: Counters,
    ) -> None:
        self._length = length
        self._valid = valid
        self._seq = seq
        self._modulus = modulus
        self._confirm = confirm
        self._strict = strict
        self._counters = counters
        self._buffer = b""
        self._in_step = False
        self._grid = 0
        self._last: int | None = None

    def feed(self, data: bytes) -> list[tuple[bytes, int]]:
        """Take the next bytes; return the frames certain by now, each with the bytes skipped before it."""
        buffer, at = self._buffer + data, 0
        frames: list[tuple[bytes, int]] = []
        while len(buffer) - at >= self._length:
            frame = buffer[at : at + self._length]
            skipped = self._grid
            verdict = self._judge(buffer, at, frame)
            if verdict is None:
                break
            if verdict:
                frames.append((frame, skipped))
                at += self._length
            else:
                self._counters.bad_frames += self._in_step
                self._in_step = False
                self._counters.skipped_bytes += 1
                self._grid += 1
                at += 1
        self._buffer = buffer[at:]
        return frames

    def _judge(self, buffer: bytes, at: int, frame: bytes) -> bool | None:
        """Say yes, no, or None while the bytes that decide have not arrived."""
        if not self._valid(frame):
            return False
        seq = self._seq(frame)
        if not self._trusted(seq):
            confirmed = self._confirmed(buffer, at, seq)
            if not confirmed:
                return confirmed
        self._counters.resyncs += not self._in_step
        self._counters.frames += 1
        self._in_step, self._grid, self._last = True, 0, seq
        return True

    def _trusted(self, seq: int) -> bool:
        """Say whether place and counter alone prove the frame."""
        if self._last is None:
            return False
        skipped, off_grid = divmod(self._grid, self._length)
        follows = seq == (self._last + 1 + skipped) % self._modulus
        if self._in_step:
            return follows or not self._strict
        return not off_grid and follows

    def _confirmed(self, buffer: bytes, at: int, seq: int) -> bool | None:
        for ahead in range(1, self._confirm):
            start = at + ahead * self._length
            frame = buffer[start : start + self._length]
            if len(frame) < self._length:
                return None
            if not self._valid(frame) or self._seq(frame) != (seq + ahead) % self._modulus:
                return False
        return True

    def reset(self) -> None:
        """Forget half a frame and the place."""
        self._counters.skipped_bytes += len(self._buffer)
        self._buffer = b""
        self._in_step, self._grid, self._last = False, 0, None
