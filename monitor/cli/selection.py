"""Which records are scored and how: the options that scorers share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import Group, Parameter
from cyclopts.validators import Number as AtLeast

from ecgmon.monitor.cli.addresses import as_record
from ecgmon.monitor.cli.options import Channel, Folder, Model, Positive, not_with, one_of, only_with
from ecgmon.monitor.core.ecg_codes import MITDB_SPLITS
from ecgmon.monitor.core.errors import RecordError, UsageError
from ecgmon.monitor.core.platform import available_cores
from ecgmon.monitor.evaluation.jobs import run

if TYPE_CHECKING:
    from ecgmon.monitor.evaluation.beats.jobs import Job

R = TypeVar("R")

DEFAULT_DATABASE = "mitdb"
ALL_CORES = available_cores()

RECORDS = Group("Records", sort_key=2)
SCORING = Group("Scoring", sort_key=3)

_WHICH = Group(validator=one_of)
OF_THE_PIPELINE = Group(validator=not_with("--annotations"))
"""What has no effect where files are scored: no pipeline is run."""

_OF_FILES = Group(validator=only_with("--annotations"))

LearningS = Annotated[float, Parameter(metavar="S", group=SCORING, validator=AtLeast(gte=0))]
Records = Annotated[
    str, Parameter(name="RECORD", help="Such as 200 or svdb/800; all of the database if left out.")
]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Selection:
    """What every scorer takes: which records, what classifies, and where the result goes.

    Parameters
    ----------
    database : str, optional
        All of this database.
    split : str, optional
        A side of the usual MIT-BIH split.
    data_dir : Path, optional
        Folder of records or of databases.
    channel : int
        Number of the lead.
    model : str, optional
        Beat classifier; 'ecgmon models' marks the default.
    jobs : int
        Processes (all cores).
    out : Path, optional
        Write text, CSV and a picture there.
    """

    database: Annotated[
        str | None, Parameter(metavar="NAME", group=(RECORDS, _WHICH), show_default=DEFAULT_DATABASE)
    ] = None
    split: Annotated[
        str | None, Parameter(metavar="SIDE", group=(RECORDS, _WHICH), choices=sorted(MITDB_SPLITS))
    ] = None
    data_dir: Annotated[Folder, Parameter(group=RECORDS)] = None
    channel: Annotated[Channel, Parameter(group=(RECORDS, OF_THE_PIPELINE))] = 0
    model: Annotated[Model, Parameter(group=(SCORING, OF_THE_PIPELINE))] = None
    jobs: Annotated[Positive, Parameter(group=SCORING)] = ALL_CORES
    out: Annotated[Folder, Parameter(group=SCORING)] = None

    def stems(self, named: Sequence[str]) -> list[Path]:
        """Return the records' files, without suffix: those named, of the split, or of the database.

        Raises
        ------
        RecordError
            There is none.
        UsageError
            A database is named beside records.
        """
        from ecgmon.sim.library import BUNDLED, DATA_ENVIRONMENT, cache_dir, find_record

        names = [*map(as_record, named), *(MITDB_SPLITS[self.split] if self.split else ())]
        if named and self.database:
            raise UsageError(
                f"--database {self.database} is not used where records are named.",
                f"Write {self.database}/{named[0]} for a record of it.",
            )
        if names:
            return [find_record(name, self.data_dir) for name in names]
        database = self.database or DEFAULT_DATABASE
        folders = [self.data_dir or os.environ.get(DATA_ENVIRONMENT), BUNDLED, cache_dir()]
        for folder in (Path(folder).expanduser() for folder in folders if folder):
            stems = _stems(folder / database) or _stems(folder, database)
            if stems:
                return stems
            if folder == self.data_dir:
                break
        raise RecordError(
            f"No record of {database} with reference annotations is here.",
            f"Name records, give --data-dir FOLDER or set {DATA_ENVIRONMENT}.",
        )


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class LiveSelection(Selection):
    """What a scorer of the live pipeline takes besides.

    Parameters
    ----------
    chunk : int
        Samples in a block.
    """

    chunk: Annotated[Positive, Parameter(group=(SCORING, OF_THE_PIPELINE))] = 360


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class AnySelection(LiveSelection):
    """What a scorer takes besides that also scores what anybody wrote.

    Parameters
    ----------
    annotations : Path, optional
        Score the annotation files in DIR.
    annotator : str
        Their suffix.
    """

    annotations: Annotated[Folder, Parameter(group=(SCORING, OF_THE_PIPELINE, _OF_FILES))] = None
    annotator: Annotated[str, Parameter(metavar="EXT", group=(SCORING, _OF_FILES))] = "ecgmon"

    def scores(
        self,
        work: Callable[[Job], R],
        named: Sequence[str],
        *,
        learning_s: float = 0.0,
        provisional: bool = False,
    ) -> list[R]:
        """Return the scores of the records, in their order.

        Parameters
        ----------
        work : callable
            Scores one record.
        named : sequence of str
            Records that were named.
        learning_s : float
            Seconds at the start that are not scored.
        provisional : bool
            Score each beat's first class.

        Raises
        ------
        EcgmonError
            A record or annotation file cannot be used.
        """
        from ecgmon.monitor.evaluation.beats.jobs import Job
        from ecgmon.monitor.evaluation.beats.score import ScoringSettings
        from ecgmon.monitor.inference.classification import ClassifierSettings
        from ecgmon.monitor.pipeline.pipeline import PipelineSettings

        jobs = [
            Job(
                record=stem,
                channel=self.channel,
                block_samples=self.chunk,
                annotations=self.annotations,
                annotator=self.annotator,
                pipeline=PipelineSettings(classifier=ClassifierSettings(model=self.model)),
                scoring=ScoringSettings(learning_s=learning_s),
                provisional=provisional,
            )
            for stem in self.stems(named)
        ]
        return run(work, jobs, self.jobs, f"Scoring {len(jobs)} records")


def _stems(folder: Path, named: str = "") -> list[Path]:
    if named and folder.name != named:
        return []
    return sorted(path.with_suffix("") for path in folder.glob("*.atr") if path.with_suffix(".hea").is_file())
