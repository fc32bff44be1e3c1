"""The command ``evaluate rhythm``: rhythms by time and by episodes, runs, pauses, delays."""

from __future__ import annotations

from ecgmon.monitor.cli.options import command
from ecgmon.monitor.cli.selection import AnySelection, Records

_EXAMPLES = """\
examples:
  ecgmon evaluate rhythm --split ds2 --out scores   with text, CSV and a picture
  ecgmon evaluate rhythm 200 --annotations . --annotator ext   what others wrote
"""

app = command("rhythm", _EXAMPLES)


@app.default
def rhythm(*records: Records, options: AnySelection | None = None) -> int:
    """Score rhythms, print, save.

    Parameters
    ----------
    records : str
        Which; all of the database if left out.
    options : AnySelection
        What is scored, and how.

    Raises
    ------
    EcgmonError
        A record or annotation file cannot be used, or a result cannot be written.
    """
    from ecgmon.monitor.cli.score_report import extent, tell
    from ecgmon.monitor.evaluation.picture import draw_rhythms
    from ecgmon.monitor.evaluation.rhythm.jobs import run_rhythm_job
    from ecgmon.monitor.evaluation.rhythm.report import episode_table, record_table, rhythm_table

    chosen = options or AnySelection()
    scores = chosen.scores(run_rhythm_job, records)
    tables = {
        "rhythms": rhythm_table(scores),
        "records": record_table(scores),
        "episodes": episode_table(scores),
    }
    headline = extent([score.duration_s for score in scores])
    return tell(tables, chosen.out, {"rhythms": lambda path: draw_rhythms(scores, path)}, headline)
