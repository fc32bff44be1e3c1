"""ProtoCentral's OpenView frames: HealthyPi, ADS1292R, ADS1293 and MAX30003 boards.

A frame is ``0A FA | length u16 | type u8 | payload | 00 0B``, little-endian, without
checksum, counter or clock. It cannot name its board, so the settings do. Lengths and
places were read from the boards' public (MIT) firmware.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from ecgmon.firmware_bridge.device import DeviceKind
from ecgmon.firmware_bridge.packet import Packet, StreamDecoder, StreamFormat
from ecgmon.monitor.core.config import Settings

START = b"\x0a\xfa"
STOP = b"\x00\x0b"
DATA_TYPE = 0x02
_OVERHEAD = 7


@dataclass(frozen=True, slots=True)
class Profile:
    """How one board fills the payload.

    Parameters
    ----------
    length : int
        Bytes of the payload.
    offset : int
        Place of the ECG in the payload.
    width : int
        Bytes of an ECG sample, 2 or 4.
    fs_hz : float
        Sampling rate in Hz of the board's own firmware.
    uv_per_count : float or None
        Microvolts a count; None where the firmware does not tell for certain.
    """

    length: int
    offset: int
    width: Literal[2, 4]
    fs_hz: float
    uv_per_count: float | None = None


_ADS1292R_UV = 2.42e6 / (2**23 - 1) / 6
PROFILES = {
    "healthypi4": Profile(20, 0, 2, 125.0, 256 * _ADS1292R_UV),
    "healthypi5": Profile(22, 0, 4, 128.0),
    "ads1292r": Profile(8, 0, 4, 125.0, _ADS1292R_UV),
    "ads1293": Profile(12, 0, 4, 100.0),
    "max30003": Profile(12, 0, 4, 128.0),
}
"""Known boards. The ADS1292R's count is its 2.42 V reference at gain 6; HealthyPi v4
sends the upper 16 of its 24 bits."""


class OpenViewSettings(Settings):
    """Which board speaks; what is given here goes before the profile.

    Parameters
    ----------
    profile : str
        Name of the board.
    uv_per_count : float or None
        Microvolts a count; must be given for boards whose scale depends on their
        set-up (HealthyPi 5, ADS1293, MAX30003).
    fs_hz : float or None
        Sampling rate in Hz.
    length, offset, width : int or None
        Payload length, place and size of the ECG in bytes, for changed firmware.
    """

    profile: Literal["healthypi4", "healthypi5", "ads1292r", "ads1293", "max30003"]
    uv_per_count: float | None = Field(default=None, gt=0)
    fs_hz: float | None = Field(default=None, gt=0, le=16000)
    length: int | None = Field(default=None, ge=2, le=255)
    offset: int | None = Field(default=None, ge=0, le=253)
    width: Literal[2, 4] | None = None

    @model_validator(mode="after")
    def _check(self) -> OpenViewSettings:
        layout = self.layout
        if layout.uv_per_count is None:
            raise ValueError(
                f"uv_per_count must be given for {self.profile}: its scale depends on the board's gain"
            )
        if layout.offset + layout.width > layout.length:
            raise ValueError("the ECG does not fit into the payload: look at length, offset and width")
        return self

    @property
    def layout(self) -> Profile:
        """Return the profile with what the settings changed."""
        base = PROFILES[self.profile]
        return Profile(
            self.length or base.length,
            base.offset if self.offset is None else self.offset,
            self.width or base.width,
            self.fs_hz or base.fs_hz,
            self.uv_per_count or base.uv_per_count,
        )


@dataclass
class OpenViewDecoder(StreamDecoder):
    """Decode OpenView frames of the board named in the settings."""

    settings: OpenViewSettings = field(default_factory=lambda: OpenViewSettings(profile="healthypi4"))

    def __post_init__(self) -> None:
        layout = self.settings.layout
        assert layout.uv_per_count is not None
        self._layout = layout
        self._frame_bytes = layout.length + _OVERHEAD
        self._head = START + layout.length.to_bytes(2, "little") + bytes((DATA_TYPE,))
        self._dtype = np.dtype(f"<i{layout.width}")
        self._mv = layout.uv_per_count * 1e-3
        self._buffer = b""
        self._skipped = 0
        self.format = StreamFormat(layout.fs_hz)

    def feed(self, data: bytes) -> list[Packet]:
        """Take the next bytes; return one packet for each frame completed."""
        buffer, at, packets = self._buffer + data, 0, []
        while True:
            found = buffer.find(self._head, at)
            if found < 0:
                keep = max(at, len(buffer) - len(self._head) + 1)
                self._skip(keep - at)
                at = keep
                break
            self._skip(found - at)
            at = found
            if len(buffer) - at < self._frame_bytes:
                break
            frame = buffer[at : at + self._frame_bytes]
            if frame.endswith(STOP):
                packets.append(self._packet(frame))
                at += self._frame_bytes
            else:
                self.counters.bad_frames += 1
                self._skip(1)
                at += 1
        self._buffer = buffer[at:]
        return packets

    def _skip(self, n_bytes: int) -> None:
        self._skipped += n_bytes
        self.counters.skipped_bytes += n_bytes

    def _packet(self, frame: bytes) -> Packet:
        """Read one frame; a skip of whole frames between frames tells of lost samples."""
        missed = round(self._skipped / self._frame_bytes) if self.counters.frames else 0
        self.counters.resyncs += bool(self._skipped)
        self.counters.frames += 1
        self._skipped = 0
        count = np.frombuffer(frame, self._dtype, 1, 5 + self._layout.offset)
        return Packet((count * self._mv).reshape(1, 1), missed_samples=missed)

    def reset(self) -> None:
        """Forget half a frame."""
        self.counters.skipped_bytes += len(self._buffer)
        self._buffer, self._skipped = b"", 0


DEVICE = DeviceKind(
    "ProtoCentral boards (HealthyPi, ADS1292R, ADS1293, MAX30003)", OpenViewSettings, OpenViewDecoder
)
