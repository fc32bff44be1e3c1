"""Lines of text: sketches that print numbers, with or without labels, and files with columns.

A line is one number, ``!`` while an electrode is off, or several cells. Names in front of the
numbers or labels in the lines say which is the ECG; without them a column is taken only if
nothing else can be meant. Anything else before the first number is boot text; afterwards
it is a sample that went missing.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from ecgmon.firmware_bridge.device import DeviceKind
from ecgmon.firmware_bridge.packet import Packet, StreamDecoder, StreamFormat, Trouble, shown
from ecgmon.firmware_bridge.text.counting import Counting
from ecgmon.firmware_bridge.text.finder import LayoutFinder
from ecgmon.firmware_bridge.text.header import COMMENT
from ecgmon.firmware_bridge.text.layout import Layout
from ecgmon.firmware_bridge.text.scale import Scale
from ecgmon.firmware_bridge.text.trials import trials
from ecgmon.firmware_bridge.units import ConverterSettings, WrittenUnit

_MAX_LINE_BYTES = 512
_MAX_COMMENT_BYTES = 8192
_LINE_END = re.compile(rb"[\r\n]")
_UTF16 = re.compile(rb"(?:\xff\xfe|\xfe\xff)?\0?((?:[^\0]\0)+[^\0]?)")
_LONGEST_ADVICE = 600
_EXPECTED = "a number on each line, such as 512, or columns with a line of names in front"


class AsciiSettings(ConverterSettings):
    """How a number becomes millivolts.

    Parameters
    ----------
    fs_hz : float, optional
        Sampling rate in Hz; by default from the header or a column of times, else estimated
        from arrival.
    unit : {"adc", "mv", "uv", "v"}, optional
        What the numbers are; by default what the name of the column says, else ``adc``. For
        ``adc``, mV = (n / adc_max - 0.5) * vref_v / gain * 1000. ``v`` is volts behind the amplifier:
        mV = (n - vref_v / 2) / gain * 1000.
    column : int, optional
        Column of the ECG, 0 the first; by default the one whose name or numbers leave no doubt.
    decimal : {"point", "comma"}, optional
        What stands in numbers; found out by default. With ``comma`` none separates numbers.
    """

    fs_hz: float | None = Field(default=None, gt=0, le=16000)
    unit: WrittenUnit | None = None
    column: int | None = Field(default=None, ge=0, le=63)
    decimal: Literal["point", "comma"] | None = None

    @model_validator(mode="after")
    def _signed_counts_have_a_range(self) -> Self:
        if self.signed and self.unit in (None, "adc") and self.adc_max is None:
            raise ValueError("signed counts need adc_max, the largest positive count")
        return self


@dataclass
class AsciiDecoder(StreamDecoder):
    """Decode lines of text."""

    settings: AsciiSettings = field(default_factory=AsciiSettings)

    def __post_init__(self) -> None:
        chosen = self.settings
        self.format = StreamFormat(chosen.fs_hz)
        self._finder = LayoutFinder(
            chosen.column, chosen.fs_hz, None if chosen.decimal is None else chosen.decimal == "comma"
        )
        self._layout: Layout | None = None
        self._scale = Scale(chosen, chosen.unit)
        self._counting = Counting()
        self._rest = b""
        self._overlong = self._skipping = False
        self._pending = 0

    @property
    def note(self) -> str:
        """What was found out of lines and numbers, and what is doubtful; empty where all is plain."""
        return "; ".join(part for part in (self._finder.note, self._scale.found, self._scale.doubt) if part)

    def feed(self, data: bytes) -> list[Packet]:
        """Take the next bytes; return packets of consecutive samples, a new one at lead off or on."""
        *lines, rest = _LINE_END.split(self._rest + data)
        self._rest = rest
        packets: list[Packet] = []
        run: list[float] = []
        run_off = False
        for value in (value for line in lines for value in self._line(line)):
            off = value == math.inf
            if run and off != run_off:
                packets.append(_packet(run, run_off))
                run = []
            run_off = off
            run.append(math.nan if off else value)
        if run:
            packets.append(_packet(run, run_off))
        if _is_overlong(self._rest):
            self.counters.skipped_bytes += len(self._rest)
            self._rest, self._overlong = b"", True
        return packets

    def _line(self, line: bytes) -> list[float]:
        """Return millivolts, nan for a damaged sample, inf for lead off."""
        text = _decoded(line).strip("\ufeff\x00 \t")
        overlong, self._overlong = self._overlong or _is_overlong(line), False
        if text.startswith(COMMENT) and not overlong:
            self._skip(line)
            self._finder.comment(text)
            return []
        if not text and not overlong:
            self.counters.skipped_bytes += self._skipping  # a line feed behind a carriage return
            return []
        self._skipping = False
        numbers: list[float | None] = [None] if overlong else self._finder.take(text)
        if self._finder.layout is not self._layout:
            self._settled()
        if numbers:
            self._pending = 0
        else:
            self._not_yet(text, line)
        return [value for number in numbers for value in self._value(number, text, line)]

    def _value(self, number: float | None, text: str, line: bytes) -> list[float]:
        if number is None:
            self._skip(line)
            self._complain(text, _advice(text))
            misses = self.counters.frames and self._layout is not None
            return self._counted(self._scale.push(math.nan)) if misses else []
        if math.isfinite(number) and self._counting.watch(number):
            return self._refused(
                text, line, f"{self._where()} only counts: a counter or a clock, and no ECG."
            )
        values = self._counted(self._scale.push(number, ramps=self._counting.ramps))
        if self._scale.refusal and not values:
            return self._refused(text, line, self._scale.refusal)
        if self._scale.doubt:
            self._complain(text, self._scale.doubt)
        return values

    def _not_yet(self, text: str, line: bytes) -> None:
        """Say why a line gave nothing."""
        if self._finder.refusal:
            self._refused(text, line, self._finder.refusal)
        elif self._finder.watching:
            self._pending += len(line) + 1
            self._complain(
                text, "The first lines are watched to find the ECG in them. column= says where it is."
            )

    def _refused(self, text: str, line: bytes, why: str) -> list[float]:
        self._skip(line)
        self.counters.bad_frames += 1
        self._complain(text, why)
        return []

    def _skip(self, line: bytes) -> None:
        self.counters.skipped_bytes += self._pending + len(line) + 1
        self._pending = 0
        self._skipping = True

    def _counted(self, values: list[float]) -> list[float]:
        missing = sum(map(math.isnan, values))
        self.counters.bad_frames += missing
        self.counters.frames += len(values) - missing
        return values

    def _settled(self) -> None:
        """Begin with the numbers of a column that has just been found."""
        self._layout = self._finder.layout
        if self._layout is None:
            return
        chosen = self.settings
        if chosen.adc_max is None and self._finder.adc_max is not None:
            chosen = chosen.model_copy(update={"adc_max": self._finder.adc_max})
        self._scale = Scale(chosen, chosen.unit or self._finder.unit)
        self._counting = Counting()
        self.trouble = None
        if not self.counters.frames:
            self.format = StreamFormat(self._finder.fs_hz)

    def _where(self) -> str:
        columns = self._layout.columns if self._layout is not None else 1
        return f"column={self._layout.column}" if self._layout and columns > 1 else "The number"

    def _complain(self, text: str, advice: str) -> None:
        self.trouble = Trouble(shown(text), _EXPECTED, shown(advice, _LONGEST_ADVICE))

    def reset(self) -> None:
        """Forget half a line."""
        self.counters.skipped_bytes += self._pending + len(self._rest)
        self._rest, self._overlong, self._pending = b"", False, 0
        self._finder.reset()


def _is_overlong(line: bytes) -> bool:
    return len(line) > (_MAX_COMMENT_BYTES if line[:1] in (b"#", b"%") else _MAX_LINE_BYTES)


def _decoded(line: bytes) -> str:
    """Return a line as text; what is not UTF-8 is taken for Latin-1, as of ``µV`` in older files.

    Zeros between all bytes are UTF-16, as Windows shells write what is sent to a file.
    """
    wide = _UTF16.fullmatch(line)
    if wide:
        line = wide[1].replace(b"\0", b"")
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _advice(text: str) -> str:
    if sum(not sign.isascii() or not sign.isprintable() for sign in text) > len(text) / 10:
        return "These bytes are no text. Is the speed right (baud=), and the device (device=)?"
    return "No number was found in this line."


def _packet(values: list[float], lead_off: bool) -> Packet:
    return Packet(np.array(values).reshape(1, -1), lead_off=lead_off)


DEVICE = DeviceKind(
    "lines of numbers (AD8232 sketches, CSV)", AsciiSettings, AsciiDecoder, 9600, trials=trials
)
