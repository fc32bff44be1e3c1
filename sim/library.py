"""Find a record by name: in a data folder, among the bundled files, in the cache, or at PhysioNet."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from ecgmon.monitor.core.errors import RecordError
from ecgmon.sim.download import download_record

BUNDLED = Path(__file__).parent / "records"
"""Folder of the records that come with the program, one folder a database."""

DEFAULT_DATABASE = "mitdb"
DATA_ENVIRONMENT = "ECGMON_DATA"

_NAME = re.compile(r"(?:(?P<database>[A-Za-z0-9_-]+)/)?(?P<record>[A-Za-z0-9_-]+)")


@dataclass(frozen=True, slots=True)
class RecordName:
    """A record's name and its database.

    Parameters
    ----------
    record : str
        Name within the database, such as ``200``.
    database : str
        PhysioNet's short name of the database, such as ``svdb``.
    """

    record: str
    database: str = DEFAULT_DATABASE

    @classmethod
    def parse(cls, text: str) -> RecordName:
        """Read ``200`` (of the MIT-BIH Arrhythmia Database) or ``svdb/800``.

        Raises
        ------
        RecordError
            The text is not a record name.
        """
        match = _NAME.fullmatch(text)
        if match is None:
            raise RecordError(
                f"{text!r} is not a record name.",
                "Write 200, svdb/800, or a path such as ./folder/200.",
            )
        return cls(match["record"], match["database"] or DEFAULT_DATABASE)

    def __str__(self) -> str:
        return f"{self.database}/{self.record}"


def cache_dir() -> Path:
    """Return the folder that downloaded records are kept in."""
    return platformdirs.user_cache_path("ecgmon") / "physionet"


def bundled_records() -> list[str]:
    """Return the names of the bundled records, such as ``mitdb/200``."""
    return sorted(f"{header.parent.name}/{header.stem}" for header in BUNDLED.glob("*/*.hea"))


def find_record(
    text: str,
    data_dir: Path | None = None,
    *,
    cache: Path | None = None,
    download: bool = True,
) -> Path:
    """Return the path of a record's files, without suffix.

    Parameters
    ----------
    text : str
        ``200``, ``svdb/800``, or the path of a record's files (``./folder/200``).
    data_dir : Path, optional
        Folder that holds the record's files, or one folder a database. Where it is given
        nothing else is searched. Without it the folder that the environment variable
        ``ECGMON_DATA`` names is searched first, then the bundled files, then the cache.
    cache : Path, optional
        Where downloads are kept; the user's cache folder by default.
    download : bool
        Fetch the record from PhysioNet if it is nowhere else.

    Raises
    ------
    RecordError
        The record is not known, or cannot be fetched.
    """
    if text.startswith(("/", "./", "../", "~")):
        return _at_path(text)
    name = RecordName.parse(text)
    if data_dir is not None:
        return _in_data_dir(name, data_dir.expanduser())
    cache = cache if cache is not None else cache_dir()
    environment = os.environ.get(DATA_ENVIRONMENT)
    folders = [Path(environment).expanduser()] if environment else []
    for folder in (*folders, BUNDLED, cache):
        for stem in _candidates(name, folder):
            if _is_record(stem):
                return stem
    if not download:
        raise RecordError(f"Record {name} is not here.", _way_out())
    return download_record(name.database, name.record, cache / name.database)


def _at_path(text: str) -> Path:
    stem = Path(text).expanduser()
    stem = stem.with_suffix("") if stem.suffix in {".hea", ".dat", ".atr"} else stem
    if not _is_record(stem):
        raise RecordError(f"There is no record at {stem}.", f"Expected a header file {stem.name}.hea there.")
    return stem


def _in_data_dir(name: RecordName, data_dir: Path) -> Path:
    for stem in _candidates(name, data_dir):
        if _is_record(stem):
            return stem
    if not data_dir.is_dir():
        raise RecordError(
            f"The data folder {data_dir} does not exist.", "Correct --data-dir or leave it out."
        )
    elsewhere = sorted(data_dir.glob(f"*/{name.record}.hea"))
    if elsewhere:
        hint = f"Did you mean {elsewhere[0].parent.name}/{name.record}?"
    else:
        hint = "Correct the name or the folder, or leave --data-dir out to search elsewhere."
    raise RecordError(f"Record {name} is not in {data_dir}.", hint)


def _candidates(name: RecordName, folder: Path) -> Iterator[Path]:
    yield folder / name.database / name.record
    if name.database == DEFAULT_DATABASE or folder.name == name.database:
        yield folder / name.record


def _is_record(stem: Path) -> bool:
    return stem.with_name(stem.name + ".hea").is_file()


def _way_out() -> str:
    return (
        f"Bundled: {', '.join(bundled_records())}. Others: give --data-dir FOLDER or set {DATA_ENVIRONMENT}."
    )
