"""The command ``evaluate rhythm``: rhythms by time and by episodes, runs, pauses, delays."""

from __future__ import annotations

from ecgmon.monitor.cli.commands.evaluate.selection import Effort, Records, Selection, Source
from ecgmon.monitor.cli.options import command

_EXAMPLES = """\
examples:
  ecgmon evaluate rhythm --split ds2 --out scores   with text, CSV and a picture
  ecgmon evaluate rhythm 200 --annotations . --annotator ext   what others wrote
"""

app = command("rhythm", _EXAMPLES)


@app.default
def rhythm(
    *records: Records,
    selection: Selection | None = None,
    source: Source | None = None,
    effort: Effort | None = None,
) -> int:
    """Score, print, save.

    Parameters
    ----------
    records : str
        Such as 200 or svdb/800; all of the database if left out.
    selection : Selection
        Which records.
    source : Source
        What is scored.
    effort : Effort
        How many at once, and where the result goes.

    Raises
    ------
    EcgmonError
        A record or annotation file cannot be used, or a result cannot be written.
    """
    from ecgmon.monitor.cli.commands.evaluate.report import extent, tell
    from ecgmon.monitor.evaluation.beats.jobs import Job
    from ecgmon.monitor.evaluation.jobs import run
    from ecgmon.monitor.evaluation.picture import draw_rhythms
    from ecgmon.monitor.evaluation.rhythm.jobs import run_rhythm_job
    from ecgmon.monitor.evaluation.rhythm.report import episode_table, record_table, rhythm_table
    from ecgmon.monitor.inference.classification import ClassifierSettings
    from ecgmon.monitor.pipeline.pipeline import PipelineSettings

    effort, source = effort or Effort(), source or Source()
    jobs = [
        Job(
            record=stem,
            channel=source.channel,
            block_samples=source.chunk,
            annotations=source.annotations,
            annotator=source.annotator,
            pipeline=PipelineSettings(classifier=ClassifierSettings(model=source.model)),
        )
        for stem in (selection or Selection()).stems(records)
    ]
    scores = run(run_rhythm_job, jobs, effort.jobs, f"Scoring {len(jobs)} records")
    tables = {
        "rhythms": rhythm_table(scores),
        "records": record_table(scores),
        "episodes": episode_table(scores),
    }
    headline = extent([score.duration_s for score in scores])
    return tell(tables, effort.out, {"rhythms": lambda path: draw_rhythms(scores, path)}, headline)
