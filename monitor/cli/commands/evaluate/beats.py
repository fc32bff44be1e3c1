"""The command ``evaluate beats``: what kind the beats are, by EC57, and couplets and runs of them."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from ecgmon.monitor.cli.commands.evaluate.scoring import LearningS, score_beats
from ecgmon.monitor.cli.commands.evaluate.selection import (
    OF_THE_PIPELINE,
    SCORING,
    Effort,
    Records,
    Selection,
    Source,
)
from ecgmon.monitor.cli.options import Flag, command

_EXAMPLES = """\
examples:
  ecgmon evaluate beats --split ds2 --out scores    with text, CSV and a picture
  ecgmon evaluate beats 200 --annotations OUT       what a replay wrote there
"""

app = command("beats", _EXAMPLES)


@app.default
def beats(
    *records: Records,
    selection: Selection | None = None,
    source: Source | None = None,
    provisional: Annotated[Flag, Parameter(group=(SCORING, OF_THE_PIPELINE))] = False,
    learning_s: LearningS = 0.0,
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
    provisional : bool
        Score the class given first, before any revision.
    learning_s : float
        Leave out the start.
    effort : Effort
        How many at once, and where the result goes.

    Raises
    ------
    EcgmonError
        A record or annotation file cannot be used, or a result cannot be written.
    """
    from ecgmon.monitor.cli.commands.evaluate.report import tell
    from ecgmon.monitor.evaluation.beats.report import beat_table, confusion_table, run_table, unpaced
    from ecgmon.monitor.evaluation.beats.score import LABELS, pool
    from ecgmon.monitor.evaluation.picture import draw_classes

    effort = effort or Effort()
    stems = (selection or Selection()).stems(records)
    scores = score_beats(stems, source or Source(), effort, learning_s, provisional=provisional)
    gross = pool("gross", unpaced(scores))
    tables = {"beats": beat_table(scores), "runs": run_table(gross), "confusion": confusion_table(gross)}
    return tell(tables, effort.out, {"beats": lambda path: draw_classes(gross, LABELS, path)})
