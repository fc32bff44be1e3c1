"""A decoder: an imaginary chest belt with frames ``42 | seq u8 | n u8 | n x i16 | xor of all before``."""

from __future__ import annotations

import functools
import operator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ecgmon.firmware_bridge.device import DeviceKind
from ecgmon.firmware_bridge.packet import Packet, StreamDecoder, StreamFormat
from ecgmon.monitor.core.config import Settings

START = 0x42
_HEAD_BYTES = 3


class BeltSettings(Settings):
    """How the belt measures.

    Parameters
    ----------
    fs_hz : float
        Sampling rate in Hz.
    uv_per_count : float
        Microvolts a count.
    """

    fs_hz: float = Field(default=360.0, gt=0, le=2000)
    uv_per_count: float = Field(default=5.0, gt=0)


@dataclass
class BeltDecoder(StreamDecoder):
    """Decode the belt's frames."""

    settings: BeltSettings = field(default_factory=BeltSettings)

    def __post_init__(self) -> None:
        self.format = StreamFormat(self.settings.fs_hz, ("II",), seq_modulus=256)
        self._buffer = b""

    def feed(self, data: bytes) -> list[Packet]:
        """Take the next bytes; return one packet for each frame completed."""
        self._buffer += data
        packets = []
        while len(self._buffer) >= _HEAD_BYTES:
            length = _HEAD_BYTES + 2 * self._buffer[2] + 1
            if self._buffer[0] != START or self._buffer[2] == 0:
                self._skip()
            elif len(self._buffer) < length:
                break
            elif functools.reduce(operator.xor, self._buffer[:length]) != 0:
                self.counters.bad_frames += 1
                self._skip()
            else:
                packets.append(self._packet(self._buffer[:length]))
                self._buffer = self._buffer[length:]
        return packets

    def _skip(self) -> None:
        self._buffer = self._buffer[1:]
        self.counters.skipped_bytes += 1

    def _packet(self, frame: bytes) -> Packet:
        self.counters.frames += 1
        counts = np.frombuffer(frame, ">i2", frame[2], _HEAD_BYTES).astype(np.float64)
        return Packet(counts[None] * (self.settings.uv_per_count * 1e-3), seq=frame[1])

    def reset(self) -> None:
        """Forget half a frame."""
        self.counters.skipped_bytes += len(self._buffer)
        self._buffer = b""


DEVICE = DeviceKind("Imaginary chest belt", BeltSettings, BeltDecoder, baud=57600)


def encode(counts: NDArray[np.int16], seq: int) -> bytes:
    """Return a frame as the belt sends it."""
    body = bytes((START, seq % 256, counts.size)) + counts.astype(">i2").tobytes()
    return body + bytes((functools.reduce(operator.xor, body),))
