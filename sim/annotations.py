"""Read anybody's WFDB annotation files, to score them beside ours."""

from __future__ import annotations

from pathlib import Path

from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.wfdb.annotations import Reference, read_annotation_file
from ecgmon.monitor.wfdb.header import DamagedError


def read_annotations(folder: Path, record: str, annotator: str) -> Reference:
    """Read one annotation file.

    Parameters
    ----------
    folder : Path
        Where the file is.
    record : str
        Name of the record, such as ``200``.
    annotator : str
        Suffix of the file, such as ``atr`` or ``qrs``.

    Raises
    ------
    RecordError
        The file is missing or damaged.
    """
    path = folder / f"{record}.{annotator}"
    if not path.is_file():
        raise RecordError(f"There is no annotation file {path}.", "Correct --annotations or --annotator.")
    try:
        return read_annotation_file(path)
    except DamagedError as error:
        raise RecordError(f"The annotation file {path} is damaged: {error}.") from error
