"""BITalino: packed frames of one to six channels with a 4-bit counter and CRC-4.

The last byte is ``counter (4 bits) | CRC-4``; before it, going backwards, come four
digital bits and the channels, the first four with 10 bits and the last two with 6. The
whole frame divided by x^4 + x + 1 leaves nothing. Source: the BITalino (r)evolution
board data sheet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from ecgmon.firmware_bridge.device import DeviceKind, Trial
from ecgmon.firmware_bridge.framing import FixedScanner, crc4
from ecgmon.firmware_bridge.packet import Counters, Packet, StreamFormat
from ecgmon.monitor.core.config import Settings

VCC_V = 3.3
_RATE_CODES = {1: 0, 10: 1, 100: 2, 1000: 3}


class BitalinoSettings(Settings):
    """How the board is set up.

    Parameters
    ----------
    fs_hz : {1, 10, 100, 1000}
        Sampling rate in Hz.
    channels : tuple of int
        Analog channels that the board sends, 1 to 6, rising.
    ecg : int
        The one of them that carries the ECG.
    gain : float
        Gain of the ECG sensor; 1100 for BITalino's own.
    """

    fs_hz: Literal[1, 10, 100, 1000] = 1000
    channels: tuple[int, ...] = Field(default=(1, 2, 3, 4, 5, 6), min_length=1, max_length=6)
    ecg: int = Field(default=2, ge=1, le=6)
    gain: float = Field(default=1100.0, gt=0)

    @model_validator(mode="after")
    def _check(self) -> BitalinoSettings:
        rising = sorted(set(self.channels))
        if list(self.channels) != rising or rising[0] < 1 or rising[-1] > 6:
            raise ValueError("channels are 1 to 6, rising, each once")
        if self.ecg not in self.channels:
            raise ValueError(f"the ECG channel {self.ecg} is not among the channels {self.channels}")
        return self


def frame_bytes(n_channels: int) -> int:
    """Return the length of a frame with 1 to 6 channels, in bytes."""
    bits = 12 + 10 * min(n_channels, 4) + 6 * max(n_channels - 4, 0)
    return -(-bits // 8)


def channel_bits(index: int, n_channels: int) -> tuple[int, int]:
    """Return where channel ``index`` (0 the first) lies in a frame.

    Returns
    -------
    shift, width : int
        Its lowest bit and number of bits, the frame read as a little-endian number.
    """
    widths = [10] * min(index + 1, 4) + [6] * max(index - 3, 0)
    return 8 * frame_bytes(n_channels) - 12 - sum(widths), widths[-1]


@dataclass
class BitalinoDecoder:
    """Decode the frames of a BITalino board."""

    settings: BitalinoSettings = field(default_factory=BitalinoSettings)
    counters: Counters = field(default_factory=Counters, init=False)

    def __post_init__(self) -> None:
        channels = self.settings.channels
        self._shift, width = channel_bits(channels.index(self.settings.ecg), len(channels))
        self._full = 1 << width
        self.format = StreamFormat(float(self.settings.fs_hz), seq_modulus=16)
        self._scanner = FixedScanner(
            frame_bytes(len(channels)),
            lambda frame: crc4(frame) == 0,
            lambda frame: frame[-1] >> 4,
            modulus=16,
            confirm=4,
            strict=True,
            counters=self.counters,
        )

    @property
    def start_command(self) -> bytes:
        """Set the rate, then go live with the channels."""
        mask = sum(1 << (channel - 1) for channel in self.settings.channels)
        return bytes((_RATE_CODES[self.settings.fs_hz] << 6 | 0x03, mask << 2 | 0x01))

    stop_command = b"\x00"

    def feed(self, data: bytes) -> list[Packet]:
        """Take the next bytes; return one packet for each frame certain by now."""
        cut = self._scanner.feed(data)
        counts = np.array([int.from_bytes(f, "little") >> self._shift & (self._full - 1) for f, _ in cut])
        millivolts = (counts / self._full - 0.5) * (1e3 * VCC_V / self.settings.gain)
        return [
            Packet(value.reshape(1, 1), frame[-1] >> 4, missed_samples=round(skipped / len(frame)))
            for value, (frame, skipped) in zip(millivolts, cut, strict=True)
        ]

    def reset(self) -> None:
        """Forget half a frame and the place in the stream."""
        self._scanner.reset()


def trials(_: bytes) -> Iterator[Trial]:
    """Return one trial for each number of channels, the ECG on the second as usual, or else on another."""
    yield Trial()
    for most in range(5, 0, -1):
        channels = tuple(range(1, most + 1))
        yield Trial({"channels": channels, "ecg": min(2, most)})
    for ecg in (1, 3, 4, 5, 6):
        yield Trial({"ecg": ecg}, doubt="the channel is the first that looks like an ECG")


DEVICE = DeviceKind("BITalino", BitalinoSettings, BitalinoDecoder, trials=trials)
