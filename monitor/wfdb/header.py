"""Understands the header file of a WFDB record: what its fields say, and which one is wrong."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

DEFAULT_HZ = 250.0
"""Rate of a record whose header names none (``header(5)``)."""

DEFAULT_GAIN = 200.0
"""Counts in a unit of a signal whose header names no gain."""

MV_OF_UNIT = {
    **dict.fromkeys(("v", "volt", "volts"), 1e3),
    **dict.fromkeys(("mv", "millivolt", "millivolts"), 1.0),
    **dict.fromkeys(("uv", "\N{GREEK SMALL LETTER MU}v", "microvolt", "microvolts"), 1e-3),
    "nv": 1e-6,
}
"""Millivolts in a unit, by its case-folded name; case folding makes both micro signs a Greek mu."""

MOST_SIGNALS = 2**12
MOST_SEGMENTS = 2**16
"""Headers that announce more are damaged or made to do harm."""

NO_FILE = "~"
"""Stands for the file of a signal without samples, and for the name of a gap between segments."""

_RECORD_NAME = re.compile(r"(?P<name>\S*?)(?:/(?P<segments>\d+))?")
_FORMAT = re.compile(r"(\d+)(?:x(\d+))?(?::(-?\d+))?(?:\+(\d+))?")
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_GAIN = re.compile(rf"({_NUMBER})(?:\(({_NUMBER})\))?(?:/(\S+))?")
_INTEGER = re.compile(r"[-+]?\d+")
_MOST_DIGITS = 18
"""More digits than any count has; Python would take a second to read a million of them."""


class DamagedError(ValueError):
    """A file of a record is missing, damaged or does not fit the others; says which, and how."""


@dataclass(frozen=True, slots=True)
class SignalHeader:
    """What a header says about one signal.

    Parameters
    ----------
    file : str
        Signal file; ``~`` for a signal without samples.
    format : int
        Storage format, such as 16 or 212.
    samples_per_frame : int
        Samples of this signal in each frame.
    skew_frames : int
        The signal is that many frames late in its file.
    byte_offset : int
        Where the samples begin in the file.
    gain, baseline : float
        Counts in a unit, and the count that means zero.
    unit : str
        Physical unit, such as ``mV``.
    first : int
        First sample.
    checksum : int or None
        Sum of the samples as stored, modulo 65536.
    name : str
        Name of the signal; empty if it has none.
    """

    file: str
    format: int
    samples_per_frame: int = 1
    skew_frames: int = 0
    byte_offset: int = 0
    gain: float = DEFAULT_GAIN
    baseline: float = 0.0
    unit: str = "mV"
    first: int = 0
    checksum: int | None = None
    name: str = ""

    @property
    def mv_per_unit(self) -> float | None:
        """Millivolts in the signal's unit; None if it is not measured in volts."""
        return MV_OF_UNIT.get(self.unit.casefold())


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """A segment of a record: its name, ``~`` for a gap, and its length in frames."""

    name: str
    n_frames: int


@dataclass(frozen=True, slots=True)
class Header:
    """What a header file says.

    Parameters
    ----------
    frame_hz : float
        Frames a second.
    n_frames : int or None
        Length; None if only the size of the signal file tells it.
    signals : tuple of SignalHeader
        The signals; empty for a record of several segments.
    segments : tuple of SegmentHeader
        The segments; empty for a record of one.
    comments : tuple of str
        What stands behind the ``#`` of the lines of comment, but for empty ones.
    """

    frame_hz: float
    n_frames: int | None
    signals: tuple[SignalHeader, ...] = ()
    segments: tuple[SegmentHeader, ...] = ()
    comments: tuple[str, ...] = ()


