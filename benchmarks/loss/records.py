"""Whole records under loss: what is still found, known and told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.loss.losses import BY_NAME, UNDISTURBED, Loss, events_under
from benchmarks.loss.standing import heart_rate_known_s, length_s, technical_spans
from ecgmon import read_record
from ecgmon.monitor.core.events import Quality
from ecgmon.monitor.evaluation.alarm_report import OTHER_KINDS, alarm_table, high_priority_kinds
from ecgmon.monitor.evaluation.alarm_score import AlarmScore, episodes, reference_episodes
from ecgmon.monitor.evaluation.annotations import Annotations
from ecgmon.monitor.evaluation.beats.jobs import beats_among
from ecgmon.monitor.evaluation.beats.report import beat_table, qrs_row
from ecgmon.monitor.evaluation.beats.score import RecordScore, pool, score_record
from ecgmon.monitor.evaluation.records import one_lead, reference_of
from ecgmon.monitor.evaluation.table import Cell

RECORDS = ("100", "103", "105", "112", "119", "200", "207", "209", "217", "231")
"""Clean and noisy, sinus rhythm, bigeminy, runs, flutter, block, paced."""

SETTLING_S = 10.0
CLEAN_INDEX = 0.5
KNOWN_BAR = 0.99
KNOWN_BAR_SHARE = 0.05
"""Up to this loss the heart rate is to be known `KNOWN_BAR` of the time."""

HEADINGS = (
    *("loss", "F1 %", "less, points", "bar", "VEB F1 %", "heart rate known %", "bar"),
    *("seconds told %", "clean %", "life-threatening found", "false, life-threatening", "false, others"),
    *("technical alarms", "standing %"),
)


@dataclass(frozen=True, slots=True)
class RecordJob:
    """One record under one loss.

    Parameters
    ----------
    record : str
        Its name.
    loss : str
        Name of the loss.
    data_dir : str
        Folder of the databases.
    seconds : float
        How much of it.
    """

    record: str
    loss: str
    data_dir: str
    seconds: float


@dataclass(frozen=True, slots=True)
class RecordUnderLoss:
    """What was told of a record.

    Parameters
    ----------
    beats : RecordScore
        QRS complexes and classes against the reference; beats in lost stretches count.
    alarms : AlarmScore
        Alarms against those of the reference.
    seconds : float
        Length of the record.
    known_s : float
        Seconds behind the first ten in which a heart rate was known.
    told, clean : int
        Seconds whose quality was told, and those of them that were clean.
    technical : int
        Technical alarms raised.
    technical_s : float
        Seconds in which one was raised.
    """

    beats: RecordScore
    alarms: AlarmScore
    seconds: float
    known_s: float
    told: int
    clean: int
    technical: int
    technical_s: float


def run_record_job(job: RecordJob) -> RecordUnderLoss:
    """Run one record under one loss."""
    record = read_record(job.record, job.data_dir)
    samples_mv = one_lead(record, 0)[: round(job.seconds * record.fs_hz)]
    seconds, fs_hz = samples_mv.size / record.fs_hz, record.fs_hz
    events = events_under(BY_NAME[job.loss], samples_mv, fs_hz, record.name)
    reference = reference_of(record)
    inside = reference.samples < samples_mv.size
    truth = Annotations(reference.samples[inside], reference.symbols[inside])
    wanted = tuple(episode for episode in reference_episodes(record) if episode.begin_s < seconds)
    quality = [event.index for event in events if isinstance(event, Quality)]
    technical = technical_spans(events, fs_hz, seconds)
    return RecordUnderLoss(
        score_record(record.name, truth, beats_among(events, fs_hz), fs_hz),
        AlarmScore(record.name, seconds, wanted, tuple(episodes(events, seconds, fs_hz))),
        seconds,
        heart_rate_known_s(events, fs_hz, SETTLING_S, seconds),
        len(quality),
        sum(index >= CLEAN_INDEX for index in quality),
        len(technical),
        length_s(technical),
    )


def table(found: Sequence[tuple[Loss, Sequence[RecordUnderLoss]]]) -> list[str]:
    """Return the rows of all losses in Markdown; the first is undisturbed, and measure for the others."""
    (_, calm), *_ = found
    f1 = _f1_percent(calm)
    lines = [f"| {' | '.join(HEADINGS)} |", "| --- |" + " ---: |" * (len(HEADINGS) - 1)]
    return lines + [f"| {' | '.join(_cells(loss, results, f1))} |" for loss, results in found]


def _f1_percent(results: Sequence[RecordUnderLoss]) -> float:
    return 100 * float(qrs_row(pool("all", [result.beats for result in results]))["f1"] or 0)


def _cells(loss: Loss, results: Sequence[RecordUnderLoss], calm_f1: float) -> list[str]:
    f1 = _f1_percent(results)
    seconds = sum(result.seconds for result in results)
    known = sum(result.known_s for result in results) / (seconds - SETTLING_S * len(results))
    veb = beat_table([pool("all", [result.beats for result in results if not result.beats.paced])]).rows[0]
    urgent, others = high_priority_kinds(), OTHER_KINDS
    rows = {row["kind"]: row for row in alarm_table([r.alarms for r in results], (*urgent, *others)).rows}
    episodes_found = [sum(int(rows[kind][key] or 0) for kind in urgent) for key in ("found", "episodes")]
    known_bar = KNOWN_BAR if loss is not UNDISTURBED and loss.share <= KNOWN_BAR_SHARE else None
    return [
        loss.name,
        f"{f1:.2f}",
        "" if loss is UNDISTURBED else f"{calm_f1 - f1:.2f}",
        _bar(calm_f1 - f1, loss.f1_points, most=True),
        f"{100 * float(veb['veb_f1'] or 0):.1f}",
        f"{100 * known:.2f}",
        _bar(100 * known, None if known_bar is None else 100 * known_bar, most=False),
        f"{100 * sum(result.told for result in results) / sum(int(r.seconds) for r in results):.1f}",
        f"{100 * sum(result.clean for result in results) / sum(int(r.seconds) for r in results):.1f}",
        f"{episodes_found[0]} of {episodes_found[1]}",
        _false(rows, urgent),
        _false(rows, others),
        str(sum(result.technical for result in results)),
        f"{100 * sum(result.technical_s for result in results) / seconds:.1f}",
    ]


def _bar(value: float, bar: float | None, *, most: bool) -> str:
    """Return a bar, and whether a value holds it."""
    if bar is None:
        return ""
    held = value <= bar if most else value >= bar
    return f"{'≤' if most else '≥'} {bar:g} {'held' if held else '**missed**'}"


def _false(rows: Mapping[Cell, Mapping[str, Cell]], kinds: Sequence[str]) -> str:
    """Return the false alarms of some kinds, such as ``2 asystole``."""
    counts = [(rows[kind]["false"], kind.replace("_", " ")) for kind in kinds if rows[kind]["false"]]
    return ", ".join(f"{count} {kind}" for count, kind in counts) or "0"
