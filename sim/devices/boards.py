"""What each board sends for the samples it measured, and how it obeys commands."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ecgmon.firmware_bridge.decoders import bitalino, cyton, native, openview
from ecgmon.firmware_bridge.framing import cobs_frame, crc4

_INT24 = 2**23 - 1


class Measured(NamedTuple):
    """The samples of one frame.

    Parameters
    ----------
    samples_mv : array of shape (n,)
        Millivolts.
    first : int
        Number of the first of them since the device began.
    lead_off : bool
        An electrode is off.
    battery_low : bool
        The battery is nearly empty.
    """

    samples_mv: NDArray[np.float64]
    first: int
    lead_off: bool = False
    battery_low: bool = False


class Board(Protocol):
    """A kind of device, seen from inside.

    Attributes
    ----------
    fs_hz : float
        Nominal sampling rate in Hz.
    frame_samples : int
        Samples in a frame.
    boot_text : bytes
        What it prints when it gets power.
    streaming : bool
        True while it sends.
    """

    fs_hz: float
    frame_samples: int
    boot_text: bytes
    streaming: bool

    def command(self, data: bytes) -> None:
        """Obey what the host wrote."""
        ...

    def encode(self, part: Measured) -> bytes:
        """Return the frame of ``frame_samples`` samples."""
        ...


class _Board:
    """A board that streams from power-on and obeys nothing."""

    fs_hz = 250.0
    frame_samples = 1
    boot_text = b""

    def __init__(self) -> None:
        self.streaming = True

    def command(self, data: bytes) -> None:
        """Obey nothing."""


class NativeBoard(_Board):
    """Own firmware: 25 samples a frame at 250 Hz, a hello every second."""

    frame_samples = 25
    boot_text = b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"
    uv_per_count = 0.5

    def __init__(self, name: str = "virtual") -> None:
        super().__init__()
        self._name = name
        self._hello = native.Hello(self.fs_hz, self.uv_per_count, ("ECG",), name)

    def set_rate(self, fs_hz: float, frame_samples: int) -> None:
        """Measure at another rate, with another number of samples in a frame."""
        self.fs_hz, self.frame_samples = fs_hz, frame_samples
        self._hello = native.Hello(fs_hz, self.uv_per_count, ("ECG",), self._name)

    def encode(self, part: Measured) -> bytes:
        """Return a data frame, behind a hello once a second."""
        seq, t_us = part.first // self.frame_samples, round(part.first * 1e6 / self.fs_hz)
        counts = np.clip(np.round(part.samples_mv * (1e3 / self.uv_per_count)), -_INT24, _INT24).astype(
            np.int32
        )
        flags = int(part.lead_off) | (native.BATTERY_LOW if part.battery_low else 0)
        frame = native.encode_data(counts, seq, t_us, flags)
        often = round(self.fs_hz / self.frame_samples)
        return frame if seq % often else native.encode_hello(self._hello, seq, t_us) + frame


class AsciiBoard(_Board):
    """An Arduino sketch with an AD8232: one line a sample at 250 Hz, 10 bits."""

    boot_text = b"AD8232 heart monitor\r\n"
    gain = 1100.0

    def encode(self, part: Measured) -> bytes:
        """Return a line."""
        if part.lead_off:
            return b"!\r\n"
        adc = np.round((part.samples_mv[0] * 1e-3 * self.gain / 3.3 + 0.5) * 1023)
        return b"%d\r\n" % int(np.clip(adc, 0, 1023))


class OpenViewBoard(_Board):
    """A HealthyPi v4: 16 bits a sample at 125 Hz."""

    fs_hz = 125.0
    boot_text = b"HealthyPi v4 starting...\r\nADS1292R initialised\r\n"

    def __init__(self) -> None:
        super().__init__()
        settings = openview.OpenViewSettings(profile="healthypi4")
        (layout,) = settings.layouts
        self._per_mv = 1e3 / settings.uv_of(layout)
        self._head = layout.head
        self._rest = bytes(layout.length - 2) + openview.STOP

    def encode(self, part: Measured) -> bytes:
        """Return a frame."""
        count = int(np.clip(np.round(part.samples_mv[0] * self._per_mv), -32768, 32767))
        return self._head + struct.pack("<h", count) + self._rest


class CytonBoard(_Board):
    """An OpenBCI Cyton: silent until ``b``, quiet again at ``s``; ECG on all channels."""

    boot_text = b"OpenBCI V3 8-16 channel\r\nOn Board ADS1299 Device ID: 0x3E\r\nFirmware: v3.1.2\r\n$$$"

    def __init__(self) -> None:
        super().__init__()
        self.streaming = False
        self._per_mv = (2**23 - 1) * 24 / cyton.VREF_V * 1e-3

    def command(self, data: bytes) -> None:
        """Start at ``b``, stop at ``s``."""
        for byte in data:
            if byte in b"bs":
                self.streaming = byte == ord("b")

    def encode(self, part: Measured) -> bytes:
        """Return a frame."""
        count = int(np.clip(np.round(part.samples_mv[0] * self._per_mv), -_INT24, _INT24))
        channels = count.to_bytes(3, "big", signed=True) * 8
        return bytes((cyton.START, part.first % 256)) + channels + bytes(6) + b"\xc0"


class BitalinoBoard(_Board):
    """A BITalino: silent until told the channels, ECG on the second of six at 1000 Hz."""

    fs_hz = 1000.0
    gain = 1100.0

    def __init__(self) -> None:
        super().__init__()
        self.streaming = False
        self._shift, _ = bitalino.channel_bits(1, 6)
        self._bytes = bitalino.frame_bytes(6)

    def command(self, data: bytes) -> None:
        """Go live at a live command, idle at zero."""
        for byte in data:
            if byte & 0x03 == 0x01:
                self.streaming = True
            elif byte == 0:
                self.streaming = False

    def encode(self, part: Measured) -> bytes:
        """Return a frame."""
        adc = int(
            np.clip(np.round((part.samples_mv[0] * 1e-3 * self.gain / bitalino.VCC_V + 0.5) * 1024), 0, 1023)
        )
        frame = bytearray((adc << self._shift).to_bytes(self._bytes, "little"))
        frame[-1] |= part.first % 16 << 4
        frame[-1] |= crc4(bytes(frame))
        return bytes(frame)


class PolarBoard(_Board):
    """A Polar H10 behind a gateway: notifications of 73 samples at 130 Hz."""

    fs_hz = 130.0
    frame_samples = 73
    _EPOCH_NS = 750_000_000_000_000_000

    def encode(self, part: Measured) -> bytes:
        """Return a notification in COBS."""
        last_ns = self._EPOCH_NS + round((part.first + part.samples_mv.size - 1) * 1e9 / self.fs_hz)
        microvolts = np.clip(np.round(part.samples_mv * 1e3), -_INT24, _INT24).astype("<i4")
        body = microvolts.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
        return cobs_frame(struct.pack("<BQB", 0, last_ns, 0) + body)


BOARDS: Mapping[str, Callable[[], Board]] = {
    "native": NativeBoard,
    "ascii": AsciiBoard,
    "openview": OpenViewBoard,
    "cyton": CytonBoard,
    "bitalino": BitalinoBoard,
    "polar": PolarBoard,
}
"""Kind of device to board."""