def decode_text(data: bytes) -> str:
    """Return a header's text: UTF-8 with or without a mark at its beginning, else Latin-1."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def parse_header(text: str) -> Header:
    """Understand the text of a header file (https://physionet.org/physiotools/wag/header-5.htm).

    Time and date are not needed to play a record, so whatever stands there is passed over.

    Raises
    ------
    DamagedError
        A field that is needed is missing or makes no sense.
    """
    lines = [line.strip() for line in text.splitlines()]
    comments = tuple(line[1:].strip() for line in lines if line.startswith("#") and line[1:].strip())
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        raise DamagedError("it is empty")
    fields = lines[0].split()
    if len(fields) < 2:
        raise DamagedError(f"its first line {_short(lines[0])} lacks the number of signals")
    n_signals = _count(fields[1], "number of signals", MOST_SIGNALS)
    frame_hz = _rate(fields[2]) if len(fields) > 2 else DEFAULT_HZ
    n_frames = None
    if len(fields) > 3 and ":" not in fields[3]:
        n_frames = _count(fields[3], "number of samples") or None
    n_segments = _segments(fields[0], n_signals, len(lines) - 1)
    if n_segments:
        segments = tuple(_segment(line) for line in lines[1 : n_segments + 1])
        return Header(frame_hz, n_frames, (), segments, comments)
    if len(lines) - 1 < n_signals:
        raise DamagedError(f"it announces {n_signals} signals and describes {len(lines) - 1}")
    signals = tuple(_signal(line, number) for number, line in enumerate(lines[1 : n_signals + 1]))
    return Header(frame_hz, n_frames, signals, (), comments)


def _segments(name: str, n_signals: int, n_lines: int) -> int:
    """Return the number of segments, 0 if the record has none.

    Some headers write the record's name with its database, ``svdb/800``, which reads like 800 segments.
    """
    match = _RECORD_NAME.fullmatch(name)
    if match is None or match["segments"] is None:
        return 0
    n_segments = _count(match["segments"], "number of segments", MOST_SEGMENTS)
    if n_segments == 0:
        raise DamagedError("its number of segments is 0")
    if n_lines < n_segments:
        if n_lines == n_signals:
            return 0
        raise DamagedError(f"it announces {n_segments} segments and names {n_lines}")
    return n_segments


def _segment(line: str) -> SegmentHeader:
    fields = line.split()
    if len(fields) < 2:
        raise DamagedError(f"the segment line {_short(line)} lacks a length")
    return SegmentHeader(fields[0], _count(fields[1], f"length of segment {fields[0]}"))


def _signal(line: str, number: int) -> SignalHeader:
    """Understand a signal line; each field may be left out with all that follow it."""
    fields = line.split()
    about = f"of signal {number}"
    if len(fields) < 2:
        raise DamagedError(f"the line {about} lacks a format")
    layout = _FORMAT.fullmatch(fields[1])
    if layout is None or len(fields[1]) > 4 * _MOST_DIGITS:
        raise DamagedError(f"the format {about}, {_short(fields[1])}, makes no sense")
    form, per_frame, skew, offset = (int(part) if part else 0 for part in layout.groups())
    gain, baseline, unit, rest = _calibration(line.split(None, 2)[2:], about)
    numbers, name = _numbers(rest)
    zero = numbers[1] if len(numbers) > 1 else 0
    return SignalHeader(
        file=fields[0],
        format=0 if fields[0] == NO_FILE else form,
        samples_per_frame=per_frame or 1,
        skew_frames=skew,
        byte_offset=offset,
        gain=gain,
        baseline=baseline if baseline is not None else float(zero),
        unit=unit,
        first=numbers[2] if len(numbers) > 2 else 0,
        checksum=numbers[3] if len(numbers) > 3 else None,
        name=name,
    )


def _calibration(rest: list[str], about: str) -> tuple[float, float | None, str, str]:
    """Return gain, baseline, unit and what follows them."""
    fields = rest[0].split(None, 1) if rest else []
    match = _GAIN.fullmatch(fields[0]) if fields else None
    if match is None:
        return DEFAULT_GAIN, None, "mV", rest[0] if rest else ""
    gain, baseline = float(match[1]), float(match[2]) if match[2] else None
    if not math.isfinite(gain) or not math.isfinite(baseline or 0.0):
        raise DamagedError(f"the gain {about}, {_short(fields[0])}, makes no sense")
    return gain or DEFAULT_GAIN, baseline, match[3] or "mV", fields[1] if len(fields) > 1 else ""


def _numbers(text: str) -> tuple[list[int], str]:
    """Return resolution, zero, first value, checksum and block size, as many as there are, and the name."""
    numbers: list[int] = []
    while len(numbers) < 5:
        field, _, rest = text.partition(" ") if " " in text else text.partition("\t")
        if _INTEGER.fullmatch(field) is None or len(field) > _MOST_DIGITS:
            break
        numbers.append(int(field))
        text = rest.lstrip()
    return numbers, text


def _count(text: str, what: str, most: int = 10**_MOST_DIGITS) -> int:
    if not (text.isascii() and text.isdigit()):
        raise DamagedError(f"its {what}, {_short(text)}, is not a whole number")
    if len(text) > _MOST_DIGITS or int(text) > most:
        raise DamagedError(f"its {what}, {_short(text)}, is absurd")
    return int(text)


def _rate(text: str) -> float:
    """Return the frames a second; what follows a slash counts something else."""
    try:
        rate = float(text.partition("/")[0])
    except ValueError:
        raise DamagedError(f"its sampling rate, {_short(text)}, is not a number") from None
    if not (rate > 0 and math.isfinite(rate)):
        raise DamagedError(f"its sampling rate is {rate:g} Hz")
    return rate


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
