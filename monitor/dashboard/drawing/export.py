"""Writes a strip as CSV or as a WFDB record."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dashboard.drawing.geometry import Kind, Trace
from ecgmon.monitor.dashboard.drawing.strip import Strip
from ecgmon.monitor.dashboard.state.remarks import Remark
from ecgmon.monitor.wfdb.annotations import CODES, Annotation, encode

COUNTS_PER_MV = 1000
_MISSING = -32768


def traces_of(strip: Strip) -> list[Trace]:
    """Return what is exported: every lead that is kept, raw before clean."""
    kinds: tuple[Kind, ...] = ("raw", "clean")
    return [Trace(kind, lead) for lead in range(len(strip.session.leads)) for kind in kinds]


def _name(strip: Strip, trace: Trace) -> str:
    return f"{strip.session.leads[trace.lead]}_{trace.kind}".replace(" ", "_")


def write_csv(strip: Strip, path: Path, remarks: Mapping[int, Remark]) -> None:
    """Write one line a sample: time, raw and clean of each lead, attribution, the beat at an R wave.

    The columns of the analysed lead are ``raw_mv`` and ``clean_mv``; those of another begin
    with its name.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    history = strip.session.history
    start, stop = max(strip.start, 0), min(strip.stop, history.end)
    traces = traces_of(strip)
    signals = [history.trace(trace.row, start, stop) for trace in traces]
    names = [f"{trace.kind}_mv" if trace.lead == 0 else f"{_name(strip, trace)}_mv" for trace in traces]
    attribution = history.attribution(start, stop)
    beats = {beat.index: beat.symbol for beat in strip.beats()}
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(["time_s", *names, "attribution", "beat", "remark"])
            for at, index in enumerate(range(start, stop)):
                remark = remarks.get(index)
                rows.writerow(
                    [
                        f"{index / PIPELINE_HZ:.4f}",
                        *(f"{row[at]:.3f}" if np.isfinite(row[at]) else "" for row in signals),
                        f"{attribution[at]:.3f}",
                        beats.get(index, ""),
                        remark.symbol if remark is not None else "",
                    ]
                )
    except OSError as error:
        raise OutputError(f"{path} could not be written: {error}.") from error


def write_wfdb(strip: Strip, header: Path, remarks: Mapping[int, Remark]) -> None:
    """Write a record of two signals a lead (raw, clean) at 360 Hz with its beats as annotations.

    The signals are stored in format 16, with checksums, as ``header(5)`` of the WFDB library
    describes. A remark stands as the annotation's note.

    Parameters
    ----------
    strip : Strip
        What to write.
    header : Path
        Header file; the others get its name with their own suffix.
    remarks : mapping of int to Remark
        By pipeline index.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    name = header.stem
    history = strip.session.history
    start, stop = max(strip.start, 0), min(strip.stop, history.end)
    rows = []
    traces = traces_of(strip)
    for trace in traces:
        values = history.trace(trace.row, start, stop)
        counts = np.clip(np.round(np.nan_to_num(values) * COUNTS_PER_MV), -32767, 32767)
        rows.append(np.where(np.isfinite(values), counts, _MISSING).astype("<i2"))
    lines = [f"{name} {len(rows)} {PIPELINE_HZ:g} {stop - start}"]
    for trace, row in zip(traces, rows, strict=True):
        checksum = int(row.astype(np.int64).sum()) & 0xFFFF
        signed = checksum - 0x10000 if checksum > 0x7FFF else checksum
        first = int(row[0]) if row.size else 0
        lines.append(f"{name}.dat 16 {COUNTS_PER_MV}/mV 16 0 {first} {signed} 0 {_name(strip, trace)}")
    lines.append(f"# {strip.session.device} from {start / PIPELINE_HZ:.3f} s. Not a medical device.")
    annotations, last = b"", 0
    for beat in strip.beats():
        sample = beat.index - start
        if not 0 <= sample < stop - start or beat.symbol not in CODES:
            continue
        remark = remarks.get(beat.index)
        note = f"{remark.author}: {remark.symbol}" if remark is not None else ""
        annotations += encode(Annotation(sample, beat.symbol, note), sample - last)
        last = sample
    try:
        header.with_suffix(".dat").write_bytes(np.stack(rows, axis=1).tobytes())
        header.with_suffix(".ecgmon").write_bytes(annotations + b"\0\0")
        header.with_suffix(".hea").write_text("\n".join(lines) + "\n", encoding="ascii", errors="replace")
    except OSError as error:
        raise OutputError(f"{header} could not be written: {error}.") from error
