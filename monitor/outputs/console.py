"""A calm log for people: one line for every event worth one."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self, TextIO

from monitor.errors import OutputError
from monitor.events import Alarm, Beat, Event, Gap, HeartRate, Quality, RhythmChange, SourceStatus

_RESET = "\x1b[0m"
_DIM = "\x1b[2m"
_ALARM_STYLE: Mapping[str, str] = {"high": "\x1b[1;97;41m", "medium": "\x1b[1;30;43m", "low": "\x1b[36m"}
_RHYTHM_STYLE = "\x1b[1m"

BEAT_WORDS: Mapping[str, str] = {
    "N": "normal",
    "L": "left bundle branch block",
    "R": "right bundle branch block",
    "A": "atrial premature",
    "V": "ventricular premature",
    "F": "fusion",
    "/": "paced",
    "Q": "not classified",
}
"""WFDB beat symbols in words."""


def clock(seconds: float) -> str:
    """Return a time since the stream's beginning as ``h:mm:ss.s``."""
    tenths = round(seconds * 10)
    return f"{timedelta(seconds=tenths // 10)}.{tenths % 10}"


class ConsoleOutput:
    """Events as lines of text.

    Parameters
    ----------
    quiet : bool
        Print alarms and what concerns the source only.
    colour : bool, optional
        Use terminal colours; by default if the stream is a terminal.
    stream : TextIO, optional
        Where to print; standard output by default.
    """

    def __init__(
        self, *, quiet: bool = False, colour: bool | None = None, stream: TextIO | None = None
    ) -> None:
        self._stream = stream if stream is not None else sys.stdout
        self._quiet = quiet
        self._colour = self._stream.isatty() if colour is None else colour
        self._bpm: dict[str, float | None] = {}
        self._quality: dict[str, tuple[str, ...]] = {}

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
        lines = [line for line in map(self._line, events) if line is not None]
        if not lines:
            return
        try:
            self._stream.write("".join(f"{line}\n" for line in lines))
            self._stream.flush()
        except OSError as error:
            raise OutputError(f"The log cannot be written: {error.strerror}.") from error

    def _line(self, event: Event) -> str | None:
        text, style = self._describe(event)
        if text is None:
            return None
        head = f"{clock(event.time_s):>10}  {event.device:<8} "
        if not self._colour:
            return head + text
        return f"{_DIM}{head}{_RESET}{style}{text}{_RESET if style else ''}"

    def _describe(self, event: Event) -> tuple[str | None, str]:
        """Return the text of an event, None if it is not worth a line, and its style."""
        match event:
            case Alarm():
                kind = event.kind.replace("_", " ")
                style = _ALARM_STYLE[event.priority] if event.state == "active" else _RHYTHM_STYLE
                return f"ALARM {event.priority} {kind} {event.state}: {event.message}", style
            case SourceStatus():
                return f"source {event.state}{': ' if event.detail else ''}{event.detail}", ""
            case Gap():
                return f"gap    {event.length_samples} samples missing ({event.reason.replace('_', ' ')})", ""
            case HeartRate():
                self._bpm[event.device] = event.bpm
            case Beat() if not self._quiet:
                return self._beat(event), ""
            case RhythmChange() if not self._quiet:
                return f"rhythm {event.rhythm}", _RHYTHM_STYLE
            case Quality() if not self._quiet:
                return self._signal(event), ""
        return None, ""

    def _beat(self, beat: Beat) -> str:
        bpm = self._bpm.get(beat.device)
        rate = f"{bpm:4.0f}/min" if bpm is not None else "   -/min"
        interval = f"RR {beat.rr_s:.2f} s" if beat.rr_s is not None else "RR -     "
        sure = beat.probabilities.get(beat.symbol)
        certainty = f"{100 * sure:3.0f} %" if sure is not None else "     "
        words = BEAT_WORDS.get(beat.symbol, "")
        return f"beat   {beat.symbol}  {rate}  {interval}  {certainty}  {words}".rstrip()

    def _signal(self, quality: Quality) -> str | None:
        """Tell of a change of the signal's quality only."""
        before = self._quality.get(quality.device, ())
        self._quality[quality.device] = quality.reasons
        if quality.reasons == before:
            return None
        return f"signal {', '.join(quality.reasons).replace('_', ' ') if quality.reasons else 'good again'}"
