"""Fetch a record from PhysioNet into the cache, whole or not at all."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.wfdb.header import NO_FILE, DamagedError, decode_text, parse_header

PHYSIONET = "https://physionet.org/files"
DATABASE_VERSION = "1.0.0"
"""Version of the databases at PhysioNet; all that are in use here have only this one."""

Progress = Callable[[str, int, int | None], None]
"""Called with a file's name, its bytes so far, and their expected number if it is known."""

_TIMEOUT_S = 30.0
_PIECE_BYTES = 64 * 1024
_SAFE_FILE = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


def download_record(
    database: str,
    record: str,
    folder: Path,
    *,
    base_url: str = PHYSIONET,
    progress: Progress | None = None,
) -> Path:
    """Fetch header, signals and reference annotations of a record.

    All files are first written to a folder of their own and moved to their place, the
    header last, only when each is whole; an interrupted download leaves nothing behind.

    Parameters
    ----------
    database, record : str
        PhysioNet's names, such as ``mitdb`` and ``200``.
    folder : Path
        Where the files shall be; made if it does not exist.
    base_url : str
        Address under which the databases lie.
    progress : callable, optional
        Told of every piece; a progress bar on a terminal by default.

    Returns
    -------
    Path
        The record's path without suffix.

    Raises
    ------
    RecordError
        The record is unknown, PhysioNet cannot be reached, or the disk is full.
    """
    root = f"{base_url}/{database}/{DATABASE_VERSION}"
    report = progress if progress is not None else _terminal_bar
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".part-") as name:
            part = Path(name)
            header = _fetch(root, f"{record}.hea", part, report)
            if header is None:
                raise RecordError(
                    f"PhysioNet has no record {database}/{record}.",
                    "Correct the name (such as 200 or svdb/800), or give --data-dir FOLDER.",
                )
            for file in signal_files(decode_text(header.read_bytes()), f"{database}/{record}"):
                if _fetch(root, file, part, report) is None:
                    raise RecordError(f"PhysioNet lacks {file} of record {database}/{record}.")
            _fetch(root, f"{record}.atr", part, report)
            for whole in sorted(part.iterdir(), key=lambda path: path.suffix == ".hea"):
                whole.replace(folder / whole.name)
    except OSError as error:
        raise RecordError(
            f"Record {database}/{record} cannot be kept in {folder}: {error.strerror}."
        ) from error
    return folder / record


def signal_files(header: str, record: str) -> list[str]:
    """Return the names of the signal files that a WFDB header text refers to.

    Raises
    ------
    RecordError
        The header is damaged, names files outside its folder, or is of several segments.
    """
    try:
        read = parse_header(header)
    except DamagedError as error:
        raise RecordError(f"The header of record {record} is damaged: {error}.") from error
    if read.segments:
        raise RecordError(
            f"Record {record} is made of several segments, which are not fetched.",
            "Download it yourself and give --data-dir FOLDER.",
        )
    files = list(dict.fromkeys(signal.file for signal in read.signals if signal.file != NO_FILE))
    if not all(_SAFE_FILE.fullmatch(file) for file in files):
        raise RecordError(f"The header of record {record} names files outside its folder.")
    return files


def _fetch(root: str, file: str, folder: Path, report: Progress) -> Path | None:
    """Return the fetched file, or None if the server does not have it."""
    target = folder / file
    try:
        with urlopen(f"{root}/{file}", timeout=_TIMEOUT_S) as response, target.open("wb") as out:  # noqa: S310
            expected = _copy(response, out.write, file, report)
    except HTTPError as error:
        error.close()
        if error.code == 404:
            return None
        raise RecordError(
            f"PhysioNet answered {error.code} for {root}/{file}.", "Try again later."
        ) from error
    except (URLError, TimeoutError, ConnectionError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise RecordError(
            f"Record file {root.split('/')[-2]}/{file} is not on this machine and PhysioNet cannot be reached"
            f" ({reason}).",
            "Correct the record's name, connect to the network, or give --data-dir FOLDER.",
        ) from error
    if expected is not None and target.stat().st_size != expected:
        raise RecordError(f"The download of {file} broke off.", "Try again.")
    return target


def _copy(
    response: HTTPResponse, write: Callable[[bytes], object], file: str, report: Progress
) -> int | None:
    length = response.headers.get("Content-Length")
    expected = int(length) if length is not None else None
    done = 0
    while piece := response.read(_PIECE_BYTES):
        write(piece)
        done += len(piece)
        report(file, done, expected)
    return expected


def _terminal_bar(file: str, done: int, expected: int | None) -> None:
    """Draw a progress bar on standard error if it is a terminal."""
    if not sys.stderr.isatty():
        return
    width = max(10, min(30, os.get_terminal_size(sys.stderr.fileno()).columns - 40))
    share = done / expected if expected else 0.0
    bar = "█" * round(share * width)
    end = "\n" if done == expected else ""
    sys.stderr.write(f"\r{file:<10} {bar:<{width}} {done / 1e6:6.1f} MB from PhysioNet{end}")
    sys.stderr.flush()
