"""OpenBCI Cyton: 33-byte frames of eight 24-bit channels at 250 Hz.

A frame is ``A0 | counter u8 | 8 x i24 big-endian | 6 bytes aux | C0..C6``. There is no
checksum, so marks, counter and neighbours prove a frame.

With a Daisy module on the radio dongle, frames carry channels 1-8 and 9-16 in turn, so
each channel comes at 125 Hz; nothing in a frame says so. Source: the data format page of
the OpenBCI documentation, by which odd counters belong to channels 1-8.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from ecgmon.firmware_bridge.device import DeviceKind
from ecgmon.firmware_bridge.framing import FixedScanner
from ecgmon.firmware_bridge.packet import Counters, Packet, StreamFormat
from ecgmon.monitor.core.config import Settings

FRAME_BYTES = 33
START = 0xA0
VREF_V = 4.5
OPEN_INPUT = 0.95
"""An input at so much of the full scale is not connected."""
ALTERNATING = 24
"""Frames that must alternate for two boards to be seen in them."""
ALTERNATES = 4.0
LEAST_LEAP_MV = 0.05
"""A leap from frame to frame is at least so large, and so many times the step over two frames."""


class CytonSettings(Settings):
    """Which channels to read and how they are amplified.

    Parameters
    ----------
    channels : tuple of int
        Channels to read, 1 to 8, or to 16 with a Daisy.
    leads : tuple of str
        Their names; empty for ``ECG`` or ``CH1``, ``CH2`` and so on.
    gain : float
        Gain of the amplifier; 24 is the board's default.
    fs_hz : float
        Frames a second.
    daisy : {"auto", "no", "yes", "odd", "even"}
        Whether a Daisy module is on, and whether frames of odd or even counters carry channels
        1-8. ``auto`` looks at the first frames, ``yes`` only for which of them; 1 and 0 mean yes
        and no.
    """

    channels: tuple[int, ...] = Field(default=(1,), min_length=1, max_length=16)
    leads: tuple[str, ...] = ()
    gain: float = Field(default=24.0, gt=0)
    fs_hz: float = Field(default=250.0, gt=0, le=16000)
    daisy: Literal["auto", "no", "yes", "odd", "even"] = "auto"

    @field_validator("daisy", mode="before")
    @classmethod
    def _yes_or_no(cls, value: object) -> object:
        return {"0": "no", "1": "yes", "false": "no", "true": "yes"}.get(str(value).lower(), value)

    @model_validator(mode="after")
    def _check(self) -> CytonSettings:
        most = 8 if self.daisy == "no" else 16
        if any(not 1 <= channel <= most for channel in self.channels):
            raise ValueError(f"channels are 1 to {most}")
        if self.leads and len(self.leads) != len(self.channels):
            raise ValueError("there must be as many leads as channels")
        return self


Frame = tuple[NDArray[np.float64], int, int]
"""Millivolts of the eight channels, the counter, and the frames lost before."""


@dataclass
class CytonDecoder:
    """Decode the frames of a Cyton board."""

    settings: CytonSettings = field(default_factory=CytonSettings)
    counters: Counters = field(default_factory=Counters, init=False)

    def __post_init__(self) -> None:
        wanted = self.settings.channels
        self._names = self.settings.leads or (
            ("ECG",) if len(wanted) == 1 else tuple(f"CH{channel}" for channel in wanted)
        )
        self._board: int | None = None
        self._decided = self.settings.daisy in ("no", "odd", "even")
        if self.settings.daisy in ("odd", "even"):
            self._board = int(self.settings.daisy == "odd")
        self._held: list[Frame] = []
        self._others: NDArray[np.float64] | None = None
        self._lost = 0
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

    @property
    def format(self) -> StreamFormat:
        """Format of the packets: half the rate and half the counter with a Daisy."""
        turns = 1 if self._board is None else 2
        return StreamFormat(self.settings.fs_hz / turns, self._names, seq_modulus=256 // turns)

    def feed(self, data: bytes) -> list[Packet]:
        """Take the next bytes; return the packets certain by now."""
        cut = self._scanner.feed(data)
        if not cut:
            return []
        raw = np.frombuffer(b"".join(frame for frame, _ in cut), np.uint8).reshape(-1, FRAME_BYTES)
        wide = np.zeros((len(cut), 8, 4), dtype=np.uint8)
        wide[:, :, :3] = raw[:, 2:26].reshape(-1, 8, 3)
        millivolts = (wide.view(">i4")[:, :, 0] >> 8) * self._mv
        packets: list[Packet] = []
        for row, (frame, skipped) in zip(millivolts, cut, strict=True):
            packets += self._take((row, frame[1], round(skipped / FRAME_BYTES)))
        return packets

    def _take(self, frame: Frame) -> list[Packet]:
        """Return the packets of a frame, and of those held until it was clear whether a Daisy is on."""
        if not self._decided:
            self._held.append(frame)
            verdict = self._has_daisy()
            if verdict is None:
                return []
            self._decided = True
            self._board = self._board_turn() if verdict else None
            held, self._held = self._held, []
            return [packet for one in held for packet in self._packets(one)]
        return self._packets(frame)

    def _packets(self, frame: Frame) -> list[Packet]:
        channels = np.array(self.settings.channels) - 1
        row, counter, lost = frame
        if self._board is None:
            values = np.where(channels < 8, row[channels % 8], np.nan)
            return [Packet(values[:, None], counter, missed_samples=lost)]
        # a frame of the first channel's turn makes a packet; the others are as last heard
        lead_turn = self._board if channels[0] < 8 else 1 - self._board
        self._lost += lost
        if counter % 2 != lead_turn:
            self._others = row
            return []
        others = np.full(8, np.nan) if self._others is None else self._others
        values = np.where((channels < 8) == (channels[0] < 8), row[channels % 8], others[channels % 8])
        missed, self._lost = self._lost // 2, 0
        return [Packet(values[:, None], counter // 2, missed_samples=missed)]

    def _has_daisy(self) -> bool | None:
        """Say whether a Daisy is on; None while frames that alternate leave it open.

        Neighbouring samples of a channel are alike. Where every frame leaps from the last one
        and is like the one before that, two channels come in turn.
        """
        if self.settings.daisy == "yes":
            return True if len(self._held) >= ALTERNATING else None
        counters = [counter for _, counter, _ in self._held]
        if len(counters) > 1 and counters[-1] != (counters[-2] + 1) % 256:
            return False
        values = np.array([row for row, _, _ in self._held])[:, [(self.settings.channels[0] - 1) % 8]]
        leap = float(np.abs(values[-1] - values[-2]).max()) if len(values) > 1 else np.inf
        drift = float(np.abs(values[-1] - values[-3]).max()) if len(values) > 2 else 0.0
        if leap < max(LEAST_LEAP_MV, ALTERNATES * drift):
            return False
        return True if len(self._held) >= ALTERNATING else None

    def _board_turn(self) -> int:
        """Return the parity of the counters that go with channels 1-8.

        It is odd, unless the wanted channel rests at a rail there, as an open input does, and
        lives in the other frames.
        """
        channel = (self.settings.channels[0] - 1) % 8
        rail_mv = OPEN_INPUT * (2**23 - 1) * self._mv
        levels = [
            np.mean([abs(row[channel]) for row, counter, _ in self._held if counter % 2 == turn])
            for turn in (0, 1)
        ]
        is_open = [bool(level >= rail_mv) for level in levels]
        first_turn = int(self.settings.channels[0] <= 8)
        if is_open[first_turn] and not is_open[1 - first_turn]:
            return 0
        return 1

    def reset(self) -> None:
        """Forget half a frame and the place in the stream."""
        self._scanner.reset()
        self._held, self._others, self._lost = [], None, 0


DEVICE = DeviceKind("OpenBCI Cyton", CytonSettings, CytonDecoder)
