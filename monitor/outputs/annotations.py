"""Writes beats and rhythm changes as a WFDB annotation file, so that others can score them."""

from __future__ import annotations

import contextlib
import heapq
import re
import struct
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.events import Beat, BeatRevision, Event, RhythmChange, SourceStatus

ANNOTATOR = "ecgmon"
"""Suffix of the files."""

ORDER_WINDOW_S = 180.0
"""How long an annotation waits for an earlier one; a rhythm is often known long after it began."""

_IN_ORDER_OF_CODE = ' NLRaVFJASEj/Q~ | sT*D"=pB^t+u?![]en@xf()r'

CODES = {symbol: code for code, symbol in enumerate(_IN_ORDER_OF_CODE) if symbol != " "}
"""Annotation symbol to code, as in ``ecgcodes.h`` of the WFDB library."""

_SKIP = 59
_AUX = 63
_LONGEST_STEP = 1023
_LONGEST_SKIP = 2**31 - 1
_LONGEST_NOTE = 255


class Annotation(NamedTuple):
    """One annotation: where, what and an optional note; ordered by sample."""

    sample: int
    symbol: str
    note: str = ""


def encode(annotation: Annotation, step: int) -> bytes:
    """Return an annotation in the MIT format.

    Each annotation is a 16-bit word, low byte first: six bits of code over ten bits of step
    from the one before. A longer step stands in front of it as a ``SKIP`` with 32 bits, high
    word first; a note stands behind it as an ``AUX`` with its length, padded to an even one
    (https://physionet.org/physiotools/wag/annot-5.htm).

    Parameters
    ----------
    annotation : Annotation
        What to write.
    step : int
        Samples since the annotation before; not negative.
    """
    data = b""
    while step > _LONGEST_STEP:
        skip = min(step, _LONGEST_SKIP)
        data += struct.pack("<HHH", _SKIP << 10, skip >> 16, skip & 0xFFFF)
        step -= skip
    data += struct.pack("<H", CODES[annotation.symbol] << 10 | step)
    note = annotation.note.encode("ascii", "replace")[:_LONGEST_NOTE]
    if note:
        data += struct.pack("<H", _AUX << 10 | len(note)) + note + b"\0" * (len(note) % 2)
    return data


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
        self._file.write(b"\0\0")
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


class AnnotationOutput:
    """Beats and rhythm changes as ``FOLDER/DEVICE.ecgmon``, one file a device.

    A run that fails leaves its files with the suffix ``.incomplete``; a full disk leaves none.

    Parameters
    ----------
    folder : Path
        Where the files shall be; made if it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, AnnotationFile] = {}

    def __enter__(self) -> Self:
        """Make the folder.

        Raises
        ------
        OutputError
            It cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._failure(error) from error
        return self

    def write(self, events: Sequence[Event]) -> None:
        """Take events; of all but beats and rhythm changes only the device is noted.

        Raises
        ------
        OutputError
            The disk is full or gone.
        """
        try:
            for event in events:
                if isinstance(event, Beat):
                    self._file(event).add(Annotation(event.sample, event.symbol), event.time_s)
                elif isinstance(event, BeatRevision):
                    self._file(event).revise(event.sample, event.symbol)
                elif isinstance(event, RhythmChange):
                    note = Annotation(event.sample, "+", f"({event.rhythm}")
                    self._file(event).add(note, event.time_s)
                elif not isinstance(event, SourceStatus):
                    self._file(event)
        except OSError as error:
            self._discard()
            raise self._failure(error) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the files and give them their names.

        Raises
        ------
        OutputError
            The disk is full or gone.
        """
        try:
            for file in self._files.values():
                file.finish(whole=kind is None)
        except OSError as failure:
            self._discard()
            raise self._failure(failure) from failure
        finally:
            self._files = {}

    def _file(self, event: Event) -> AnnotationFile:
        file = self._files.get(event.device)
        if file is None:
            name = re.sub(r"[^\w.-]", "_", event.device)
            file = self._files[event.device] = AnnotationFile(self.folder / f"{name}.{ANNOTATOR}")
        return file

    def _discard(self) -> None:
        for file in self._files.values():
            file.discard()
        self._files = {}

    def _failure(self, error: OSError) -> OutputError:
        return OutputError(
            f"Annotations cannot be written to {self.folder}: {error.strerror}.",
            "Make room or name another folder; no file was left half written.",
        )
