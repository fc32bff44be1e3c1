"""Writes beats and rhythm changes as a WFDB annotation file, so that others can score them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.events import (
    Beat,
    BeatRevision,
    Event,
    Forgotten,
    RhythmChange,
    SampleBlock,
    SourceStatus,
)
from ecgmon.monitor.core.names import path_name
from ecgmon.monitor.wfdb.annotation_file import AnnotationFile
from ecgmon.monitor.wfdb.annotations import ANNOTATOR, Annotation


class AnnotationOutput:
    """Beats and rhythm changes as ``FOLDER/DEVICE.ecgmon``, one file a device.

    A run that fails leaves its files with the suffix ``.incomplete``; a full disk leaves none. A
    file has one rate, that of the device's first samples: what comes at another is brought to it.

    Parameters
    ----------
    folder : Path
        Where the files shall be; made if it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, AnnotationFile] = {}
        self._rates: dict[str, tuple[float, float]] = {}

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

    def take(self, block: SampleBlock) -> None:
        """Note the rate of a device."""
        first, now = self._rates.get(block.device, (block.fs_hz, None))
        if block.fs_hz != now:
            self._rates[block.device] = first, block.fs_hz

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
                    self._file(event).add(Annotation(self._place(event), event.symbol), event.time_s)
                elif isinstance(event, BeatRevision):
                    self._file(event).revise(self._place(event), event.symbol)
                elif isinstance(event, RhythmChange):
                    note = Annotation(self._place(event), "+", f"({event.rhythm}")
                    self._file(event).add(note, event.time_s)
                elif isinstance(event, Forgotten):
                    self._end(event.device)
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

    def _place(self, event: Event) -> int:
        first, now = self._rates.get(event.device, (1.0, 1.0))
        return event.sample if first == now else round(event.sample / now * first)

    def _file(self, event: Event) -> AnnotationFile:
        file = self._files.get(event.device)
        if file is None:
            path = self.folder / f"{path_name(event.device)}.{ANNOTATOR}"
            file = self._files[event.device] = AnnotationFile(path)
        return file

    def _end(self, device: str) -> None:
        file = self._files.pop(device, None)
        if file is not None:
            file.finish(whole=True)

    def _discard(self) -> None:
        for file in self._files.values():
            file.discard()
        self._files = {}

    def _failure(self, error: OSError) -> OutputError:
        return OutputError(
            f"Annotations cannot be written to {self.folder}: {error.strerror}.",
            "Make room or name another folder; no file was left half written.",
        )
