"""Writes a strip as CSV or as a WFDB record."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.names import cell
from ecgmon.monitor.dashboard.drawing.geometry import Kind, Trace
from ecgmon.monitor.dashboard.drawing.strip import Strip
from ecgmon.monitor.dashboard.state.remarks import Remark
from ecgmon.monitor.wfdb.annotations import CODES, Annotation
from ecgmon.monitor.wfdb.records import RecordInfo, write_record


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
            rows.writerow(["time_s", *map(cell, names), "attribution", "beat", "remark"])
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

    A remark stands as the annotation's note.

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
    history = strip.session.history
    start, stop = max(strip.start, 0), min(strip.stop, history.end)
    traces = traces_of(strip)
    info = RecordInfo(
        name=header.stem,
        fs_hz=PIPELINE_HZ,
        leads=tuple(_name(strip, trace) for trace in traces),
        device=strip.session.device,
        first_sample=start,
        started=None,
    )
    samples_mv = np.stack([history.trace(trace.row, start, stop) for trace in traces])
    annotations = []
    for beat in strip.beats():
        sample = beat.index - start
        if 0 <= sample < stop - start and beat.symbol in CODES:
            remark = remarks.get(beat.index)
            note = f"{remark.author}: {remark.symbol}" if remark is not None else ""
            annotations.append(Annotation(sample, beat.symbol, note))
    try:
        write_record(header.parent, info, samples_mv, annotations)
    except OSError as error:
        raise OutputError(f"{header} could not be written: {error}.") from error
