"""One segment of continuous signal while it grows: readable up to its last flush."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ecgmon.monitor.core.events import SampleBlock
from ecgmon.monitor.core.files import replace_file
from ecgmon.monitor.wfdb.annotations import ANNOTATOR, Annotation, annotation_bytes
from ecgmon.monitor.wfdb.records import MISSING, RecordInfo, close_record, header, to_counts


class Segment:
    """A growing WFDB record.

    Parameters
    ----------
    folder : Path
        Where it is; made if it does not exist.
    info : RecordInfo
        About the record.
    """

    def __init__(self, folder: Path, info: RecordInfo) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.info = info
        self.end = info.first_sample
        self._header = folder / f"{info.name}.hea"
        self._notes = folder / f"{info.name}.{ANNOTATOR}"
        self._annotations: list[Annotation] = []
        self._noted = -1
        self._file: BinaryIO = (folder / f"{info.name}.dat").open("wb")
        replace_file(self._header, header(info, None).encode(), durable=True)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files of the record."""
        return (self._header, self._header.with_suffix(".dat"), self._notes)

    def fits(self, block: SampleBlock, longest: int) -> bool:
        """Tell whether the block belongs to this segment, behind what it has."""
        return (
            block.fs_hz == self.info.fs_hz
            and block.leads == self.info.leads
            and self.end <= block.start
            and block.end - self.info.first_sample <= longest
        )

    def append(self, block: SampleBlock) -> None:
        """Append samples; those lost before them are written as missing."""
        lost = block.start - self.end
        if lost:
            self._file.write(np.full(lost * len(self.info.leads), MISSING, dtype="<i2").tobytes())
        self._file.write(np.ascontiguousarray(to_counts(block.samples_mv).T).tobytes())
        self.end = block.end

    def annotate(self, annotation: Annotation) -> None:
        """Add an annotation, by source index."""
        sample = annotation.sample - self.info.first_sample
        if sample >= 0:
            self._annotations.append(annotation._replace(sample=sample))

    def revise(self, sample: int, symbol: str) -> None:
        """Change the symbol of the beat at a source index."""
        place = sample - self.info.first_sample
        for index, annotation in enumerate(reversed(self._annotations)):
            if annotation.sample == place and annotation.symbol != "+":
                self._annotations[-1 - index] = annotation._replace(symbol=symbol)
                self._noted = -1
                return

    def flush(self) -> None:
        """Bring all to the disk."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
        if len(self._annotations) != self._noted:
            replace_file(self._notes, annotation_bytes(self._annotations), durable=True)
            self._noted = len(self._annotations)

    def close(self) -> None:
        """Complete the record; annotations may still come, and `flush` writes them."""
        self._file.close()
        close_record(self._header)

    def abandon(self) -> None:
        """Let go of a file that cannot be written; what was flushed stays."""
        with contextlib.suppress(OSError):  # what the buffer holds cannot be written
            self._file.close()
