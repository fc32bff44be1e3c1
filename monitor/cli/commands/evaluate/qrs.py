"""The command ``evaluate qrs``: where beats are, by EC57, of the live pipeline or of anybody's files."""

from __future__ import annotations

from ecgmon.monitor.cli.commands.evaluate.scoring import LearningS, score_beats
from ecgmon.monitor.cli.commands.evaluate.selection import Effort, Records, Selection, Source
from ecgmon.monitor.cli.options import command

_EXAMPLES = """\
examples:
  ecgmon evaluate qrs 100 200
  ecgmon evaluate qrs --data-dir ~/physionet
  ecgmon evaluate qrs 200 --annotations OUT     what a replay wrote there
  ecgmon evaluate qrs 200 --annotations . --annotator qrs   what others wrote
"""

app = command("qrs", _EXAMPLES)


@app.default
def qrs(
    *records: Records,
    selection: Selection | None = None,
    source: Source | None = None,
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
    from ecgmon.monitor.evaluation.beats.report import qrs_table
    from ecgmon.monitor.evaluation.picture import draw_detection

    effort = effort or Effort()
    stems = (selection or Selection()).stems(records)
    scores = score_beats(stems, source or Source(), effort, learning_s)
    pictures = {"qrs": lambda path: draw_detection(scores, path)}
    return tell({"qrs": qrs_table(scores)}, effort.out, pictures)
