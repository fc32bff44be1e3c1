"""Finds a record: by path, in a data folder, among the bundled files, in the cache, or at PhysioNet."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ecgmon.monitor.core.errors import RecordError
from ecgmon.sim.paths import EDF_SUFFIX, at_path, has_header, is_there, single_record

__all__ = [
    "BUNDLED",
    "DATA_ENVIRONMENT",
    "EDF_SUFFIX",
    "RecordName",
    "bundled_records",
    "cache_dir",
    "device_name",
    "find_record",
]

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
                "Write 200, svdb/800, or the path of a file or folder that exists, such as ./folder/200.",
            )
        return cls(match["record"], match["database"] or DEFAULT_DATABASE)

    def __str__(self) -> str:
        return f"{self.database}/{self.record}"


def cache_dir() -> Path:
    """Return the folder that downloaded records are kept in."""
    import platformdirs  # noqa: PLC0415 - a record that is at hand does without it

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
    """Return the path of a record's files, without suffix; of an EDF file, the file itself.

    A name is looked for in the data folder, in the folder that the environment variable
    ``ECGMON_DATA`` names, among the bundled files and in the cache. Only then it may be a path.

    Parameters
    ----------
    text : str
        ``200``, ``svdb/800``, or a path: of a record's files with or without suffix
        (``./folder/200``, ``A1.mat``), of an EDF file, or of a folder with one record.
    data_dir : Path, optional
        Folder that holds the record's files, or one folder a database. Where it is given,
        a name is looked for nowhere else.
    cache : Path, optional
        Where downloads are kept; the user's cache folder by default.
    download : bool
        Fetch the record from PhysioNet if it is nowhere else.

    Raises
    ------
    RecordError
        The record is not known, or cannot be fetched.
    """
    if _is_path(text):
        return at_path(text)
    name = RecordName.parse(text)
    if data_dir is not None:
        return _in_data_dir(name, data_dir.expanduser())
    environment = os.environ.get(DATA_ENVIRONMENT)
    folders = [Path(environment).expanduser()] if environment else []
    # the cache is asked last, since to know where it is takes an import
    for folder in (*folders, BUNDLED, cache):
        for stem in _candidates(name, folder if folder is not None else cache_dir()):
            if has_header(stem):
                return stem
    if is_there(text):
        return at_path(text)
    if not download:
        raise RecordError(f"Record {name} is not here.", _way_out())
    from ecgmon.sim.download import download_record  # noqa: PLC0415 - a record that is at hand does without it

    return download_record(name.database, name.record, (cache or cache_dir()) / name.database)


def device_name(text: str) -> str:
    """Return what a replay of a record is called: the record's name, without folder and suffix."""
    path = Path(text)
    try:
        path = path.expanduser()
        if path.is_dir() and (only := single_record(path)) is not None:
            path = only
    except (OSError, RuntimeError):  # whoever opens it will say what is wrong
        pass
    if path.suffix and not has_header(path):
        path = path.with_suffix("")
    return path.name or path.resolve().name or "ecg"


def _is_path(text: str) -> bool:
    """Tell whether a text can only be a path: it looks like one, or is none of a record's names."""
    if text.startswith(("/", "./", "../", "~")) or text in {".", ".."}:
        return True
    return _NAME.fullmatch(text) is None and is_there(text)


def _in_data_dir(name: RecordName, data_dir: Path) -> Path:
    for stem in _candidates(name, data_dir):
        if has_header(stem):
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


def _way_out() -> str:
    return (
        f"Bundled: {', '.join(bundled_records())}. Others: give --data-dir FOLDER or set {DATA_ENVIRONMENT}."
    )
