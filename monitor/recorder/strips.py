"""Strips around alarms: the signal before and after, as WFDB and, if wanted, EDF+."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.events import Alarm, SampleBlock
from ecgmon.monitor.core.files import replacing
from ecgmon.monitor.wfdb.annotations import Annotation
from ecgmon.monitor.wfdb.records import RecordInfo, record_part, write_record
from ecgmon.sim.edf import load_edfio

ALARM_SYMBOL = '"'
"""WFDB symbol of a comment, which marks where the alarm was raised."""

ANNOTATIONS_KEPT = 2000

EQUIPMENT_CHARACTERS = 48
"""Room for the name of a device in the header of an EDF+ file."""


@dataclass(slots=True)
class Pending:
    """A strip that waits for the signal after its alarm."""

    alarm: Alarm
    first: int
    end: int
    at: float


@dataclass(slots=True)
class Memory:
    """The last blocks and annotations of one device."""

    blocks: deque[SampleBlock] = field(default_factory=deque)
    annotations: deque[Annotation] = field(default_factory=lambda: deque(maxlen=ANNOTATIONS_KEPT))
    pending: list[Pending] = field(default_factory=list)


class StripKeeper:
    """Keeps the last seconds of one device and cuts strips from them.

    Parameters
    ----------
    folder : Path
        Where strips go.
    before_s, after_s : float
        How much of the signal on either side of the alarm.
    edf : bool
        Write EDF+ too.
    """

    def __init__(self, folder: Path, before_s: float, after_s: float, *, edf: bool) -> None:
        self._folder = folder
        self._before_s, self._after_s = before_s, after_s
        self._edf = edf
        self._memory = Memory()

    def take(self, block: SampleBlock) -> list[Path]:
        """Take samples; write and return the strips that they complete."""
        memory = self._memory
        if memory.blocks and not _continues(memory.blocks[-1], block):
            written = self.finish()
            memory.blocks.clear()
            memory.annotations.clear()
        else:
            written = []
        memory.blocks.append(block)
        ready = [strip for strip in memory.pending if strip.end <= block.end]
        memory.pending = [strip for strip in memory.pending if strip.end > block.end]
        written += [self._write(strip) for strip in ready]
        self._forget()
        return written

    def annotate(self, annotation: Annotation) -> None:
        """Take a beat or rhythm, by source index."""
        self._memory.annotations.append(annotation)

    def alarm(self, alarm: Alarm, fs_hz: float, at: float) -> None:
        """Ask for the strip around an alarm raised at the wall-clock time ``at``."""
        first = max(0, alarm.known_at - round(self._before_s * fs_hz))
        end = alarm.known_at + round(self._after_s * fs_hz)
        self._memory.pending.append(Pending(alarm, first, end, at))

    def finish(self) -> list[Path]:
        """Write what waits with the signal there is; return the strips."""
        pending, self._memory.pending = self._memory.pending, []
        return [self._write(strip) for strip in pending if self._memory.blocks]

    def _forget(self) -> None:
        blocks, pending = self._memory.blocks, self._memory.pending
        fs_hz = blocks[-1].fs_hz
        # An alarm of the last block may still come; it is known in that block at the earliest.
        needed = blocks[-1].start - round(self._before_s * fs_hz)
        needed = min([needed, *(strip.first for strip in pending)])
        while blocks and blocks[0].end <= needed:
            blocks.popleft()

    def _write(self, strip: Pending) -> Path:
        blocks = self._memory.blocks
        first = max(strip.first, blocks[0].start)
        samples = _cut(blocks, first, min(strip.end, blocks[-1].end))
        fs_hz, alarm = blocks[0].fs_hz, strip.alarm
        started = strip.at - (alarm.known_at - first) / fs_hz
        stamp = datetime.fromtimestamp(strip.at, UTC).strftime("%Y%m%dT%H%M%SZ")
        info = RecordInfo(
            name=f"{record_part(alarm.device)}_{stamp}_{record_part(alarm.kind)}_{alarm.known_at}",
            fs_hz=fs_hz,
            leads=blocks[0].leads,
            device=alarm.device,
            first_sample=first,
            started=started,
        )
        mark = Annotation(alarm.known_at, ALARM_SYMBOL, f"{alarm.kind}: {alarm.message}")
        notes = [
            note._replace(sample=note.sample - first)
            for note in (*self._memory.annotations, mark)
            if first <= note.sample < first + samples.shape[1]
        ]
        stem = write_record(self._folder, info, samples, notes)
        if self._edf:
            write_edf(stem.with_name(f"{info.name}.edf"), info, samples, notes)
        return stem


def _continues(last: SampleBlock, block: SampleBlock) -> bool:
    return block.start >= last.end and (block.fs_hz, block.leads) == (last.fs_hz, last.leads)


def _cut(blocks: deque[SampleBlock], first: int, end: int) -> NDArray[np.float64]:
    samples = np.full((len(blocks[0].leads), max(0, end - first)), np.nan)
    for block in blocks:
        low, high = max(first, block.start), min(end, block.end)
        if low < high:
            part = block.samples_mv[:, low - block.start : high - block.start]
            samples[:, low - first : high - first] = part
    return samples


def write_edf(path: Path, info: RecordInfo, samples_mv: NDArray[np.float64], notes: list[Annotation]) -> None:
    """Write an EDF+ file; the patient in it is anonymous.

    EDF knows no missing samples: they are written as 0 mV, and an annotation tells of each
    stretch. The end is filled up to a whole second.

    Parameters
    ----------
    path : Path
        The file.
    info : RecordInfo
        About the record.
    samples_mv : array of shape (n_leads, n_samples)
        Millivolts; NaN where missing.
    notes : list of Annotation
        Counted from the record's beginning.

    Raises
    ------
    MissingExtraError
        edfio is not installed.
    ValueError
        The rate is not a whole number of hertz.
    """
    edfio = load_edfio("Writing EDF+ strips")
    second = round(info.fs_hz)
    if second != info.fs_hz:
        raise ValueError(f"EDF+ needs a whole number of samples a second, not {info.fs_hz:g}")
    fill = -samples_mv.shape[1] % second
    values = np.nan_to_num(np.pad(samples_mv, ((0, 0), (0, fill))), nan=0.0)
    reach = max(1.0, float(np.abs(values).max(initial=0.0)))
    signals = [
        edfio.EdfSignal(
            row, info.fs_hz, label=_edf_label(lead), physical_dimension="mV", physical_range=(-reach, reach)
        )
        for lead, row in zip(info.leads, values, strict=True)
    ]
    marks = [
        edfio.EdfAnnotation(note.sample / info.fs_hz, None, f"{note.symbol} {note.note}".strip())
        for note in notes
    ]
    marks += [
        edfio.EdfAnnotation(first / info.fs_hz, (end - first) / info.fs_hz, "signal missing")
        for first, end in _stretches(~np.isfinite(samples_mv[0]))
    ]
    at = datetime.fromtimestamp(info.started, UTC) if info.started is not None else None
    edf = edfio.Edf(
        signals,
        starttime=at.time().replace(tzinfo=None) if at is not None else None,
        recording=edfio.Recording(
            startdate=at.date() if at is not None else None,
            equipment_code=record_part(info.device, EQUIPMENT_CHARACTERS),
        ),
        annotations=marks,
        data_record_duration=1,
    )
    with replacing(path) as part:
        edf.write(part)


def _edf_label(lead: str) -> str:
    """Return the name of a lead in the 16 characters of ASCII that EDF has for it."""
    return f"ECG {lead}".encode("ascii", "replace").decode()[:16]


def _stretches(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.view(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
