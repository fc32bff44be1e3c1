"""ProtoCentral's OpenView frames: HealthyPi, ADS1292R, ADS1293 and MAX30003 boards.

A frame is ``0A FA | length u16 | type u8 | payload | 00 0B``, little-endian, without
checksum, counter or clock. It cannot name its board, so the settings do; which of the
board's firmwares fills it, the frame tells by its length and type. HealthyPi 5 sends
batches of eight samples since firmware 1.0.0, and pulse oximetry in frames of another
type, which are passed over. Lengths and places were read from the boards' public (MIT)
firmware.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from ecgmon.firmware_bridge.device import DeviceKind
from ecgmon.firmware_bridge.packet import Packet, StreamDecoder, StreamFormat
from ecgmon.monitor.core.config import Settings

START = b"\x0a\xfa"
STOP = b"\x00\x0b"
DATA_TYPE = 0x02
BATCH_TYPE = 0x03
_OVERHEAD = 7
_ALIKE_FRAMES = 32
"""Frames from which it is told how a payload is filled that two firmwares fill differently."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a firmware fills a payload.

    Parameters
    ----------
    length : int
        Bytes of the payload.
    offset : int
        Place of the ECG in the payload.
    width : int
        Bytes of an ECG sample, 2 or 4.
    shift : int
        Lower bits of the board's count that the firmware cuts off.
    samples : int
        ECG samples in a frame.
    type : int
        Kind of frame.
    """

    length: int
    offset: int
    width: Literal[2, 4]
    shift: int = 0
    samples: int = 1
    type: int = DATA_TYPE

    @property
    def frame_bytes(self) -> int:
        """Bytes of a whole frame."""
        return self.length + _OVERHEAD

    @property
    def head(self) -> bytes:
        """What a frame begins with."""
        return START + self.length.to_bytes(2, "little") + bytes((self.type,))

    def counts(self, frames: list[bytes]) -> NDArray[np.int64]:
        """Return the ECG of frames as counts of the firmware, shape (n_frames, samples)."""
        begin = len(START) + 3 + self.offset
        cut = b"".join(frame[begin : begin + self.width * self.samples] for frame in frames)
        return np.frombuffer(cut, f"<i{self.width}").reshape(len(frames), self.samples).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a board's firmwares send.

    Parameters
    ----------
    fs_hz : float
        Sampling rate in Hz of the board's own firmware.
    layouts : tuple of Layout
        How its firmwares, old and new, fill a payload.
    uv_per_count : float or None
        Microvolts a count of the board; None where the firmware does not tell for certain.
    baud : int
        Speed of the port that the sketches set.
    """

    fs_hz: float
    layouts: tuple[Layout, ...]
    uv_per_count: float | None = None
    baud: int = 115200


_ADS1292R_UV = 2.42e6 / (2**23 - 1) / 6
PROFILES = {
    "healthypi4": Profile(125.0, (Layout(20, 0, 2, 8),), _ADS1292R_UV),
    "healthypi5": Profile(128.0, (Layout(22, 0, 4), Layout(50, 0, 4, samples=8, type=BATCH_TYPE))),
    "ads1292r": Profile(
        125.0, (Layout(8, 0, 4), Layout(8, 0, 2, 8), Layout(9, 0, 2, 8)), _ADS1292R_UV, 57600
    ),
    "ads1293": Profile(100.0, (Layout(12, 0, 4),), baud=57600),
    "max30003": Profile(128.0, (Layout(12, 0, 4), Layout(17, 5, 4)), baud=57600),
}
"""Known boards. The ADS1292R's count is its 2.42 V reference at gain 6; HealthyPi v4 and the sketches
that send 16 bits cut off the lower eight."""


