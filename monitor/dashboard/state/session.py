"""Everything the window knows of one stream, gathered on the window's own thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.events import PIPELINE_HZ, Alarm, Beat, BeatRevision, Event, Gap, Quality
from ecgmon.monitor.core.ring import OverrunError
from ecgmon.monitor.dashboard.state.alarm_board import AlarmBoard
from ecgmon.monitor.dashboard.state.averages import BeatAverages
from ecgmon.monitor.dashboard.state.beats import BeatBook, ShownBeat
from ecgmon.monitor.dashboard.state.comparison import Comparison
from ecgmon.monitor.dashboard.state.history import SignalHistory
from ecgmon.monitor.dashboard.state.numbers import Numbers
from ecgmon.monitor.dashboard.state.timeline import BAD_QUALITY, Timeline
from ecgmon.monitor.dashboard.state.trends import Trends
from ecgmon.monitor.run.stream import Stream

KEPT_MARKS = 4000


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of the trace that deserves a remark: a gap, or bad signal.

    Parameters
    ----------
    start, stop : int
        Pipeline indices.
    kind : {"gap", "bad"}
        What it is.
    text : str
        Why.
    """

    start: int
    stop: int
    kind: str
    text: str


class StreamSession:
    """Follows a stream's ring and log and keeps the models behind the window.

    `poll` is the only thing that reads the stream; it never waits and never queues, so a
    window that was away catches up in one call.

    Parameters
    ----------
    stream : Stream
        What to follow.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.leads = stream.shown_leads or ("ECG",)
        self.history = SignalHistory(len(self.leads))
        self.beats = BeatBook()
        self.numbers = Numbers()
        self.board = AlarmBoard()
        self.timeline = Timeline()
        self.averages = BeatAverages()
        self.trends = Trends()
        self.last_notable: ShownBeat | None = None
        self.comparison: Comparison | None = None
        self.show_reference = False
        self.marks: deque[Mark] = deque(maxlen=KEPT_MARKS)
        self._next_event = 0
        self._changes: deque[tuple[int, int]] = deque(maxlen=2000)
        self._change_count = 0
        self.generation = 0
        """Goes up when the whole picture is void, such as after a seek."""

    @property
    def device(self) -> str:
        """Name of the device."""
        return self.stream.device

    @property
    def lead(self) -> str:
        """Name of the lead that is analysed."""
        return self.leads[0]

    @property
    def now_s(self) -> float:
        """The stream's own time at the newest sample shown."""
        return self.history.end / PIPELINE_HZ

    def poll(self) -> int:
        """Take what is new; return the number of new events."""
        self._take_samples()
        self._next_event, events = self.stream.log.since(self._next_event)
        for event in events:
            self._observe(event)
        self.numbers.now_s = max(self.numbers.now_s, self.now_s)
        self.numbers.silent_s = self.stream.hearing.silent_s()
        if self.comparison is not None:
            self.comparison.advance(self.beats, self.history.end)
        return len(events)

    def compare(self, samples: NDArray[np.integer], symbols: Sequence[str]) -> None:
        """Compare with a reference from now on; sample indices at the source's rate."""
        self.comparison = Comparison(samples, symbols, self.stream.fs_hz)

    def set_reference(self, shown: bool) -> None:
        """Show or hide the reference's letters."""
        self.show_reference = shown
        self.generation += 1

    def changes_since(self, number: int) -> tuple[int, list[tuple[int, int]]]:
        """Return a number for the next call and the stretches whose picture changed since."""
        fresh = min(self._change_count - number, len(self._changes))
        tail = list(self._changes)[len(self._changes) - fresh :] if fresh > 0 else []
        return self._change_count, tail

    def marks_between(self, start: int, stop: int) -> list[Mark]:
        """Return gaps and bad stretches that touch ``[start, stop)``."""
        found: list[Mark] = []
        for mark in reversed(self.marks):
            if mark.start < stop and mark.stop > start:
                found.append(mark)
            elif mark.stop < start - 60 * PIPELINE_HZ:
                break
        return found

    def _take_samples(self) -> None:
        ring = self.stream.ring
        head = min(ring.row_end(row) for row in self.history.rows)
        if ring.end < self.history.end:
            self._rewind(ring.start)
        start = ring.start
        if start > self.history.end:
            self._jump(start)
        if head <= self.history.end:
            return
        try:
            first = self.history.end
            samples = {row: ring.copy(row, first, head) for row in self.history.rows}
        except OverrunError:
            return
        self.history.append(samples)

    def _jump(self, index: int) -> None:
        """Go on after samples that this session never saw."""
        if self.comparison is not None:
            self.comparison.restart()
        if self.history.end == 0:
            self.history.restart(index)
        else:
            self.history.skip_to(index)
        self.generation += 1

    def _rewind(self, index: int) -> None:
        """Forget what lies behind the place that a replay was wound back to."""
        time_s = index / PIPELINE_HZ
        self.history.restart(index)
        self.beats.forget_from(index)
        self.timeline.forget_from(time_s)
        self.trends.forget_from(time_s)
        self.numbers.rewind(time_s)
        self.board.clear()
        self.averages.clear()
        if self.comparison is not None:
            self.comparison.restart()
        self.last_notable = None
        self.marks = deque((m for m in self.marks if m.stop <= index), maxlen=KEPT_MARKS)
        self.generation += 1

    def _observe(self, event: Event) -> None:
        # The stream may have gone on at another rate since.
        fs_hz = event.sample / event.time_s if event.time_s > 0 < event.sample else self.stream.fs_hz
        self.numbers.observe(event, fs_hz)
        self.timeline.observe(event)
        self.trends.observe(event)
        if isinstance(event, Beat):
            self._observe_beat(event)
        elif isinstance(event, BeatRevision):
            self._observe_revision(event)
        elif isinstance(event, Alarm):
            self.board.observe(event)
        elif isinstance(event, Gap) and not event.bridged:
            self._mark(event, event.length_samples / fs_hz, "gap", event.reason.replace("_", " "))
        elif isinstance(event, Quality) and event.index < BAD_QUALITY:
            self._mark(event, 1.0, "bad", ", ".join(event.reasons).replace("_", " "))

    def _observe_beat(self, beat: Beat) -> None:
        shown = self.beats.add(beat)
        self.averages.add(self.history, shown)
        if shown.notable:
            self.last_notable = shown
        start, stop = shown.index - 40, shown.index + 40
        if beat.attribution is not None:
            before = self.beats.before(shown.index)
            border = (before.index + shown.index) // 2 if before is not None else 0
            first = max(beat.attribution_start, border)
            self.history.explain(first, beat.attribution[first - beat.attribution_start :])
            start, stop = min(start, first), max(stop, beat.attribution_start + len(beat.attribution))
        self._change(start, stop)

    def _observe_revision(self, revision: BeatRevision) -> None:
        pair = self.beats.revise(revision)
        if pair is None:
            return
        old, new = pair
        self.numbers.revise(old.beat, new.beat)
        self.trends.revise(old.beat, new.beat)
        if new.notable:
            self.last_notable = new
        elif self.last_notable is not None and self.last_notable.index == new.index:
            self.last_notable = None
        self._change(new.index - 40, new.index + 40)

    def _mark(self, event: Event, length_s: float, kind: str, text: str) -> None:
        start = round(event.time_s * PIPELINE_HZ)
        stop = start + round(length_s * PIPELINE_HZ)
        self.marks.append(Mark(start, stop, kind, text))
        self._change(start, stop)

    def _change(self, start: int, stop: int) -> None:
        self._changes.append((start, stop))
        self._change_count += 1
