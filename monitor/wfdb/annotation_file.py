"""An annotation file that grows in order while beats become known out of it."""

from __future__ import annotations

import contextlib
import heapq
from pathlib import Path
from typing import BinaryIO

from ecgmon.monitor.wfdb.annotations import END_OF_ANNOTATIONS, Annotation, encode

ORDER_WINDOW_S = 180.0
"""How long an annotation waits for an earlier one; a rhythm is often known long after it began."""


class AnnotationFile:
    """One growing annotation file.

    It has another name while it grows and gets its own only when it is closed whole.

    Parameters
    ----------
    path : Path
        The file to be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = path.with_name(f".{path.name}.part")
        self._waiting: list[tuple[Annotation, float]] = []
        self._last: Annotation | None = None
        self._newest_s = 0.0
        self._file: BinaryIO = self._part.open("wb")

    def add(self, annotation: Annotation, time_s: float) -> None:
        """Take an annotation; write those that nothing can come before any more."""
        heapq.heappush(self._waiting, (annotation, time_s))
        self._newest_s = max(self._newest_s, time_s)
        while self._waiting[0][1] < self._newest_s - ORDER_WINDOW_S:
            self._write(heapq.heappop(self._waiting)[0])

    def revise(self, sample: int, symbol: str) -> None:
        """Give the beat at ``sample``, which still waits to be written, another symbol."""
        for place, (annotation, time_s) in enumerate(self._waiting):
            if annotation.sample == sample and not annotation.note:
                self._waiting[place] = (annotation._replace(symbol=symbol), time_s)
                heapq.heapify(self._waiting)
                return

    def finish(self, *, whole: bool) -> None:
        """Write the rest and give the file its name, with ``.incomplete`` if the run failed."""
        while self._waiting:
            self._write(heapq.heappop(self._waiting)[0])
        self._file.write(END_OF_ANNOTATIONS)
        self._file.close()
        self._part.replace(self.path if whole else self.path.with_name(f"{self.path.name}.incomplete"))

    def discard(self) -> None:
        """Leave nothing behind."""
        with contextlib.suppress(OSError):  # what the buffer still holds is not wanted
            self._file.close()
        self._part.unlink(missing_ok=True)

    def _write(self, annotation: Annotation) -> None:
        """Write in order; what comes too late, or twice after winding back, is left out."""
        before = self._last.sample if self._last is not None else 0
        if annotation.sample < before or annotation == self._last:
            return
        self._file.write(encode(annotation, annotation.sample - before))
        self._last = annotation
