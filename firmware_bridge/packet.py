"""What every decoder gives out: packets of millivolts, the stream's format and its counters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Packet:
    """Consecutive samples that a device sent in one frame.

    Parameters
    ----------
    samples_mv : array of shape (n_leads, n_samples)
        ECG in millivolts; not finite where the device sent no usable value.
    seq : int or None
        Counter of the frame as sent, modulo `StreamFormat.seq_modulus`.
    device_time_s : float or None
        Device clock at the first sample, modulo `StreamFormat.clock_wrap_s`.
    lead_off : bool
        The device says that an electrode is off.
    battery_low : bool
        The device says that its battery is low.
    battery_percent : float or None
        Charge of its battery; None if it does not say.
    missed_samples : int
        Samples that the decoder knows were damaged just before this packet.
    clock : float or None
        Clock of the device where its unit and epoch are to be found out; not a number where
        it cannot be read.
    """

    samples_mv: NDArray[np.float64]
    seq: int | None = None
    device_time_s: float | None = None
    lead_off: bool = False
    battery_low: bool = False
    battery_percent: float | None = None
    missed_samples: int = 0
    clock: float | None = None

    @property
    def n_samples(self) -> int:
        """Number of samples of each lead."""
        return int(self.samples_mv.shape[1])


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """How the packets of a device are to be read.

    Parameters
    ----------
    fs_hz : float or None
        Nominal sampling rate in Hz; None where only arrival can tell.
    leads : tuple of str
        Names of the leads, one for each row of a packet.
    seq_modulus : int or None
        The frame counter runs from 0 to one less; None without a counter.
    clock_wrap_s : float or None
        The device clock starts again at this time; None without a clock or a wrap.
    device : str
        Name the device gave itself; empty if it gave none.
    """

    fs_hz: float | None
    leads: tuple[str, ...] = ("ECG",)
    seq_modulus: int | None = None
    clock_wrap_s: float | None = None
    device: str = ""


@dataclass(slots=True)
class Counters:
    """What a decoder has seen so far.

    Parameters
    ----------
    frames : int
        Frames decoded.
    bad_frames : int
        Frames recognised but refused: checksum, length or content.
    skipped_bytes : int
        Bytes that belong to no decoded frame.
    resyncs : int
        Times the decoder lost its place and found it again.
    """

    frames: int = 0
    bad_frames: int = 0
    skipped_bytes: int = 0
    resyncs: int = 0


_EXAMPLE_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something that came was not understood, in words for people.

    Parameters
    ----------
    example : str
        One piece of what came, safe to print; at most 80 characters.
    expected : str
        What would be understood.
    advice : str
        What is the matter, and what to do about it.
    """

    example: str
    expected: str
    advice: str


def shown(data: bytes | str, most: int = _EXAMPLE_CHARACTERS) -> str:
    """Return what came as one line that is safe to print: escapes, and at most so many characters."""
    begin = data[: 4 * most]
    text = begin if isinstance(begin, str) else begin.decode(errors="backslashreplace")
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return safe if len(safe) <= most else safe[: most - 1] + "…"


@runtime_checkable
class Decoder(Protocol):
    """Bytes to packets, without any I/O and without a clock."""

    counters: Counters

    @property
    def format(self) -> StreamFormat:
        """Format of the packets given out so far; final once there is a packet."""
        ...

    @property
    def start_command(self) -> bytes:
        """What to write to the device so that it streams; may be empty."""
        ...

    @property
    def stop_command(self) -> bytes:
        """What to write to the device so that it stops; may be empty."""
        ...

    def feed(self, data: bytes) -> list[Packet]:
        """Take the next bytes, as many or few as there are; never raises for bad bytes."""
        ...

    def reset(self) -> None:
        """Forget half a frame, as after a reconnection; counters stay."""
        ...


def note_of(decoder: object) -> str:
    """Return what a decoder found out of what it reads, in words; empty where it has nothing to tell."""
    return str(getattr(decoder, "note", ""))


def trouble_of(decoder: object) -> Trouble | None:
    """Return what a decoder did not understand; None where it has nothing to tell."""
    found = getattr(decoder, "trouble", None)
    return found if isinstance(found, Trouble) else None


@dataclass
class StreamDecoder:
    """Base of decoders whose format is known beforehand and that need no commands."""

    counters: Counters = field(default_factory=Counters, init=False)
    trouble: Trouble | None = field(default=None, init=False)
    """The last thing that was not understood, and why; None where there is nothing to tell."""

    @property
    def start_command(self) -> bytes:
        """Nothing to write before the device streams."""
        return b""

    @property
    def stop_command(self) -> bytes:
        """Nothing to write to make the device stop."""
        return b""
