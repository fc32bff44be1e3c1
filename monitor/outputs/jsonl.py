"""Writes one JSON object a line for every event, to a file or to standard output."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Self

from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.events import Event, to_json
from ecgmon.monitor.outputs.console import discard_stream

FLUSH_EVERY_S = 0.5
"""A line reaches the file at most this long after the next event follows it."""

STANDARD_OUTPUT = Path("-")


class JsonLinesOutput:
    """Events as JSON lines.

    Lines go to the file itself, so that it can be followed while it grows. A run that fails
    leaves it with the suffix ``.incomplete``, cut back to its last whole line.

    Parameters
    ----------
    path : Path
        File to write; replaced if it exists. ``-`` is standard output.
    append : bool
        Add to a file that exists.
    now : callable
        Monotonic clock in seconds.
    """

    def __init__(
        self, path: Path, *, append: bool = False, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.path = path
        self._mode: Literal["ab", "wb"] = "ab" if append else "wb"
        self._now = now
        self._lines: list[bytes] = []
        self._flushed = 0.0
        self._file: BinaryIO | None = None
        self._own = path != STANDARD_OUTPUT

    def __enter__(self) -> Self:
        """Open the file.

        Raises
        ------
        OutputError
            It cannot be opened.
        """
        if not self._own:
            self._file = sys.stdout.buffer
            return self
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open(self._mode, buffering=0)
        except OSError as error:
            raise OutputError(
                f"Events cannot be written to {self.path}: {error.strerror}.", "Name another file."
            ) from error
        return self

    def write(self, events: Sequence[Event]) -> None:
        """Append events.

        Raises
        ------
        OutputError
            The disk is full or gone.
        """
        if self._file is None:
            return
        self._lines.extend(json.dumps(to_json(event)).encode() + b"\n" for event in events)
        if self._lines and self._now() - self._flushed >= FLUSH_EVERY_S:
            self._flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left and close.

        Raises
        ------
        OutputError
            The disk is full or gone.
        """
        self._flush()
        if self._own and self._file is not None:
            self._file.close()
            if kind is not None:
                self._mark_incomplete()
        self._file = None

    def _flush(self) -> None:
        if self._file is None:
            return
        data, self._lines = b"".join(self._lines), []
        self._flushed = self._now()
        try:
            while data:
                data = data[self._file.write(data) :]
            self._file.flush()
        except OSError as error:
            self._give_up()
            where = f"{self.path}" if self._own else "standard output"
            hint = "Make room or name another file; what was written before has the suffix .incomplete."
            raise OutputError(
                f"Events cannot be written to {where}: {error.strerror}.", hint if self._own else ""
            ) from error

    def _give_up(self) -> None:
        """Cut the file back to its last whole line and mark it."""
        if not self._own:
            discard_stream(sys.stdout)
        elif self._file is not None:
            self._file.close()
            if self.path.is_file():
                os.truncate(self.path, self.path.read_bytes().rfind(b"\n") + 1)
                self._mark_incomplete()
        self._file = None

    def _mark_incomplete(self) -> None:
        if self.path.is_file():
            self.path.replace(self.path.with_name(f"{self.path.name}.incomplete"))
