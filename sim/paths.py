"""Finds the record that a path means: its stem, any of its files, or the folder that it is alone in."""

from __future__ import annotations

import difflib
from itertools import islice
from pathlib import Path

from ecgmon.monitor.core.errors import RecordError

EDF_SUFFIX = ".edf"

_MOST_NAMED = 8
_MOST_HEADERS = 1000
"""Headers that are looked into for the one that a signal file belongs to."""

_LONGEST_SHOWN = 200

_CONVERT = {
    ".bdf": "BDF is not read. Convert it to EDF, for example with EDFbrowser.",
    ".csv": "Text is not read. Write it as a WFDB record, for example with wrsamp or wfdb.wrsamp.",
    ".txt": "Text is not read. Write it as a WFDB record, for example with wrsamp or wfdb.wrsamp.",
    ".mat": "A MATLAB file is read if its WFDB header is beside it. Write one, or use wfdb.wrsamp.",
    ".gz": "Unpack it and name a record in it.",
    ".zip": "Unpack it and name a record in it.",
}
"""What to do with files that are no record, by their suffix."""


def has_header(stem: Path) -> bool:
    """Tell whether a WFDB header lies at a path without suffix."""
    try:
        return bool(stem.name) and stem.with_name(f"{stem.name}.hea").is_file()
    except (OSError, ValueError):  # too long or otherwise no path at all
        return False


def is_there(text: str) -> bool:
    """Tell whether a text is the path of a file or folder, or of a record without its suffix."""
    path = Path(text)
    try:
        return bool(text) and (path.exists() or has_header(path))
    except OSError:
        return False


def at_path(text: str) -> Path:
    """Return the path of the record that a path means, without suffix; of an EDF file, the file itself.

    Raises
    ------
    RecordError
        There is no record; says what is there instead, and what to do.
    """
    try:
        return _record_of(Path(text).expanduser())
    except (OSError, RuntimeError) as error:  # a folder that may not be read, a user that is not known
        shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
        reason = error.strerror if isinstance(error, OSError) else error
        raise RecordError(f"There is no record at {shown}.", f"The path cannot be used: {reason}.") from error


def _record_of(path: Path) -> Path:
    for stem in (path, path.with_suffix("") if path.suffix else path):
        if has_header(stem):
            return stem
    if path.is_dir():
        return _in_folder(path)
    if path.is_file():
        return _by_file(path)
    raise _nothing_there(path)


def single_record(folder: Path) -> Path | None:
    """Return the record of a folder, without suffix, if it holds just one."""
    records = _records(folder)
    return records[0] if len(records) == 1 else None


def _records(folder: Path) -> list[Path]:
    """Return the records of a folder; the segments of a record are none of their own."""
    headers = sorted(islice(folder.glob("*.hea"), _MOST_HEADERS))
    segments = {name for header in headers for name in _segments(header)}
    stems = [header.with_suffix("") for header in headers if header.stem not in segments]
    return stems + sorted(path for path in folder.iterdir() if path.suffix.lower() == EDF_SUFFIX)


def _segments(header: Path) -> list[str]:
    lines = _lines(header)
    if not lines or "/" not in lines[0][0]:
        return []
    return [fields[0] for fields in lines[1:]]


def _lines(header: Path) -> list[list[str]]:
    """Return the fields of each line of a header, none if it cannot be read."""
    try:
        text = header.read_text("latin-1") if header.is_file() else ""
    except OSError:
        return []
    return [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _in_folder(folder: Path) -> Path:
    records = _records(folder)
    if len(records) == 1:
        return records[0]
    if records:
        names = ", ".join(path.name for path in records[:_MOST_NAMED])
        more = f" and {len(records) - _MOST_NAMED} more" if len(records) > _MOST_NAMED else ""
        raise RecordError(
            f"{folder} is a folder of {len(records)} records: {names}{more}.",
            f"Name one, such as {_as_argument(records[0])}.",
        )
    below = sorted({header.parent.name for header in islice(folder.glob("*/*.hea"), _MOST_HEADERS)})
    if below:
        raise RecordError(
            f"{folder} is a folder of databases: {', '.join(below[:_MOST_NAMED])}.",
            f"Name a record, such as --data-dir {folder} {below[0]}/{_first_of(folder / below[0])}.",
        )
    raise RecordError(
        f"There is no record in the folder {folder}.",
        "A record has a header file (.hea) and a signal file, or is an EDF file.",
    )


def _first_of(folder: Path) -> str:
    return min(header.stem for header in folder.glob("*.hea"))


def _by_file(path: Path) -> Path:
    """Return the record that a file belongs to."""
    if path.suffix.lower() == EDF_SUFFIX:
        return path
    for header in islice(sorted(path.parent.glob("*.hea")), _MOST_HEADERS):
        if any(fields[0] == path.name for fields in _lines(header)[1:]):
            return header.with_suffix("")
    hint = _CONVERT.get(path.suffix.lower(), f"Expected a header file {path.stem}.hea beside it.")
    raise RecordError(f"{path} is no record that can be played.", hint)


def _nothing_there(path: Path) -> RecordError:
    message = f"There is no record at {path}."
    if not path.parent.is_dir():
        return RecordError(message, f"The folder {path.parent} does not exist.")
    if path.exists():
        return RecordError(message, "It is neither a file nor a folder.")
    near = difflib.get_close_matches(
        path.name, [record.name for record in _records(path.parent)], n=1, cutoff=0.5
    )
    if near and near[0] != path.name:
        return RecordError(message, f"Did you mean {_as_argument(path.with_name(near[0]))}?")
    return RecordError(message, f"Expected a header file {path.stem}.hea there.")


def _as_argument(path: Path) -> str:
    """Return a path as it is typed: one that could be a record's name begins with a dot."""
    return str(path) if path.is_absolute() else f"./{path}"
