"""Reads the signal files of one segment: samples as stored, checked against the header, then put in line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ecgmon.monitor.wfdb.files import inside, read_bytes, size_of
from ecgmon.monitor.wfdb.foreign import read_with_wfdb
from ecgmon.monitor.wfdb.formats import DIFFERENCES, FORMATS, MISSING, NULL, Format, Samples
from ecgmon.monitor.wfdb.header import DamagedError, Header, SignalHeader


def read_signals(stem: Path, header: Header) -> tuple[list[Samples | None], int]:
    """Read all signals of a segment.

    Skewed signals are shifted after their checksums are compared, since those are of the
    samples as stored; what a shift leaves open is missing.

    Parameters
    ----------
    stem : Path
        The segment's path without suffix.
    header : Header
        What its header says.

    Returns
    -------
    list of (integer array of shape (n_frames * samples_per_frame,) or None)
        One for each signal; None for one without samples.
    int
        Number of frames.

    Raises
    ------
    DamagedError
        A file is missing, too short, or does not match a checksum.
    MissingExtraError
        A format needs the wfdb package, which is not installed.
    """
    own = {NULL, *FORMATS}
    if all(signal.format in own for signal in header.signals):
        stored = _read_own(stem.parent, header)
    else:
        stored = read_with_wfdb(stem, header)
    lengths = {
        samples.size // signal.samples_per_frame
        for signal, samples in zip(header.signals, stored, strict=True)
        if samples is not None
    }
    if len(lengths) > 1:
        raise DamagedError(f"its signal files are of different lengths: {_listed(lengths)} samples")
    n_frames = lengths.pop() if lengths else header.n_frames or 0
    for number, (signal, samples) in enumerate(zip(header.signals, stored, strict=True)):
        if samples is not None:
            _verify(samples, signal, number)
            stored[number] = _in_line(samples, signal)
    return stored, n_frames


def _read_own(folder: Path, header: Header) -> list[Samples | None]:
    """Read each signal file once and hand out its frames to its signals."""
    stored: list[Samples | None] = [None] * len(header.signals)
    groups: dict[str, list[int]] = {}
    for number, signal in enumerate(header.signals):
        if signal.format != NULL:
            groups.setdefault(signal.file, []).append(number)
    for file, numbers in groups.items():
        signals = [header.signals[number] for number in numbers]
        frames = _frames(inside(folder, file), signals, header.n_frames)
        first = 0
        for number, signal in zip(numbers, signals, strict=True):
            part = frames[:, first : first + signal.samples_per_frame].reshape(-1)
            if signal.format == DIFFERENCES:
                part = np.cumsum(part, dtype=np.int32) + np.int32(signal.first)
            stored[number] = part
            first += signal.samples_per_frame
    return stored


def _frames(path: Path, signals: list[SignalHeader], n_frames: int | None) -> Samples:
    """Return the content of a signal file, shape (n_frames, samples in a frame)."""
    head = signals[0]
    if any((signal.format, signal.byte_offset) != (head.format, head.byte_offset) for signal in signals):
        raise DamagedError(f"the signals in {path.name} differ in format or offset")
    form = FORMATS[head.format]
    in_frame = sum(signal.samples_per_frame for signal in signals)
    n_frames = _checked_length(path, form, head.byte_offset, in_frame, n_frames)
    n_bytes = form.n_bytes(n_frames * in_frame)
    data = read_bytes(path, "its signal file", offset=head.byte_offset, count=n_bytes)
    return form.decode(data, n_frames * in_frame).reshape(n_frames, in_frame)


def _checked_length(path: Path, form: Format, offset: int, in_frame: int, n_frames: int | None) -> int:
    """Return the number of frames; compare before anything of that size is made."""
    there = form.n_samples(max(0, size_of(path, "its signal file") - offset)) // in_frame
    if n_frames is not None and there < n_frames:
        raise DamagedError(
            f"its signal file {path.name} is truncated or does not fit its header: "
            f"{n_frames} samples announced, {there} found"
        )
    return there if n_frames is None else n_frames


def _verify(samples: Samples, signal: SignalHeader, number: int) -> None:
    """Compare with the header's sum, which is kept modulo 65536."""
    expected = signal.checksum
    if expected is not None and (int(samples.sum(dtype=np.int64)) - expected) % 2**16:
        raise DamagedError(f"signal {number} does not match the checksum in its header")


def _in_line(samples: Samples, signal: SignalHeader) -> Samples:
    """Undo the skew: what is late in the file moves to where it was measured."""
    shift = signal.skew_frames * signal.samples_per_frame
    if shift == 0:
        return samples
    moved = np.full_like(samples, missing_value(signal))
    if abs(shift) < samples.size:
        moved[max(0, -shift) : samples.size - max(0, shift)] = samples[
            max(0, shift) : samples.size + min(0, shift)
        ]
    return moved


def missing_value(signal: SignalHeader) -> int:
    """Return the value that means a missing sample of a signal."""
    return MISSING.get(signal.format, -(2**15))


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))
