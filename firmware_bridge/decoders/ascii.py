"""Lines of text: the AD8232 sketches and CSV with a header.

A line is one number, ``!`` while an electrode is off, or comma-separated numbers. A
line of names before the first numbers says which column is the ECG. Anything else
before the first number is boot text; afterwards it is a sample that went missing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from pydantic import Field

from ecgmon.firmware_bridge.device import DeviceKind
from ecgmon.firmware_bridge.packet import Packet, StreamDecoder, StreamFormat
from ecgmon.monitor.core.config import Settings

_MAX_LINE_BYTES = 512
_ECG_NAMES = ("ecg", "ecg_mv", "value", "adc", "signal", "lead_ii", "ii", "i")


class AsciiSettings(Settings):
    """How a number becomes millivolts.

    Parameters
    ----------
    fs_hz : float or None
        Sampling rate in Hz; None estimates it from arrival.
    unit : {"adc", "mv", "uv"}
        What the numbers are. For ``adc``, mV = (n / adc_max - 0.5) * vref_v / gain * 1000.
    adc_max : int
        Largest number the converter gives; 1023 for an Arduino Uno, 4095 for an ESP32.
    vref_v : float
        Reference of the converter in volts.
    gain : float
        Gain of the amplifier; 1100 for an AD8232 board.
    column : int or None
        Column of the ECG, 0 the first; None looks at the header, else takes the first.
    """

    fs_hz: float | None = Field(default=None, gt=0, le=16000)
    unit: Literal["adc", "mv", "uv"] = "adc"
    adc_max: int = Field(default=1023, gt=0)
    vref_v: float = Field(default=3.3, gt=0)
    gain: float = Field(default=1100.0, gt=0)
    column: int | None = Field(default=None, ge=0, le=63)


@dataclass
class AsciiDecoder(StreamDecoder):
    """Decode lines of numbers."""

    settings: AsciiSettings = field(default_factory=AsciiSettings)

    def __post_init__(self) -> None:
        self.format = StreamFormat(self.settings.fs_hz)
        self._column = self.settings.column
        self._rest = b""
        self._overlong = False

    def feed(self, data: bytes) -> list[Packet]:
        """Take the next bytes; return packets of consecutive samples, a new one at lead off or on."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest
        packets: list[Packet] = []
        run: list[float] = []
        run_off = False
        for line in lines:
            value = self._line(line)
            if value is None:
                continue
            off = value == math.inf
            if run and off != run_off:
                packets.append(_packet(run, run_off))
                run = []
            run_off = off
            run.append(math.nan if off else value)
        if run:
            packets.append(_packet(run, run_off))
        if len(self._rest) > _MAX_LINE_BYTES:
            self.counters.skipped_bytes += len(self._rest)
            self._rest, self._overlong = b"", True
        return packets

    def _line(self, line: bytes) -> float | None:
        """Return millivolts, nan for a damaged sample, inf for lead off, None for no sample."""
        text = line.decode("ascii", errors="replace").strip()
        overlong, self._overlong = self._overlong, False
        if not text and not overlong:
            return None
        if text and not overlong:
            if set(text) <= set("!,; \t"):
                self.counters.frames += 1
                return math.inf
            value = self._number(text.replace(";", ",").replace("\t", ",").split(","))
            if value is not None:
                self.counters.frames += 1
                return value
        return self._not_a_number(text)

    def _number(self, cells: list[str]) -> float | None:
        column = self._column or 0
        if column >= len(cells):
            return None
        try:
            number = float(cells[column])
        except ValueError:
            return None
        if self.settings.unit == "adc":
            if not 0 <= number <= self.settings.adc_max:
                return None
            return (number / self.settings.adc_max - 0.5) * self.settings.vref_v / self.settings.gain * 1e3
        if not math.isfinite(number):
            return None
        return number if self.settings.unit == "mv" else number * 1e-3

    def _not_a_number(self, text: str) -> float | None:
        self.counters.skipped_bytes += len(text)
        if self.counters.frames:
            self.counters.bad_frames += 1
            return math.nan
        if self.settings.column is None:
            names = [name.strip().lower() for name in text.split(",")]
            self._column = next((names.index(name) for name in _ECG_NAMES if name in names), None)
        return None

    def reset(self) -> None:
        """Forget half a line."""
        self.counters.skipped_bytes += len(self._rest)
        self._rest, self._overlong = b"", False


def _packet(values: list[float], lead_off: bool) -> Packet:
    return Packet(np.array(values).reshape(1, -1), lead_off=lead_off)


DEVICE = DeviceKind("lines of numbers (AD8232 sketches, CSV)", AsciiSettings, AsciiDecoder, baud=9600)
