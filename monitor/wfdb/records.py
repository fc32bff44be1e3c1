"""Writes WFDB records in format 16, whole or growing, with plain numpy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.files import replace_file
from ecgmon.monitor.core.names import path_name, printable
from ecgmon.monitor.wfdb.annotations import ANNOTATOR, Annotation, annotation_bytes

COUNTS_PER_MV = 1000
"""One count is a microvolt, so the range is +-32.767 mV."""

MISSING = -32768
"""The value of a sample that is not there, as WFDB defines it for format 16."""

_LARGEST = 32767


@dataclass(frozen=True, slots=True)
class RecordInfo:
    """What a header tells besides the samples.

    Parameters
    ----------
    name : str
        Record name: letters, digits, hyphens and underscores.
    fs_hz : float
        Sampling rate in Hz.
    leads : tuple of str
        Names of the leads.
    device : str
        Name of the device.
    first_sample : int
        Source index of the record's sample 0.
    started : float or None
        Wall-clock time of it in seconds since 1970; None where nobody knows it.
    """

    name: str
    fs_hz: float
    leads: tuple[str, ...]
    device: str
    first_sample: int
    started: float | None


def record_part(text: str, longest: int = 80) -> str:
    """Return a text as a part of a record's name, at most so many characters; no two become the same."""
    return path_name(text, ascii_only=True, longest=longest)


def _in_header(text: str) -> str:
    """Return a text that ends neither its line of a header nor its place in a list."""
    return printable(text).replace(", ", ",")


def to_counts(samples_mv: NDArray[np.floating]) -> NDArray[np.int16]:
    """Return millivolts as counts, shape kept; what is not finite becomes `MISSING`."""
    with np.errstate(invalid="ignore"):
        counts = np.clip(np.rint(samples_mv * COUNTS_PER_MV), -_LARGEST, _LARGEST)
    return np.where(np.isfinite(samples_mv), counts, MISSING).astype("<i2")


def header(info: RecordInfo, counts: NDArray[np.int16] | None) -> str:
    """Return the text of a header file.

    Parameters
    ----------
    info : RecordInfo
        About the record.
    counts : array of shape (n_samples, n_leads), or None
        All samples; None for a record that still grows, whose length a reader takes from
        the size of its signal file (https://physionet.org/physiotools/wag/header-5.htm).
    """
    at = datetime.fromtimestamp(info.started, UTC) if info.started is not None else None
    rate = f"{info.fs_hz:.10g}"
    first = f"{info.name} {len(info.leads)} {rate}"
    if counts is not None:
        first += f" {len(counts)}"
        if at is not None:
            first += f" {at:%H:%M:%S}.{at.microsecond // 1000:03d} {at:%d/%m/%Y}"
    rows = [first]
    leads = [_in_header(lead) for lead in info.leads]
    for number, lead in enumerate(leads):
        row = f"{info.name}.dat 16 {COUNTS_PER_MV}(0)/mV 16 0"
        if counts is not None:
            column = counts[:, number]
            checksum = int(np.uint16(column.sum(dtype=np.int64) & 0xFFFF).astype(np.int16))
            row += f" {int(column[0]) if len(column) else 0} {checksum} 0 {lead}"
        rows.append(row)
    rows += [
        f"# device: {printable(info.device)}",
        f"# leads: {', '.join(leads)}",
        *([f"# started: {at.isoformat(timespec='milliseconds')}"] if at is not None else []),
        f"# first_sample: {info.first_sample}",
    ]
    return "\n".join(rows) + "\n"


def write_record(
    folder: Path, info: RecordInfo, samples_mv: NDArray[np.floating], annotations: list[Annotation]
) -> Path:
    """Write a whole record and return its path without suffix; the header comes last.

    Parameters
    ----------
    folder : Path
        Where to; made if it does not exist.
    info : RecordInfo
        About the record.
    samples_mv : array of shape (n_leads, n_samples)
        Millivolts.
    annotations : list of Annotation
        Counted from the record's beginning.
    """
    folder.mkdir(parents=True, exist_ok=True)
    counts = np.ascontiguousarray(to_counts(samples_mv).T)
    stem = folder / info.name
    replace_file(stem.with_name(f"{info.name}.dat"), counts.tobytes(), durable=True)
    replace_file(stem.with_name(f"{info.name}.{ANNOTATOR}"), annotation_bytes(annotations), durable=True)
    replace_file(stem.with_name(f"{info.name}.hea"), header(info, counts).encode(), durable=True)
    return stem


def read_info(path: Path) -> tuple[RecordInfo, bool]:
    """Read back a header that `header` wrote.

    Returns
    -------
    RecordInfo
        About the record.
    bool
        True if the record was closed, False if it was still growing.

    Raises
    ------
    ValueError
        It is no such header.
    """
    lines = path.read_text("utf-8").splitlines()
    notes = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# ") and ": " in line)
    try:
        first = lines[0].split()
        info = RecordInfo(
            name=first[0],
            fs_hz=float(first[2]),
            leads=tuple(notes["leads"].split(", ")),
            device=notes["device"],
            first_sample=int(notes["first_sample"]),
            started=datetime.fromisoformat(notes["started"]).timestamp() if "started" in notes else None,
        )
    except (IndexError, KeyError, ValueError) as error:
        raise ValueError(f"{path} is no header of the recorder") from error
    return info, len(first) > 3


def close_record(path: Path) -> bool:
    """Complete a record that a power cut left growing; True if there was something to do.

    A frame that is there in part is cut off, and the header gets length and checksums.

    Parameters
    ----------
    path : Path
        The header file.
    """
    info, closed = read_info(path)
    if closed:
        return False
    signal = path.with_suffix(".dat")
    frame = 2 * len(info.leads)
    size = signal.stat().st_size if signal.exists() else 0
    if size < frame:
        for suffix in (".dat", ".hea", f".{ANNOTATOR}"):
            path.with_suffix(suffix).unlink(missing_ok=True)
        return True
    if size % frame:
        os.truncate(signal, size - size % frame)
    counts = np.fromfile(signal, dtype="<i2").reshape(-1, len(info.leads))
    replace_file(path, header(info, counts).encode(), durable=True)
    return True
