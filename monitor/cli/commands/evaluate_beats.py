"""The command ``evaluate beats``: what kind the beats are, by EC57, and couplets and runs of them."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from ecgmon.monitor.cli.options import Flag, command
from ecgmon.monitor.cli.selection import (
    OF_THE_PIPELINE,
    SCORING,
    AnySelection,
    LearningS,
    Records,
)

_EXAMPLES = """\
examples:
  ecgmon evaluate beats --split ds2 --out scores    with text, CSV and a picture
  ecgmon evaluate beats 200 --annotations OUT       what a replay wrote there
"""

app = command("beats", _EXAMPLES)


@app.default
def beats(
    *records: Records,
    options: AnySelection | None = None,
    learning_s: LearningS = 0.0,
    provisional: Annotated[Flag, Parameter(group=(SCORING, OF_THE_PIPELINE))] = False,
) -> int:
    """Score what kind the beats are, print, save.

    Parameters
    ----------
    records : str
        Which; all of the database if left out.
    options : AnySelection
        What is scored, and how.
    learning_s : float
        Leave out the start.
    provisional : bool
        Score the class given first, before any revision.

    Raises
    ------
    EcgmonError
        A record or annotation file cannot be used, or a result cannot be written.
    """
    from ecgmon.monitor.cli.score_report import tell
    from ecgmon.monitor.evaluation.beats.jobs import run_job
    from ecgmon.monitor.evaluation.beats.report import beat_table, confusion_table, run_table, unpaced
    from ecgmon.monitor.evaluation.beats.score import LABELS, pool
    from ecgmon.monitor.evaluation.picture import draw_classes

    chosen = options or AnySelection()
    scores = chosen.scores(run_job, records, learning_s=learning_s, provisional=provisional)
    gross = pool("gross", unpaced(scores))
    tables = {"beats": beat_table(scores), "runs": run_table(gross), "confusion": confusion_table(gross)}
    return tell(tables, chosen.out, {"beats": lambda path: draw_classes(gross, LABELS, path)})
