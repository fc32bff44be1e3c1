"""Read anybody's WFDB annotation files, to score them beside ours."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ecgmon.monitor.core.errors import MissingExtraError, RecordError
from ecgmon.sim.record import Reference


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
    MissingExtraError
        The ``sim`` extra is not installed.
    """
    try:
        import wfdb  # noqa: PLC0415 - its absence is an answer, not an accident
    except ImportError as error:
        raise MissingExtraError(
            "Reading annotation files needs the wfdb package.", "Install it: pip install 'ecgmon[sim]'"
        ) from error
    path = folder / f"{record}.{annotator}"
    if not path.is_file():
        raise RecordError(f"There is no annotation file {path}.", "Correct --annotations or --annotator.")
    try:
        annotation = wfdb.rdann(str(folder / record), annotator)
    except Exception as error:
        raise RecordError(f"The annotation file {path} is damaged.") from error
    notes = [(note or "").strip("\x00 ") for note in annotation.aux_note]
    return Reference(
        np.asarray(annotation.sample, dtype=np.int64),
        np.array(annotation.symbol, dtype=np.str_),
        np.array(notes, dtype=np.str_),
    )
