"""OpenBCI Cyton: 33-byte frames of eight 24-bit channels at 250 Hz.

A frame is ``A0 | counter u8 | 8 x i24 big-endian | 6 bytes aux | C0..C6``. There is no
checksum, so marks, counter and neighbours prove a frame. Source: the data format page
of the OpenBCI documentation.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from pydantic import Field, model_validator

from ecgmon.firmware_bridge.device import DeviceKind
from ecgmon.firmware_bridge.framing import FixedScanner
from ecgmon.firmware_bridge.packet import Counters, Packet, StreamFormat
from ecgmon.monitor.core.config import Settings

FRAME_BYTES = 33
START = 0xA0
VREF_V = 4.5


class CytonSettings(Settings):
    """Which channels to read and how they are amplified.

    Parameters
    ----------
    channels : tuple of int
        Channels to read, 1 to 8.
    leads : tuple of str
        Their names; empty for ``ECG`` or ``CH1``, ``CH2`` and so on.
    gain : float
        Gain of the amplifier; 24 is the board's default.
    fs_hz : float
        Sampling rate in Hz.
    """

    channels: tuple[int, ...] = Field(default=(1,), min_length=1, max_length=8)
    leads: tuple[str, ...] = ()
    gain: float = Field(default=24.0, gt=0)
    fs_hz: float = Field(default=250.0, gt=0, le=16000)

    @model_validator(mode="after")
    def _check(self) -> CytonSettings:
        if any(not 1 <= channel <= 8 for channel in self.channels):
            raise ValueError("channels are 1 to 8")
        if self.leads and len(self.leads) != len(self.channels):
            raise ValueError("there must be as many leads as channels")
        return self


@dataclass
class CytonDecoder:
    """Decode the frames of a Cyton board."""

    settings: CytonSettings = field(default_factory=CytonSettings)
    counters: Counters = field(default_factory=Counters, init=False)

    def __post_init__(self) -> None:
        wanted = self.settings.channels
        names = self.settings.leads or (
            ("ECG",) if len(wanted) == 1 else tuple(f"CH{channel}" for channel in wanted)
        )
        self.format = StreamFormat(self.settings.fs_hz, names, seq_modulus=256)
        self._rows = np.array(wanted) - 1
        self._mv = 1e3 * VREF_V / (2**23 - 1) / self.settings.gain
        self._scanner = FixedScanner(
            FRAME_BYTES,
            lambda frame: frame[0] == START and 0xC0 <= frame[32] <= 0xC6,
            lambda frame: frame[1],
            modulus=256,
            confirm=2,
            strict=False,
            counters=self.counters,
        )

    start_command = b"b"
    stop_command = b"s"

    def feed(self, data: bytes) -> list[Packet]:
        """Take the next bytes; return one packet for each frame completed."""
        cut = self._scanner.feed(data)
        if not cut:
            return []
        raw = np.frombuffer(b"".join(frame for frame, _ in cut), np.uint8).reshape(-1, FRAME_BYTES)
        wide = np.zeros((len(cut), 8, 4), dtype=np.uint8)
        wide[:, :, :3] = raw[:, 2:26].reshape(-1, 8, 3)
        counts = (wide.view(">i4")[:, :, 0] >> 8)[:, self._rows]
        millivolts = counts[:, :, None] * self._mv
        return [
            Packet(block, frame[1], missed_samples=round(skipped / FRAME_BYTES))
            for block, (frame, skipped) in zip(millivolts, cut, strict=True)
        ]

    def reset(self) -> None:
        """Forget half a frame and the place in the stream."""
        self._scanner.reset()


DEVICE = DeviceKind("OpenBCI Cyton", CytonSettings, CytonDecoder)
