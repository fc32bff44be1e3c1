"""A live view in the terminal, for where there is no display: trace, beats, rate, alarms."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.style import Style
from rich.text import Text

from ecgmon.monitor.alarms.rank import in_order
from ecgmon.monitor.cli.braille import draw_trace
from ecgmon.monitor.cli.headless import print_summary, run_until_stopped
from ecgmon.monitor.core.events import PIPELINE_HZ, Alarm, Beat, Event, HeartRate, Quality
from ecgmon.monitor.core.names import printable
from ecgmon.monitor.core.platform import run_async
from ecgmon.monitor.core.ring import OverrunError
from ecgmon.monitor.ingest.registry import open_sources
from ecgmon.monitor.outputs.base import Output
from ecgmon.monitor.outputs.words import EventWords, Line, clock
from ecgmon.monitor.run.awaited import Awaited
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.monitor.run.stream import Stream

FRAME_S = 1 / 12
SECONDS_A_CHARACTER = 0.07
TRACE_LINES = 12
LOG_LINES = 6
LEAST_SPAN_MV = 1.0

_TONES: Mapping[str, str] = {
    "plain": "",
    "strong": "bold",
    "high": "bold white on red",
    "medium": "bold black on yellow",
    "low": "bold cyan",
}
_BEATS: Mapping[str, str] = {
    "N": "green",
    "L": "cyan",
    "R": "blue",
    "A": "bold yellow",
    "V": "bold red",
    "Q": "dim",
}
_LEGEND = (
    "N normal  L R bundle branch block  A atrial  V ventricular  Q not classified   shaded: why   Ctrl-C ends"
)
_SHADES = tuple(Style(bgcolor=f"rgb({20 + 70 * step // 4},{20 + 25 * step // 4},30)") for step in range(5))
"""Background by attribution, from what the class does not rest on to what it rests on most."""


class TerminalView:
    """What is shown of one stream.

    Parameters
    ----------
    stream : Stream
        What to follow.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._next = 0
        self._words = EventWords()
        self._bpm: float | None = None
        self._quality: Quality | None = None
        self._beats: deque[Beat] = deque(maxlen=200)
        self._counts: Counter[str] = Counter()
        self._alarms: dict[str, Alarm] = {}
        self._log: deque[tuple[float, Line]] = deque(maxlen=LOG_LINES)
        self._span_mv = (-LEAST_SPAN_MV / 2, LEAST_SPAN_MV / 2)

    def render(self, width: int) -> RenderableType:
        """Take what is new and return the picture.

        Parameters
        ----------
        width : int
            Characters in a line.
        """
        self._next, events = self.stream.log.since(self._next)
        for event in events:
            self._observe(event)
        stop = self.stream.ring.row_end("clean")
        start = stop - int(width * SECONDS_A_CHARACTER * PIPELINE_HZ)
        clean, shade = self._samples("clean", start, stop), self._samples("attribution", start, stop)
        picture = [
            self._head(stop / PIPELINE_HZ),
            self._banner(width),
            self._letters(start, stop, width),
            *self._trace(clean, shade, width),
            self._axis(start, stop, width),
            Text(),
            *self._tail(),
        ]
        for line in picture:
            line.truncate(width)
        return Group(*picture)

    def _observe(self, event: Event) -> None:
        match event:
            case Beat():
                self._beats.append(event)
                self._counts[event.symbol] += 1
            case HeartRate():
                self._bpm = event.bpm
            case Quality():
                self._quality = event
            case Alarm():
                self._alarms[event.kind] = event
        line = self._words.line(event)
        if line is not None:
            self._log.append((event.time_s, line))

    def _samples(self, row: str, start: int, stop: int) -> NDArray[np.float64]:
        """Return a row of the ring; NaN for what it does not hold."""
        values = np.full(stop - start, np.nan)
        ring = self.stream.ring
        first, last = max(start, ring.start), min(stop, ring.row_end(row))
        if first < last:
            with contextlib.suppress(OverrunError):
                values[first - start : last - start] = ring.copy(row, first, last)
        return values

    def _head(self, now_s: float) -> Text:
        silent_s = self.stream.hearing.silent_s()
        rate = f"{self._bpm:.0f}" if self._bpm is not None and silent_s is None else "--"
        head = Text.assemble(
            (f" {printable(self.stream.device)} ", "bold reverse"),
            f" {printable(self.stream.leads[0])}  ",
            (f"{clock(max(0.0, now_s))}   ", "dim"),
            ("♥ ", "red"),
            (f"{rate:>3}", "bold green"),
            "/min   ",
        )
        for symbol, count in sorted(self._counts.items()):
            head.append(f"{symbol} {count}  ", _BEATS.get(symbol, ""))
        if silent_s is not None:
            head.append(f" no samples for {silent_s:.0f} s", "bold yellow")
            return head
        reasons = self._quality.reasons if self._quality is not None else ()
        head.append(
            f" signal {', '.join(reasons).replace('_', ' ') or 'good'}", "yellow" if reasons else "dim"
        )
        return head

    def _banner(self, width: int) -> Text:
        present = in_order(self._alarms.values())
        if not present:
            return Text()
        worst = present[0]
        more = f"  (+{len(present) - 1})" if len(present) > 1 else ""
        text = f" {printable(worst.message)}{more} "
        return Text(
            text.ljust(width)[:width], _TONES[worst.priority] if worst.state == "active" else "reverse"
        )

    def _letters(self, start: int, stop: int, width: int) -> Text:
        """Return the class letters above their R waves."""
        line = Text(" " * width)
        for beat in self._beats:
            column = int((beat.time_s * PIPELINE_HZ - start) * width / max(1, stop - start))
            if 0 <= column < width:
                left, right = line[:column], line[column + 1 :]
                line = Text.assemble(left, (beat.symbol, _BEATS.get(beat.symbol, "")), right)
        return line

    def _trace(self, clean: NDArray[np.float64], shade: NDArray[np.float64], width: int) -> list[Text]:
        low, high = self._scale(clean)
        runs = _shaded_runs(shade, width)
        lines = []
        for row in draw_trace(clean, width, TRACE_LINES, low, high):
            line = Text(row, "bright_green", no_wrap=True)
            for level, first, last in runs:
                line.stylize(_SHADES[level], first, last)
            lines.append(line)
        return lines

    def _scale(self, clean: NDArray[np.float64]) -> tuple[float, float]:
        """Return the range shown; it widens at once and narrows slowly, so that the picture is calm."""
        found = clean[np.isfinite(clean)]
        if len(found):
            low, high = float(found.min()), float(found.max())
            margin = max(0.05 * (high - low), (LEAST_SPAN_MV - (high - low)) / 2)
            low, high = low - margin, high + margin
            was_low, was_high = self._span_mv
            self._span_mv = (
                min(low, was_low + 0.02 * (low - was_low)),
                max(high, was_high + 0.02 * (high - was_high)),
            )
        return self._span_mv

    @staticmethod
    def _axis(start: int, stop: int, width: int) -> Text:
        line = [" "] * width
        first = -(-start // int(PIPELINE_HZ))
        for second in range(max(first, 0), stop // int(PIPELINE_HZ) + 1):
            column = int((second * PIPELINE_HZ - start) * width / max(1, stop - start))
            label = f"╵{second}s"
            if column + len(label) <= width:
                line[column : column + len(label)] = label
        return Text("".join(line), "dim")

    def _tail(self) -> list[Text]:
        lines = [
            Text.assemble((f"{clock(time_s):>10}  ", "dim"), (printable(line.text), _TONES[line.tone]))
            for time_s, line in self._log
        ]
        padding = [Text()] * (LOG_LINES - len(lines))
        return [*lines, *padding, Text(_LEGEND, "dim", no_wrap=True)]


def _shaded_runs(shade: NDArray[np.float64], width: int) -> list[tuple[int, int, int]]:
    """Return the stretches of characters of one shade: its level, first and behind the last."""
    starts = np.arange(width) * len(shade) // width
    peaks = np.maximum.reduceat(np.nan_to_num(shade), starts)
    levels = np.clip(np.rint(peaks**2 * (len(_SHADES) - 1)), 0, len(_SHADES) - 1).astype(int)
    edges = np.flatnonzero(np.diff(levels, prepend=-1, append=-1))
    return [(int(levels[first]), int(first), int(last)) for first, last in pairwise(edges) if levels[first]]


def run_terminal(settings: MonitorSettings, outputs: Sequence[Output], console: Console | None = None) -> int:
    """Run the monitor with the live view until the sources end or Ctrl-C; print a summary.

    Parameters
    ----------
    settings : MonitorSettings
        What to run.
    outputs : sequence of Output
        Where events are written besides.
    console : Console, optional
        Terminal to draw on.

    Raises
    ------
    EcgmonError
        It cannot run or cannot write.
    """
    sources = open_sources(settings.sources, settings)
    monitor = Monitor(settings, sources, outputs, duration_s=settings.duration_s)
    terminal = console if console is not None else Console()
    run_async(_run(monitor, terminal))
    print_summary(monitor, terminal.file)
    return 0


async def _run(monitor: Monitor, console: Console) -> None:
    with Live(console=console, auto_refresh=False, screen=console.is_terminal, transient=True) as live:
        painter = asyncio.create_task(_paint(monitor, live, console))
        try:
            await run_until_stopped(monitor)
        finally:
            painter.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await painter


async def _paint(monitor: Monitor, live: Live, console: Console) -> None:
    view: TerminalView | None = None
    while True:
        if view is None and monitor.streams:
            view = TerminalView(next(iter(monitor.streams.values())))
        if view is not None:
            live.update(view.render(console.width), refresh=True)
        else:
            live.update(waiting_words(monitor.awaited.values()), refresh=True)
        await asyncio.sleep(FRAME_S)


def waiting_words(awaited: Iterable[Awaited]) -> Text:
    """Return what is shown while there is no signal: news of what is waited for, and its alarms."""
    text = Text("opening the source …", "dim")
    for one in awaited:
        if one.status is not None:
            text.append(f"\n{one.device}  {one.status.state}: {one.status.detail}", "not dim")
        for alarm in one.alarms.open_alarms():
            text.append(f"\n{one.device}  ALARM  {alarm.message}", _TONES[alarm.priority])
    return text
