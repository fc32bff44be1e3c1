"""Reads a WFDB record: header, signals, segments and reference annotations, without the wfdb package."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.wfdb.annotations import Reference, read_annotation_file
from ecgmon.monitor.wfdb.files import MOST_BYTES, inside, read_bytes, size_of
from ecgmon.monitor.wfdb.formats import Samples
from ecgmon.monitor.wfdb.header import NO_FILE, DamagedError, Header, SignalHeader, decode_text, parse_header
from ecgmon.monitor.wfdb.record import Record, Stretch
from ecgmon.monitor.wfdb.signals import missing_value, read_signals

REFERENCE = "atr"
"""Annotator of the reference annotations."""

MOST_HEADER_BYTES = 2**24
"""Larger headers are refused; that of a year of intensive care in segments has a tenth of it."""

MOST_SAMPLES = 2**31 - 1
"""Longer records are refused: annotations cannot point behind that."""

_BYTES = 2
"""Bytes that a sample takes in memory."""

_ECG_NAME = re.compile(
    r"(?<![A-Za-z])(ECG|EKG|M?LI{1,3}|M?CL\d?|I{1,3}|aV[RLF]|M?V\d?R?)(?![A-Za-z])", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which signals are the leads.

    Parameters
    ----------
    leads : tuple of int
        Places of the leads among the signals.
    samples_per_frame : int
        Samples of each lead in a frame.
    """

    leads: tuple[int, ...]
    samples_per_frame: int


def choose_leads(signals: Sequence[SignalHeader]) -> Choice:
    """Choose the signals that are played.

    A lead is measured in volts. All leads share one rate, that of the fastest signal whose name is
    that of an ECG lead, or of the fastest in volts where no name is. Left out are signals in other
    units (pressure, respiration, heart rate) and those in volts of another rate.

    Raises
    ------
    DamagedError
        No signal is in volts.
    """
    volts = [number for number, signal in enumerate(signals) if signal.mv_per_unit is not None]
    if not volts:
        raise DamagedError("it holds no signal in volts")
    named = [number for number in volts if _ECG_NAME.search(signals[number].name)]
    fastest = max(signals[number].samples_per_frame for number in named or volts)
    leads = tuple(number for number in volts if signals[number].samples_per_frame == fastest)
    return Choice(leads, fastest)


def read_wfdb(stem: Path) -> Record:
    """Read a WFDB record of one or several segments, with its reference annotations.

    Parameters
    ----------
    stem : Path
        The record's path without suffix.

    Raises
    ------
    RecordError
        A file is missing, damaged, truncated or does not match its checksums.
    MissingExtraError
        Its format needs the wfdb package, which is not installed.
    """
    try:
        header = read_header(stem)
        return _several(stem, header) if header.segments else _single(stem, header)
    except DamagedError as error:
        raise RecordError(
            f"Record {stem} cannot be read: {error}.", "Fetch its files again or name another record."
        ) from error


def read_header(stem: Path) -> Header:
    """Read the header file of a record.

    Raises
    ------
    DamagedError
        It is missing or damaged.
    """
    path = stem.with_name(f"{stem.name}.hea")
    if size_of(path, "its header file") > MOST_HEADER_BYTES:
        raise DamagedError(f"its header file {path.name} is too large to be one")
    text = decode_text(read_bytes(path, "its header file").tobytes())
    try:
        return parse_header(text)
    except DamagedError as error:
        raise DamagedError(f"its header file {path.name} is damaged ({error})") from error


def _single(stem: Path, header: Header) -> Record:
    choice = choose_leads(header.signals)
    stored, n_frames = read_signals(stem, header)
    chosen: list[int | None] = list(choice.leads)
    stretch = _stretch(0, header.signals, stored, chosen, n_frames * choice.samples_per_frame)
    if stretch is None:
        raise DamagedError("it holds no samples")
    return _record(stem, header, header.signals, choice, (stretch,), stretch.end)


