"""The command ``evaluate alarms``: missed and false alarms, and how long each took."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from ecgmon.monitor.cli.commands.evaluate.selection import SCORING, Effort, Live, Records, Selection
from ecgmon.monitor.cli.options import Flag, command

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
    selection: Selection | None = None,
    live: Live | None = None,
    without_quality: Annotated[Flag, Parameter(group=SCORING)] = False,
    effort: Effort | None = None,
) -> int:
    """Score the alarms of records, print and save the tables.

    Parameters
    ----------
    records : str
        Such as 200 or svdb/800; all of the database if left out.
    selection : Selection
        Which records.
    live : Live
        How the pipeline is run.
    without_quality : bool
        As if every second were clean, to compare.
    effort : Effort
        How many at once, and where the result goes.

    Raises
    ------
    EcgmonError
        A record cannot be used, or a result cannot be written.
    """
    from ecgmon.monitor.cli.commands.evaluate.report import extent, tell
    from ecgmon.monitor.evaluation.alarms.report import OTHER_KINDS, alarm_table, high_priority_kinds
    from ecgmon.monitor.evaluation.alarms.score import AlarmJob, run_alarm_job
    from ecgmon.monitor.evaluation.jobs import run
    from ecgmon.monitor.inference.classification import ClassifierSettings
    from ecgmon.monitor.pipeline.pipeline import PipelineSettings

    effort, live = effort or Effort(), live or Live()
    pipeline = PipelineSettings(
        classifier=ClassifierSettings(model=live.model), judge_quality=not without_quality
    )
    stems = (selection or Selection()).stems(records)
    jobs = [AlarmJob(stem, live.channel, live.chunk, pipeline) for stem in stems]
    scores = run(run_alarm_job, jobs, effort.jobs, f"Scoring {len(jobs)} records")
    tables = {
        "alarms_high": alarm_table(scores, high_priority_kinds()),
        "alarms_other": alarm_table(scores, OTHER_KINDS),
    }
    return tell(tables, effort.out, {}, extent([score.duration_s for score in scores]))
