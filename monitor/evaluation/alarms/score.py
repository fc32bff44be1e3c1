"""Scores alarms: the same definitions applied to the reference annotations say what should be raised."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ecgmon.monitor.alarms import AlarmEngine, AlarmRule, AlarmSettings
from ecgmon.monitor.core.ecg_codes import AAMI_OF_SYMBOL, FLUTTER_WAVE
from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.core.events import Alarm, Beat, Event, RhythmChange, SampleBlock
from ecgmon.monitor.evaluation.table import Cell, Column, Table
from ecgmon.monitor.pipeline.pipeline import PipelineSettings
from ecgmon.monitor.run.stream import Stream
from ecgmon.sim.record import Record, Reference, read_record

TOLERANCE_S = 10.0
"""An alarm this near to a reference episode belongs to it."""

CLASS_OF_SYMBOL = {**AAMI_OF_SYMBOL, FLUTTER_WAVE: "V"}
"""AAMI class of what the reference alarms count: a flutter wave is a ventricular beat to them."""

VF = "ventricular_fibrillation"
"""While this alarm is raised nobody needs another: an episode of another kind in it is not missed."""

DAY_S = 86_400.0

COLUMNS = (
    Column("kind", "alarm"),
    Column("episodes", "episodes"),
    Column("found", "found"),
    Column("missed", "missed"),
    Column("fibrillating", "told as VF"),
    Column("alarms", "alarms"),
    Column("false", "false"),
    Column("other", "of another kind"),
    Column("false_per_day", "false/24 h", 1),
    Column("delay_mean_s", "delay s"),
    Column("delay_max_s", "longest s"),
)

COUNTED = ("episodes", "found", "missed", "fibrillating", "alarms", "false", "other")
"""Columns whose sum over all kinds is shown."""


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


def run_alarm_jobs(jobs: Sequence[AlarmJob], processes: int) -> Iterator[AlarmScore]:
    """Score records, several at a time, in their order.

    Raises
    ------
    RecordError
        A record cannot be read or has no reference.
    """
    if processes <= 1 or len(jobs) == 1:
        yield from map(run_alarm_job, jobs)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(jobs)), mp_context=context) as pool:
        yield from pool.map(run_alarm_job, jobs)


def run_alarm_job(job: AlarmJob) -> AlarmScore:
    """Score one record."""
    record = read_record(job.record)
    if record.reference is None:
        raise RecordError(f"Record {record.name} has no reference annotations (.atr) to score against.")
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
    assert record.reference is not None
    stream = Stream(record.name, record.fs_hz, pipeline=pipeline, alarms=alarms)
    events: list[Event] = []
    for start in range(0, record.n_samples, block_samples):
        samples = record.samples_mv(start, min(start + block_samples, record.n_samples), (channel,))
        events += stream.process(SampleBlock(samples, start, record.fs_hz, device=record.name))
    events += stream.finish()
    return AlarmScore(
        record.name,
        record.duration_s,
        tuple(reference_episodes(record, alarms)),
        tuple(episodes(events, record.duration_s, record.fs_hz)),
    )


def reference_episodes(record: Record, settings: AlarmSettings | None = None) -> list[Episode]:
    """Return what the definitions make of the reference annotations, known without delay."""
    assert record.reference is not None
    instant = (settings or AlarmSettings()).changed({"latency_s": 0.0})
    engine = AlarmEngine(instant, record.name, record.fs_hz)
    events = list(_reference_events(record.reference, record.fs_hz))
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


def high_priority_kinds(settings: AlarmSettings | None = None) -> tuple[str, ...]:
    """Return the life-threatening kinds."""
    rules = settings or AlarmSettings()
    return tuple(kind for kind, rule in rules if isinstance(rule, AlarmRule) and rule.priority == "high")


OTHER_KINDS = (
    "atrial_fibrillation",
    "pause",
    "ventricular_run",
    "ventricular_couplet",
    "r_on_t",
    "ventricular_beats_per_minute",
)
"""Kinds of lower priority that the beats and rhythms of a reference can tell."""


def alarm_table(scores: Sequence[AlarmScore], kinds: Iterable[str]) -> Table:
    """Return one row a kind over all records.

    Parameters
    ----------
    scores : sequence of AlarmScore
        Of all records.
    kinds : iterable of str
        Kinds to show; a false alarm that lies in a reference episode of another of these
        kinds is counted apart, and so is an episode missed while fibrillation of the
        ventricles is told.
    """
    shown = tuple(kinds)
    days = sum(score.duration_s for score in scores) / DAY_S
    rows = [_row(kind, scores, shown, days) for kind in shown]
    whole: dict[str, Cell] = {"kind": "all"}
    for key in (*COUNTED, "false_per_day"):
        whole[key] = sum(float(row[key] or 0) for row in rows)
        if key != "false_per_day":
            whole[key] = int(whole[key] or 0)
    return Table(COLUMNS, rows, [whole])


def _row(kind: str, scores: Sequence[AlarmScore], shown: Sequence[str], days: float) -> dict[str, Cell]:
    count = dict.fromkeys(COUNTED, 0)
    delays: list[float] = []
    for score in scores:
        wanted = [episode for episode in score.reference if episode.kind == kind]
        raised = [episode for episode in score.raised if episode.kind == kind]
        urgent = [episode for episode in score.reference if episode.kind in shown]
        fibrillating = [alarm for alarm in score.raised if alarm.kind == VF]
        count["episodes"] += len(wanted)
        count["alarms"] += len(raised)
        for episode in wanted:
            hits = [alarm for alarm in raised if alarm.touches(episode)]
            told = any(alarm.touches(episode, 0.0) for alarm in fibrillating)
            count["found" if hits else "fibrillating" if told else "missed"] += 1
            delays += [hits[0].known_s - episode.known_s] if hits else []
        for alarm in raised:
            if not any(alarm.touches(episode) for episode in wanted):
                near = any(alarm.touches(episode) for episode in urgent)
                count["other" if near else "false"] += 1
    cells: dict[str, Cell] = {"kind": kind, **count, "false_per_day": count["false"] / days if days else None}
    cells["delay_mean_s"] = float(np.mean(delays)) if delays else None
    cells["delay_max_s"] = float(np.max(delays)) if delays else None
    return cells


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
                probabilities={},
                r_known_at=at,
                rr_s=None if last is None else (at - last) / fs_hz,
                quality=1.0,
            )
            last = at
