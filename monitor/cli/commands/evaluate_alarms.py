"""The command ``evaluate alarms``: missed and false alarms, and how long each took."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from ecgmon.monitor.cli.options import Flag, command
from ecgmon.monitor.cli.selection import SCORING, LiveSelection, Records

_EXAMPLES = """\
What is raised is compared with what the same definitions make of the reference.

examples:
  ecgmon evaluate alarms                    the MIT-BIH database, or what is here
  ecgmon evaluate alarms 207 --without-quality
"""

app = command("alarms", _EXAMPLES)


@app.default
def alarms(
    *records: Records,
    options: LiveSelection | None = None,
    without_quality: Annotated[Flag, Parameter(group=SCORING)] = False,
) -> int:
    """Score alarms, print, save.

    Parameters
    ----------
    records : str
        Which; all of the database if left out.
    options : LiveSelection
        How.
    without_quality : bool
        As if every second were clean, to compare.

    Raises
    ------
    EcgmonError
        A record cannot be used, or a result cannot be written.
    """
    from ecgmon.monitor.cli.score_report import extent, tell
    from ecgmon.monitor.evaluation.alarm_report import OTHER_KINDS, alarm_table, high_priority_kinds
    from ecgmon.monitor.evaluation.alarm_score import AlarmJob, run_alarm_job
    from ecgmon.monitor.evaluation.jobs import run
    from ecgmon.monitor.inference.classification import ClassifierSettings
    from ecgmon.monitor.pipeline.pipeline import PipelineSettings

    chosen = options or LiveSelection()
    pipeline = PipelineSettings(
        classifier=ClassifierSettings(model=chosen.model), assess_quality=not without_quality
    )
    jobs = [AlarmJob(stem, chosen.channel, chosen.chunk, pipeline) for stem in chosen.stems(records)]
    scores = run(run_alarm_job, jobs, chosen.jobs, f"Scoring {len(jobs)} records")
    tables = {
        "alarms_high": alarm_table(scores, high_priority_kinds()),
        "alarms_other": alarm_table(scores, OTHER_KINDS),
    }
    return tell(tables, chosen.out, {}, extent([score.duration_s for score in scores]))
