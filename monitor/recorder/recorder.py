"""The recorder of all devices: segments, strips and the guard of the disk in one place."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ecgmon.monitor.core.events import Alarm, Beat, BeatRevision, Event, Forgotten, RhythmChange, SampleBlock
from ecgmon.monitor.core.names import path_name
from ecgmon.monitor.recorder.disk import SIGNAL_FOLDER, STRIP_FOLDER, DiskGuard
from ecgmon.monitor.recorder.segment import Segment
from ecgmon.monitor.recorder.settings import RecorderSettings
from ecgmon.monitor.recorder.strips import StripKeeper
from ecgmon.monitor.wfdb.annotations import Annotation
from ecgmon.monitor.wfdb.records import RecordInfo, close_record, record_part
from ecgmon.sim.edf import load_edfio

LOG = logging.getLogger(__name__)

RETRY_S = 10.0
"""Seconds between attempts to write to a disk that failed."""

GUARD_S = 60.0
"""Seconds between two looks at the disk."""

PRIORITIES = ("high", "medium", "low")


@dataclass(slots=True)
class Track:
    """What is recorded of one device."""

    strips: StripKeeper
    fs_hz: float
    segment: Segment | None = None
    before: Segment | None = None


class Recorder:
    """Writes signal and annotations of all devices.

    A disk that fails or is full costs the signal of that time and nothing else:
    `problem` says so, and it is tried again.

    Parameters
    ----------
    settings : RecorderSettings
        What is recorded.
    wall, steady : callable
        The wall clock, in seconds since 1970, and a clock that only grows.
    guard : DiskGuard, optional
        In place of the one that the settings ask for.
    """

    def __init__(
        self,
        settings: RecorderSettings,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        guard: DiskGuard | None = None,
    ) -> None:
        if settings.edf:
            load_edfio("Writing EDF+ strips")
        self.settings = settings
        self.problem: str | None = None
        self._wall, self._steady = wall, steady
        self._guard = guard or DiskGuard(
            settings.folder, settings.keep_mb, settings.free_mb, settings.keep_strips_mb
        )
        self._tracks: dict[str, Track] = {}
        self._flushed = self._guarded = steady()
        self._retry_at = 0.0
        self._room = True

    def open(self) -> None:
        """Complete what a power cut left growing, and look at the disk."""
        try:
            self.settings.folder.mkdir(parents=True, exist_ok=True)
            for header in self.settings.folder.glob(f"*/{SIGNAL_FOLDER}/*.hea"):
                self._complete(header)
            self._look_at_disk()
        except OSError as error:
            self._failed(error)

    def take(self, block: SampleBlock) -> None:
        """Take the next samples of a device."""
        track = self._track(block)
        try:
            if self.settings.signal and self._steady() >= self._retry_at:
                self._record(track, block)
            if self.settings.strips:
                track.strips.take(block)
            self._keep_up()
        except OSError as error:
            self._failed(error)

    def events(self, events: Iterable[Event]) -> None:
        """Take events: beats and rhythms are annotated, alarms get strips."""
        for event in events:
            track = self._tracks.get(event.device)
            if track is None:
                continue
            if isinstance(event, Forgotten):
                self._end_track(self._tracks.pop(event.device))
            elif isinstance(event, Beat):
                self._annotate(track, Annotation(event.sample, event.symbol))
            elif isinstance(event, BeatRevision):
                for segment in (track.before, track.segment):
                    if segment is not None:
                        segment.revise(event.sample, event.symbol)
            elif isinstance(event, RhythmChange):
                self._annotate(track, Annotation(event.sample, "+", f"({event.rhythm}"))
            elif isinstance(event, Alarm) and self._wants_strip(event):
                track.strips.alarm(event, track.fs_hz, self._wall())

    def close(self) -> None:
        """Complete all segments and strips."""
        for track in self._tracks.values():
            self._end_track(track)
        self._tracks.clear()

    def _end_track(self, track: Track) -> None:
        try:
            track.strips.finish()
            self._end_segment(track)
            self._flush(track)
        except OSError as error:
            self._failed(error)

    def _track(self, block: SampleBlock) -> Track:
        track = self._tracks.get(block.device)
        if track is None:
            s = self.settings
            folder = s.folder / path_name(block.device) / STRIP_FOLDER
            strips = StripKeeper(folder, s.strip_before_s, s.strip_after_s, edf=s.edf)
            track = self._tracks[block.device] = Track(strips, block.fs_hz)
        track.fs_hz = block.fs_hz
        return track

    def _record(self, track: Track, block: SampleBlock) -> None:
        longest = round(self.settings.segment_s * block.fs_hz)
        if track.segment is not None and not track.segment.fits(block, longest):
            self._end_segment(track)
            self._look_at_disk()
        if not self._room:
            return
        if track.segment is None:
            track.segment = Segment(
                self.settings.folder / path_name(block.device) / SIGNAL_FOLDER, self._info(block)
            )
        track.segment.append(block)

    def _info(self, block: SampleBlock) -> RecordInfo:
        at = self._wall()
        stamp = datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")
        name = f"{record_part(block.device)}_{stamp}_{block.start}"
        return RecordInfo(name, block.fs_hz, block.leads, block.device, block.start, at)

    def _end_segment(self, track: Track) -> None:
        if track.segment is not None:
            if track.before is not None:
                track.before.flush()
            track.before, track.segment = track.segment, None
            track.before.close()

    def _annotate(self, track: Track, annotation: Annotation) -> None:
        track.strips.annotate(annotation)
        current = track.segment
        if current is not None and annotation.sample >= current.info.first_sample:
            current.annotate(annotation)
        elif track.before is not None and annotation.sample < track.before.end:
            track.before.annotate(annotation)

    def _wants_strip(self, alarm: Alarm) -> bool:
        wanted = PRIORITIES.index(alarm.priority) <= PRIORITIES.index(self.settings.strip_priority)
        begun = alarm.state == "active" and not alarm.escalation and not alarm.technical
        return self.settings.strips and wanted and begun

    def _keep_up(self) -> None:
        now = self._steady()
        if now - self._flushed >= self.settings.flush_s:
            self._flushed = now
            for track in self._tracks.values():
                self._flush(track)
        if now - self._guarded >= GUARD_S:
            self._look_at_disk()

    def _flush(self, track: Track) -> None:
        for segment in (track.before, track.segment):
            if segment is not None:
                segment.flush()
        if self.problem is not None and self._room and self._steady() >= self._retry_at:
            LOG.warning("Recording works again.")
            self.problem = None

    def _look_at_disk(self) -> None:
        self._guarded = self._steady()
        growing = frozenset(t.segment.paths[0] for t in self._tracks.values() if t.segment is not None)
        self._room = self._guard.make_room(growing)
        if not self._room:
            self.problem = "The disk is full: the signal is not recorded"
            for track in self._tracks.values():
                self._end_segment(track)

    def _failed(self, error: OSError) -> None:
        if self.problem is None:
            LOG.error("The signal cannot be recorded: %s.", error.strerror)
        self.problem = f"The signal cannot be recorded: {error.strerror}"
        self._retry_at = self._steady() + RETRY_S
        for track in self._tracks.values():
            for segment in (track.segment, track.before):
                if segment is not None:
                    segment.abandon()
            track.segment = track.before = None

    @staticmethod
    def _complete(header: Path) -> None:
        try:
            if close_record(header):
                LOG.warning("%s was left open, perhaps by a power cut; it is complete now.", header.stem)
        except ValueError as error:
            LOG.warning("%s.", error)