class OpenViewSettings(Settings):
    """Which board speaks; what is given here goes before the profile.

    Parameters
    ----------
    profile : str
        Name of the board.
    uv_per_count : float or None
        Microvolts a count as sent; must be given for boards whose scale depends on their
        set-up (HealthyPi 5, ADS1293, MAX30003).
    fs_hz : float or None
        Sampling rate in Hz.
    length, offset, width : int or None
        Payload length, place and size of the ECG in bytes, for changed firmware. Without them the
        frames that the board's known firmwares send are all read.
    """

    profile: Literal["healthypi4", "healthypi5", "ads1292r", "ads1293", "max30003"]
    uv_per_count: float | None = Field(default=None, gt=0)
    fs_hz: float | None = Field(default=None, gt=0, le=16000)
    length: int | None = Field(default=None, ge=2, le=255)
    offset: int | None = Field(default=None, ge=0, le=253)
    width: Literal[2, 4] | None = None

    @model_validator(mode="after")
    def _check(self) -> OpenViewSettings:
        if self.uv_per_count is None and PROFILES[self.profile].uv_per_count is None:
            raise ValueError(
                f"uv_per_count must be given for {self.profile}: its scale depends on the board's gain"
            )
        if any(part.offset + part.width * part.samples > part.length for part in self.layouts):
            raise ValueError("the ECG does not fit into the payload: look at length, offset and width")
        return self

    @property
    def layouts(self) -> tuple[Layout, ...]:
        """Return the profile's layouts, or the one that the settings name."""
        known = PROFILES[self.profile].layouts
        if self.length is None and self.offset is None and self.width is None:
            return known
        base = known[0]
        return (
            Layout(
                self.length or base.length,
                base.offset if self.offset is None else self.offset,
                self.width or base.width,
                base.shift if self.width in (None, base.width) else 8,
            ),
        )

    def uv_of(self, layout: Layout) -> float:
        """Return the microvolts of a count as a firmware sends it."""
        board = PROFILES[self.profile].uv_per_count
        return self.uv_per_count or (board or 0.0) * 2**layout.shift


@dataclass
class OpenViewDecoder(StreamDecoder):
    """Decode OpenView frames of the board named in the settings."""

    settings: OpenViewSettings = field(default_factory=lambda: OpenViewSettings(profile="healthypi4"))

    def __post_init__(self) -> None:
        layouts = self.settings.layouts
        self._by_head = {
            head: [part for part in layouts if part.head == head]
            for head in dict.fromkeys(part.head for part in layouts)
        }
        self._buffer = b""
        self._skipped = 0
        self._held: list[tuple[bytes, int]] = []
        self.format = StreamFormat(self.settings.fs_hz or PROFILES[self.settings.profile].fs_hz)

    def feed(self, data: bytes) -> list[Packet]:
        """Take the next bytes; return one packet for each frame completed."""
        buffer, at, packets = self._buffer + data, 0, []
        while True:
            found = self._find(buffer, at)
            if found is None:
                keep = max(at, len(buffer) - len(START) - 2)
                self._skip(keep - at)
                at = keep
                break
            head, place = found
            self._skip(place - at)
            at = place
            length = self._by_head[head][0].frame_bytes
            if len(buffer) - at < length:
                break
            frame = buffer[at : at + length]
            if frame.endswith(STOP):
                packets += self._packets(head, frame)
                at += length
            else:
                self.counters.bad_frames += 1
                self._skip(1)
                at += 1
        self._buffer = buffer[at:]
        return packets

    def _find(self, buffer: bytes, at: int) -> tuple[bytes, int] | None:
        """Return the head of the next frame and its place; None if there is none yet."""
        places = [(buffer.find(head, at), head) for head in self._by_head]
        found = min((place for place in places if place[0] >= 0), default=None)
        return None if found is None else (found[1], found[0])

    def _skip(self, n_bytes: int) -> None:
        self._skipped += n_bytes
        self.counters.skipped_bytes += n_bytes

    def _packets(self, head: bytes, frame: bytes) -> list[Packet]:
        """Read one frame; a skip of whole frames between frames tells of lost samples.

        Frames that two firmwares fill differently are held until it is clear which one it is.
        """
        layout = self._by_head[head][0]
        missed = round(self._skipped / layout.frame_bytes) if self.counters.frames else 0
        self.counters.resyncs += bool(self._skipped)
        self.counters.frames += 1
        self._skipped = 0
        held = [*self._held, (frame, missed)]
        if len(self._by_head[head]) > 1:
            if len(held) < _ALIKE_FRAMES:
                self._held = held
                return []
            layout = _smoothest(self._by_head[head], [one for one, _ in held])
            self._by_head[head] = [layout]
        self._held = []
        millivolts = layout.counts([one for one, _ in held]) * (self.settings.uv_of(layout) * 1e-3)
        return [
            Packet(row[None], missed_samples=lost * layout.samples)
            for row, (_, lost) in zip(millivolts, held, strict=True)
        ]

    def reset(self) -> None:
        """Forget half a frame."""
        self.counters.skipped_bytes += len(self._buffer)
        self._buffer, self._skipped, self._held = b"", 0, []


def _smoothest(layouts: list[Layout], frames: list[bytes]) -> Layout:
    """Return the layout that gives the smoothest signal: read wrongly, a count leaps by 65536."""
    return min(layouts, key=lambda layout: int(np.abs(np.diff(layout.counts(frames), axis=0)).sum()))


DEVICE = DeviceKind(
    "ProtoCentral boards (HealthyPi, ADS1292R, ADS1293, MAX30003)",
    OpenViewSettings,
    OpenViewDecoder,
    baud_of=lambda settings: PROFILES[settings.profile].baud,
)
