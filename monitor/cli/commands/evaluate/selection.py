"""Which records are scored, and how, as the options of several scorers say it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from ecgmon.monitor.cli.addresses import as_record
from ecgmon.monitor.cli.options import Channel, Folder, Model, Positive, not_with, one_of, only_with
from ecgmon.monitor.core.ecg_codes import MITDB_SPLITS
from ecgmon.monitor.core.errors import RecordError, UsageError
from ecgmon.monitor.core.platform import available_cores

DEFAULT_DATABASE = "mitdb"
ALL_CORES = available_cores()

RECORDS = Group("Records", sort_key=2)
SCORING = Group("Scoring", sort_key=3)

_WHICH = Group(validator=one_of)
OF_THE_PIPELINE = Group(validator=not_with("--annotations"))
"""What has no effect where files are scored: no pipeline is run."""

_OF_FILES = Group(validator=only_with("--annotations"))

Records = Annotated[str, Parameter(name="RECORD")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which records.

    Parameters
    ----------
    database : str, optional
        All of this database.
    split : str, optional
        A side of the usual MIT-BIH split.
    data_dir : Path, optional
        Folder of records or of databases.
    """

    database: Annotated[
        str | None, Parameter(metavar="NAME", group=(RECORDS, _WHICH), show_default=DEFAULT_DATABASE)
    ] = None
    split: Annotated[
        str | None, Parameter(metavar="SIDE", group=(RECORDS, _WHICH), choices=sorted(MITDB_SPLITS))
    ] = None
    data_dir: Annotated[Folder, Parameter(group=RECORDS)] = None

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


def _stems(folder: Path, named: str = "") -> list[Path]:
    if named and folder.name != named:
        return []
    return sorted(path.with_suffix("") for path in folder.glob("*.atr") if path.with_suffix(".hea").is_file())


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much is done at once, and where it goes.

    Parameters
    ----------
    jobs : int
        Processes (all cores).
    out : Path, optional
        Write text, CSV and a picture there.
    """

    jobs: Annotated[Positive, Parameter(group=SCORING)] = ALL_CORES
    out: Annotated[Folder, Parameter(group=SCORING)] = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Live:
    """How the live pipeline is run.

    Parameters
    ----------
    channel : int
        Number of the lead.
    chunk : int
        Samples in a block.
    model : str, optional
        Beat classifier; see 'ecgmon models'.
    """

    channel: Annotated[Channel, Parameter(group=RECORDS)] = 0
    chunk: Annotated[Positive, Parameter(group=SCORING)] = 360
    model: Annotated[Model, Parameter(group=SCORING)] = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Source:
    """What is scored: the live pipeline, or what anybody wrote.

    Parameters
    ----------
    channel : int
        Number of the lead.
    chunk : int
        Samples in a block.
    model : str, optional
        Beat classifier; see 'ecgmon models'.
    annotations : Path, optional
        Score the annotation files in DIR.
    annotator : str
        Their suffix.
    """

    channel: Annotated[Channel, Parameter(group=(RECORDS, OF_THE_PIPELINE))] = 0
    chunk: Annotated[Positive, Parameter(group=(SCORING, OF_THE_PIPELINE))] = 360
    model: Annotated[Model, Parameter(group=(SCORING, OF_THE_PIPELINE))] = None
    annotations: Annotated[Folder, Parameter(group=(SCORING, OF_THE_PIPELINE, _OF_FILES))] = None
    annotator: Annotated[str, Parameter(metavar="EXT", group=(SCORING, _OF_FILES))] = "ecgmon"
