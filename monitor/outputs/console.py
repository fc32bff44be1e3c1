"""A calm log for people on a text stream."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self, TextIO

from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.events import Event
from ecgmon.monitor.core.names import LINE_CHARACTERS, printable
from ecgmon.monitor.outputs.words import EventWords, Line, clock

_RESET = "\x1b[0m"
_DIM = "\x1b[2m"
_STYLES: Mapping[str, str] = {
    "plain": "",
    "strong": "\x1b[1m",
    "high": "\x1b[1;97;41m",
    "medium": "\x1b[1;30;43m",
    "low": "\x1b[1;36m",
}


class ConsoleOutput:
    """Events as lines of text.

    Parameters
    ----------
    quiet : bool
        Print alarms, gaps and news of the source only.
    colour : bool, optional
        Use terminal colours; by default if the stream is a terminal and ``NO_COLOR``
        (https://no-color.org) is not set.
    stream : TextIO, optional
        Where to print; standard output by default.
    """

    def __init__(
        self, *, quiet: bool = False, colour: bool | None = None, stream: TextIO | None = None
    ) -> None:
        self._stream = stream if stream is not None else sys.stdout
        self._words = EventWords(quiet=quiet)
        self._colour = self._stream.isatty() and "NO_COLOR" not in os.environ if colour is None else colour

    def __enter__(self) -> Self:
        """Nothing needs opening."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held that needs closing."""

    def write(self, events: Sequence[Event]) -> None:
        """Print events.

        Raises
        ------
        OutputError
            Nobody reads the stream any more, or its disk is full.
        """
        lines = [
            self._format(event, line) for event in events if (line := self._words.line(event)) is not None
        ]
        if not lines:
            return
        try:
            self._stream.write("".join(lines))
            self._stream.flush()
        except OSError as error:
            discard_stream(self._stream)
            raise OutputError(f"The log cannot be written: {error.strerror}.") from error

    def _format(self, event: Event, line: Line) -> str:
        head = f"{clock(event.time_s):>10}  {printable(event.device):<8} "
        text = printable(line.text, LINE_CHARACTERS)
        if not self._colour:
            return f"{head}{text}\n"
        style = _STYLES[line.tone]
        return f"{_DIM}{head}{_RESET}{style}{text}{_RESET if style else ''}\n"


def discard_stream(stream: TextIO) -> None:
    """Let what a broken stream still holds go nowhere, so that its closing does not fail again."""
    try:
        number = stream.fileno()
    except OSError:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
