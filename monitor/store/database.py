"""Opens the database: an SQLite file that survives a power cut, or a server's address."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import QueuePool

BUSY_S = 0.2
"""How long a write waits for another process that holds the file."""


def sqlite_path(address: str) -> Path | None:
    """Return the path of an SQLite address, None for a server's."""
    if address.startswith("sqlite:///"):
        return Path(address.removeprefix("sqlite:///"))
    return None if "://" in address else Path(address).expanduser()


def open_engine(address: str, *, read_only: bool = False) -> Engine:
    """Return an engine; no connection is made yet.

    SQLite is used with a write-ahead log, so that readers never wait, and with full
    synchronisation, so that what is committed survives a power cut.

    Parameters
    ----------
    address : str
        Path of an SQLite file or a database address, resolved.
    read_only : bool
        Open an SQLite file for queries only.
    """
    path = sqlite_path(address)
    if path is None:
        return create_engine(address, pool_pre_ping=True)

    def connect() -> sqlite3.Connection:
        mode = "ro" if read_only else "rwc"
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        return sqlite3.connect(uri, uri=True, timeout=BUSY_S, check_same_thread=False)

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=1)
    if not read_only:
        event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA auto_vacuum=INCREMENTAL")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
    finally:
        cursor.close()
