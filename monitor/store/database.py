"""Opens the database: an SQLite file that survives a power cut, or a server's address."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import QueuePool

from ecgmon.monitor.core.extras import missing_extra

BUSY_S = 0.2
"""How long a write waits for another process that holds the file."""

SERVER_S = 2
"""How long a PostgreSQL server may take to be reached, and to answer."""


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
        return _server_engine(address)

    def connect() -> sqlite3.Connection:
        mode = "ro" if read_only else "rwc"
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        return sqlite3.connect(uri, uri=True, timeout=BUSY_S, check_same_thread=False)

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=1)
    if not read_only:
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    return engine


def _server_engine(address: str) -> Engine:
    """Return an engine whose server, if it hangs, holds up nothing for long.

    Raises
    ------
    MissingExtraError
        The driver is not installed.
    """
    url = make_url(address)
    if url.get_backend_name() != "postgresql":
        return create_engine(url, pool_pre_ping=True)
    if "+" not in url.drivername:
        url = url.set(drivername="postgresql+psycopg")
    limits = {
        "connect_timeout": SERVER_S,
        "tcp_user_timeout": SERVER_S * 1000,
        "options": f"-c statement_timeout={SERVER_S * 1000}",
    }
    try:
        return create_engine(url, pool_pre_ping=True, connect_args=limits)
    except ImportError as error:
        raise missing_extra("A store in PostgreSQL", "psycopg", "postgresql") from error


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # else the driver commits each change of the schema by itself
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA auto_vacuum=INCREMENTAL")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
    finally:
        cursor.close()
