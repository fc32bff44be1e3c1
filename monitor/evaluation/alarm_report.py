"""From alarm scores to a table: how many episodes were found, what was false, and how long each took."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ecgmon.monitor.alarms import AlarmRule, AlarmSettings
from ecgmon.monitor.evaluation.alarm_score import AlarmScore
from ecgmon.monitor.evaluation.table import Cell, Column, Table

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
