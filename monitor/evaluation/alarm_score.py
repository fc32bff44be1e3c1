"""Scores alarms: the same definitions applied to the reference annotations say what should be raised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ecgmon.monitor.alarms import AlarmEngine, AlarmSettings
from ecgmon.monitor.core.ecg_codes import AAMI_OF_SYMBOL, FLUTTER_WAVE
from ecgmon.monitor.core.events import Alarm, Beat, Event, RhythmChange
from ecgmon.monitor.evaluation.records import live_events, one_lead, reference_of
from ecgmon.monitor.pipeline.pipeline import PipelineSettings
from ecgmon.monitor.run.stream import Stream
from ecgmon.sim.record import Record, Reference, read_record

TOLERANCE_S = 10.0
"""An alarm this near to a reference episode belongs to it."""

CLASS_OF_SYMBOL = {**AAMI_OF_SYMBOL, FLUTTER_WAVE: "V"}
"""AAMI class of what the reference alarms count: a flutter wave is a ventricular beat to them."""


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch during which a condition holds.

    Parameters
    ----------
    kind : str
        Kind of alarm.
    begin_s, end_s : float
        When it is fulfilled and when it ends.
    known_s : float
        When the alarm was announced.
    """

    kind: str
    begin_s: float
    end_s: float
    known_s: float

    def touches(self, other: Episode, tolerance_s: float = TOLERANCE_S) -> bool:
        """Tell whether two episodes are one within the tolerance."""
        return self.begin_s - tolerance_s <= other.end_s and other.begin_s - tolerance_s <= self.end_s


@dataclass(frozen=True, slots=True)
class AlarmScore:
    """Episodes of one record.

    Parameters
    ----------
    record : str
        Its name.
    duration_s : float
        Its length.
    reference, raised : tuple of Episode
        What should have been raised, and what was.
    """

    record: str
    duration_s: float
    reference: tuple[Episode, ...]
    raised: tuple[Episode, ...]


@dataclass(frozen=True, slots=True)
class AlarmJob:
    """One record to score.

    Parameters
    ----------
    record : Path
        Its files, without suffix.
    channel : int
        The lead.
    block_samples : int
        Samples of each block.
    pipeline : PipelineSettings
        Settings of the chain.
    """

    record: Path
    channel: int = 0
    block_samples: int = 3600
    pipeline: PipelineSettings = field(default_factory=PipelineSettings)


def run_alarm_job(job: AlarmJob) -> AlarmScore:
    """Score one record.

    Raises
    ------
    RecordError
        The record cannot be read or has no reference.
    """
    record = read_record(job.record)
    return score_alarms(record, job.pipeline, channel=job.channel, block_samples=job.block_samples)


def score_alarms(
    record: Record,
    pipeline: PipelineSettings | None = None,
    alarms: AlarmSettings | None = None,
    *,
    channel: int = 0,
    block_samples: int = 3600,
) -> AlarmScore:
    """Run the live chain over a record and its reference through the same alarm engine.

    Parameters
    ----------
    record : Record
        With reference annotations.
    pipeline, alarms : settings, optional
        Of the live chain.
    channel : int
        The lead.
    block_samples : int
        Samples of each block.
    """
    wanted = tuple(reference_episodes(record, alarms))
    stream = Stream(record.name, record.fs_hz, pipeline=pipeline, alarms=alarms)
    events = live_events(stream, one_lead(record, channel), record.fs_hz, block_samples)
    return AlarmScore(
        record.name,
        record.duration_s,
        wanted,
        tuple(episodes(events, record.duration_s, record.fs_hz)),
    )


def reference_episodes(record: Record, settings: AlarmSettings | None = None) -> list[Episode]:
    """Return what the definitions make of the reference annotations, known without delay.

    Raises
    ------
    RecordError
        The record has no reference annotations.
    """
    reference = reference_of(record)
    instant = (settings or AlarmSettings()).changed({"latency_s": 0.0})
    engine = AlarmEngine(instant, record.name, record.fs_hz)
    events = list(_reference_events(reference, record.fs_hz))
    return episodes(engine.process(events, record.n_samples), record.duration_s, record.fs_hz)


def episodes(events: Iterable[Event], duration_s: float, fs_hz: float) -> list[Episode]:
    """Return the stretches during which alarms of each kind were active or silenced.

    Two of a kind that are nearer than the tolerance are one.
    """
    open_at: dict[str, Alarm] = {}
    found: list[Episode] = []
    for event in events:
        if not isinstance(event, Alarm) or event.escalation:
            continue
        if event.state in ("active", "silenced"):
            open_at.setdefault(event.kind, event)
        elif event.kind in open_at:
            _append(found, _episode(open_at.pop(event.kind), event.time_s, fs_hz))
    for alarm in open_at.values():
        _append(found, _episode(alarm, duration_s, fs_hz))
    return found


def _append(found: list[Episode], episode: Episode) -> None:
    for index in range(len(found) - 1, -1, -1):
        last = found[index]
        if last.kind == episode.kind:
            if last.touches(episode):
                found[index] = Episode(last.kind, last.begin_s, episode.end_s, last.known_s)
                return
            break
    found.append(episode)


def _episode(alarm: Alarm, end_s: float, fs_hz: float) -> Episode:
    return Episode(alarm.kind, alarm.time_s, max(end_s, alarm.time_s), alarm.known_at / fs_hz)


def _reference_events(reference: Reference, fs_hz: float) -> Iterable[Event]:
    last: int | None = None
    for sample, symbol, note in zip(reference.samples, reference.symbols, reference.notes, strict=True):
        at = int(sample)
        if symbol == "+" and str(note).startswith("("):
            yield RhythmChange(sample=at, known_at=at, time_s=at / fs_hz, rhythm=str(note)[1:])
        elif symbol in CLASS_OF_SYMBOL:
            yield Beat(
                sample=at,
                known_at=at,
                time_s=at / fs_hz,
                symbol=str(symbol),
                aami=CLASS_OF_SYMBOL[str(symbol)],
                probabilities={str(symbol): 1.0},
                r_known_at=at,
                rr_s=None if last is None else (at - last) / fs_hz,
                quality=1.0,
            )
            last = at
