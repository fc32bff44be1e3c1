"""Scores the beats of records, for ``evaluate qrs`` and ``evaluate beats``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from ecgmon.monitor.cli.commands.evaluate.selection import SCORING, Effort, Source

if TYPE_CHECKING:
    from ecgmon.monitor.evaluation.beats.score import RecordScore

LearningS = Annotated[float, Parameter(metavar="S", group=SCORING, validator=Number(gte=0))]


def score_beats(
    stems: Sequence[Path], source: Source, effort: Effort, learning_s: float, *, provisional: bool = False
) -> list[RecordScore]:
    """Return the scores of records, in their order.

    Parameters
    ----------
    stems : sequence of Path
        The records' files, without suffix.
    source : Source
        What is scored.
    effort : Effort
        How many at once.
    learning_s : float
        Seconds at the start that are not scored.
    provisional : bool
        Score each beat's first class.

    Raises
    ------
    EcgmonError
        A record or annotation file cannot be used.
    """
    from ecgmon.monitor.evaluation.beats.jobs import Job, run_job
    from ecgmon.monitor.evaluation.beats.score import ScoringSettings
    from ecgmon.monitor.evaluation.jobs import run
    from ecgmon.monitor.inference.classification import ClassifierSettings
    from ecgmon.monitor.pipeline.pipeline import PipelineSettings

    jobs = [
        Job(
            record=stem,
            channel=source.channel,
            block_samples=source.chunk,
            annotations=source.annotations,
            annotator=source.annotator,
            pipeline=PipelineSettings(classifier=ClassifierSettings(model=source.model)),
            scoring=ScoringSettings(learning_s=learning_s),
            provisional=provisional,
        )
        for stem in stems
    ]
    return run(run_job, jobs, effort.jobs, f"Scoring {len(jobs)} records")