def _several(stem: Path, header: Header) -> Record:
    """Read a record of segments, each with its own calibration.

    In a record of fixed layout all segments have the same signals in the same order. In one
    of variable layout the first segment is of length 0 and lists all signals that occur; each
    segment has some of them, found by name.
    """
    variable = header.segments[0].n_frames == 0
    first = next((part for part in header.segments if part.name != NO_FILE), None)
    if first is None:
        raise DamagedError("all its segments are gaps")
    layout = _segment_header(stem, first.name, header).signals
    choice = choose_leads(layout)
    per_frame = choice.samples_per_frame
    total = sum(part.n_frames for part in header.segments)
    if total * per_frame > MOST_SAMPLES:
        raise DamagedError(f"it is longer ({total} samples) than annotations can count")
    present = sum(part.n_frames for part in header.segments if part.name != NO_FILE)
    if present * per_frame * len(choice.leads) * _BYTES > MOST_BYTES:
        raise DamagedError(f"its segments hold more than {MOST_BYTES >> 30} GiB; name one of them")
    if header.n_frames not in (None, total):
        raise DamagedError(f"its header announces {header.n_frames} samples and its segments have {total}")
    stretches, start = [], 0
    for part in header.segments:
        if part.name != NO_FILE and part.n_frames:
            segment = _segment_header(stem, part.name, header)
            stored, n_frames = read_signals(stem.parent / part.name, segment)
            if n_frames != part.n_frames:
                raise DamagedError(
                    f"segment {part.name} has {n_frames} samples, not the {part.n_frames} announced"
                )
            chosen = _columns(layout, segment.signals, choice, by_name=variable)
            stretch = _stretch(start * per_frame, segment.signals, stored, chosen, n_frames * per_frame)
            stretches += [stretch] if stretch is not None else []
        start += part.n_frames
    if not stretches:
        raise DamagedError("none of its segments has a sample of a signal in volts")
    return _record(stem, header, layout, choice, tuple(stretches), total * per_frame)


def _segment_header(stem: Path, name: str, whole: Header) -> Header:
    header = read_header(inside(stem.parent, name))
    if header.segments:
        raise DamagedError(f"segment {name} is made of segments itself")
    if header.frame_hz != whole.frame_hz:
        raise DamagedError(
            f"segment {name} is of {header.frame_hz:g} Hz and the record of {whole.frame_hz:g} Hz"
        )
    return header


def _columns(
    layout: Sequence[SignalHeader], signals: Sequence[SignalHeader], choice: Choice, *, by_name: bool
) -> list[int | None]:
    """Return the place of each lead among a segment's signals, None where the segment lacks it."""
    names = {signal.name: number for number, signal in reversed(list(enumerate(signals)))}
    places = [names.get(layout[lead].name) if by_name else lead for lead in choice.leads]
    return [
        place
        if place is not None
        and place < len(signals)
        and signals[place].mv_per_unit is not None
        and signals[place].samples_per_frame == choice.samples_per_frame
        else None
        for place in places
    ]


def _stretch(
    start: int,
    signals: Sequence[SignalHeader],
    stored: Sequence[Samples | None],
    chosen: Sequence[int | None],
    n_samples: int,
) -> Stretch | None:
    """Return the chosen signals as one stretch, None if none of them has samples."""
    there = [stored[place] if place is not None else None for place in chosen]
    if n_samples == 0 or all(samples is None for samples in there):
        return None
    absent = SignalHeader(NO_FILE, 0)
    heads = [signals[place] if place is not None else absent for place in chosen]
    missing = np.array([missing_value(head) for head in heads], dtype=np.int64)
    wide = any(samples is not None and not _fits_16_bit(samples) for samples in there)
    digital = np.empty((len(heads), n_samples), np.int32 if wide else np.int16)
    for row, samples in enumerate(there):
        digital[row] = missing[row] if samples is None else samples
    factors = np.array([head.mv_per_unit for head in heads], dtype=np.float64)
    return Stretch(
        start=start,
        digital=digital,
        counts_per_mv=np.array([head.gain for head in heads]) / factors,
        zero=np.array([head.baseline for head in heads], dtype=np.float64),
        missing=missing,
    )


def _fits_16_bit(samples: Samples) -> bool:
    if samples.dtype == np.int16:
        return True
    return samples.size == 0 or bool(samples.min() >= -(2**15) and samples.max() < 2**15)


def _record(
    stem: Path,
    header: Header,
    signals: Sequence[SignalHeader],
    choice: Choice,
    stretches: tuple[Stretch, ...],
    n_samples: int,
) -> Record:
    names = [signal.name or f"lead {number}" for number, signal in enumerate(signals)]
    fs_hz = header.frame_hz * choice.samples_per_frame
    return Record(
        name=stem.name,
        fs_hz=fs_hz,
        leads=tuple(names[number] for number in choice.leads),
        n_samples=n_samples,
        stretches=stretches,
        reference=read_reference(stem, fs_hz, header.frame_hz),
        left_out=tuple(name for number, name in enumerate(names) if number not in choice.leads),
    )


def read_reference(stem: Path, fs_hz: float, frame_hz: float) -> Reference | None:
    """Read the reference annotations of a record, None if it has none.

    Parameters
    ----------
    stem : Path
        The record's path without suffix.
    fs_hz, frame_hz : float
        Rate in Hz that the samples returned count at, and the record's frames a second.

    Raises
    ------
    DamagedError
        They are damaged.
    """
    path = stem.with_name(f"{stem.name}.{REFERENCE}")
    if not path.is_file():
        return None
    try:
        return read_annotation_file(path, fs_hz, frame_hz)
    except DamagedError as error:
        raise DamagedError(f"its reference annotations (.{REFERENCE}) are damaged: {error}") from error
