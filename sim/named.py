"""Reads a record by the name or path that a person gives it."""

from __future__ import annotations

from pathlib import Path

from ecgmon.sim.library import find_record
from ecgmon.sim.record import Record
from ecgmon.sim.record import read_record as read_files


def read_record(record: str | Path, data_dir: str | Path | None = None) -> Record:
    """Read a record and its reference annotations.

    Parameters
    ----------
    record : str or Path
        ``"200"``, ``"svdb/800"``, or the path of a record's files: a `Path`, or text that
        begins with ``./``, ``../``, ``/`` or ``~``.
    data_dir : str or Path, optional
        Folder that holds the record's files, or one folder a database. Without it the folder
        that the environment variable ``ECGMON_DATA`` names is searched, then the bundled
        records, then what was downloaded before; what is nowhere is fetched from PhysioNet.

    Returns
    -------
    Record
        Signals in millivolts by `Record.samples_mv`, and annotations.

    Raises
    ------
    RecordError
        The record is unknown or damaged, or cannot be fetched.
    MissingExtraError
        Its format needs a package that is not installed.
    """
    text = str(record.absolute()) if isinstance(record, Path) else record
    return read_files(find_record(text, None if data_dir is None else Path(data_dir)))
