"""Polar chest straps: ECG notifications of the measurement data service.

A notification is ``00 | timestamp u64 (ns, of the last sample) | 00 | n x i24``, all
little-endian, in microvolts, at 130 Hz give or take 2 %. Bluetooth keeps notifications
whole, so on a byte link each one travels in COBS with a closing zero, as a gateway
would write it. Source: Polar's public measurement data specification.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np
from pydantic import Field

from ecgmon.firmware_bridge.device import DeviceKind
from ecgmon.firmware_bridge.framing import CobsScanner
from ecgmon.firmware_bridge.packet import Packet, StreamDecoder, StreamFormat
from ecgmon.monitor.core.config import Settings

ECG = 0x00
FRAME_TYPE = 0x00
_HEAD = struct.Struct("<BQB")
_MAX_ENCODED = 520
_CLOCK_WRAP_S = 2.0**64 * 1e-9


class PolarSettings(Settings):
    """How the strap samples.

    Parameters
    ----------
    fs_hz : float
        Nominal sampling rate in Hz; the strap's own clock tells the true one.
    """

    fs_hz: float = Field(default=130.0, gt=0, le=1000)


@dataclass
class PolarDecoder(StreamDecoder):
    """Decode ECG notifications, each in a COBS frame."""

    settings: PolarSettings = field(default_factory=PolarSettings)

    def __post_init__(self) -> None:
        self.format = StreamFormat(self.settings.fs_hz, clock_wrap_s=_CLOCK_WRAP_S)
        self._scanner = CobsScanner(_MAX_ENCODED, self.counters)

    def feed(self, data: bytes) -> list[Packet]:
        """Take the next bytes; return the packets completed by them."""
        packets = (self.notification(payload) for payload in self._scanner.feed(data))
        return [packet for packet in packets if packet]

    def notification(self, data: bytes) -> Packet | None:
        """Decode one notification as Bluetooth delivers it; None if it is not ECG."""
        n, odd = divmod(len(data) - _HEAD.size, 3)
        if n < 1 or odd or data[0] != ECG or data[9] != FRAME_TYPE:
            self.counters.bad_frames += 1
            self.counters.skipped_bytes += len(data)
            return None
        raw = np.zeros((n, 4), dtype=np.uint8)
        raw[:, 1:] = np.frombuffer(data, np.uint8, offset=_HEAD.size).reshape(n, 3)
        microvolts = (raw.view("<i4").T >> 8).astype(np.float64)
        last_s = _HEAD.unpack_from(data)[1] * 1e-9
        self.counters.frames += 1
        return Packet(microvolts * 1e-3, device_time_s=last_s - (n - 1) / self.settings.fs_hz)

    def reset(self) -> None:
        """Forget half a frame."""
        self._scanner.reset()


DEVICE = DeviceKind("Polar H10 notifications in COBS", PolarSettings, PolarDecoder)
