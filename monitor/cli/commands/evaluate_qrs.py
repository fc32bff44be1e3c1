"""The command ``evaluate qrs``: where beats are, by EC57, of the live pipeline or of anybody's files."""

from __future__ import annotations

from ecgmon.monitor.cli.options import command
from ecgmon.monitor.cli.selection import AnySelection, LearningS, Records

_EXAMPLES = """\
examples:
  ecgmon evaluate qrs 100 200
  ecgmon evaluate qrs --data-dir ~/physionet
  ecgmon evaluate qrs 200 --annotations OUT     what a replay wrote there
  ecgmon evaluate qrs 200 --annotations . --annotator qrs   what others wrote
"""

app = command("qrs", _EXAMPLES)


@app.default
def qrs(*records: Records, options: AnySelection | None = None, learning_s: LearningS = 0.0) -> int:
    """Score where beats are, print, save.

    Parameters
    ----------
    records : str
        Which; all of the database if left out.
    options : AnySelection
        What is scored, and how.
    learning_s : float
        Leave out the start.

    Raises
    ------
    EcgmonError
        A record or annotation file cannot be used, or a result cannot be written.
    """
    from ecgmon.monitor.cli.score_report import tell
    from ecgmon.monitor.evaluation.beats.jobs import run_job
    from ecgmon.monitor.evaluation.beats.report import qrs_table
    from ecgmon.monitor.evaluation.picture import draw_detection

    chosen = options or AnySelection()
    scores = chosen.scores(run_job, records, learning_s=learning_s)
    pictures = {"qrs": lambda path: draw_detection(scores, path)}
    return tell({"qrs": qrs_table(scores)}, chosen.out, pictures)
