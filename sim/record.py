"""Reads a record that a person names: by name, by path, or by one of its files."""

from __future__ import annotations

from pathlib import Path

from ecgmon.monitor.wfdb.annotations import Reference
from ecgmon.monitor.wfdb.reader import read_wfdb
from ecgmon.monitor.wfdb.record import Record
from ecgmon.sim.library import EDF_SUFFIX, find_record

__all__ = ["Record", "Reference", "read_record"]


def read_record(record: str | Path, data_dir: str | Path | None = None, *, download: bool = True) -> Record:
    """Read a record: its leads in millivolts, and its reference annotations.

    Parameters
    ----------
    record : str or Path
        A name, such as ``200`` or ``svdb/800``, or a path: of a record's files with or without
        suffix (``./folder/200``, ``A1.mat``), of an EDF file, or of a folder with one record.
    data_dir : str or Path, optional
        Folder in which a name is looked up, as in `ecgmon.sim.library.find_record`.
    download : bool
        Fetch a record that is nowhere else from PhysioNet.

    Returns
    -------
    Record
        ``record.samples_mv()`` has shape (n_leads, n_samples); ``fs_hz``, ``leads`` and
        ``reference`` go with it. Signals that are not in volts are left out.

    Raises
    ------
    RecordError
        The record is unknown, damaged, truncated or does not match its checksums.
    MissingExtraError
        Its format needs the ``sim`` or ``edf`` extra.
    """
    if isinstance(record, Path) and record.with_name(f"{record.name}.hea").is_file():
        return read_wfdb(record)
    text = str(record)
    if isinstance(record, Path) and not record.is_absolute():
        text = f"./{record}"
    path = find_record(text, None if data_dir is None else Path(data_dir), download=download)
    if path.suffix.lower() == EDF_SUFFIX:
        from ecgmon.sim.edf import read_edf  # noqa: PLC0415 - WFDB records do without it

        return read_edf(path)
    return read_wfdb(path)
