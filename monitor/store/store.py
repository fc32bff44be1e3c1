"""The event store itself: rows in, queries out, nothing lost while the database is away."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select
from sqlalchemy.exc import DatabaseError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.secrets import resolve
from ecgmon.monitor.store.database import open_engine, sqlite_path
from ecgmon.monitor.store.rows import Row
from ecgmon.monitor.store.schema import EVENTS, PATIENTS, migrate

LOG = logging.getLogger(__name__)

BACKLOG_ROWS = 20_000
"""Rows kept in memory while the database cannot be written."""

RETRY_S = 1.0
"""Seconds between two attempts while it cannot be written; an alarm is tried at once if that is quick."""

RETRIES_SHARE = 10.0
"""Between two attempts lies this many times what the last one took."""

SLOW_S = 0.5
"""An attempt that took longer is not repeated at once, so that a dead server holds up nothing else."""


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for; what is None does not matter.

    Parameters
    ----------
    since, until : float or None
        Wall-clock limits in seconds since 1970.
    types : tuple of str
        Types of event, all if empty.
    kinds : tuple of str
        Kinds of alarm, rhythms or source states, all if empty.
    device : str or None
        Name of the device.
    limit : int or None
        At most so many, the newest ones.
    """

    since: float | None = None
    until: float | None = None
    types: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    device: str | None = None
    limit: int | None = None


class EventStore:
    """Rows of events in a database.

    A write that fails leaves its rows in a backlog, which the next write tries again; so
    a full disk or a locked file costs nothing as long as the program runs. `problem`
    says what is wrong. A file that is no database is put aside and a new one begun.

    Parameters
    ----------
    address : str
        As in `StoreSettings.address`.
    clock : callable
        Returns seconds that only grow, for the time between attempts.
    """

    def __init__(self, address: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._address = resolve(address)
        self._clock = clock
        self._engine: Engine | None = None
        self._backlog: list[Row] = []
        self._next_try = 0.0
        self._slow = False
        self.problem: str | None = None
        self.dropped = 0

    @property
    def backlog(self) -> int:
        """Rows that wait to be written."""
        return len(self._backlog)

    def open(self) -> None:
        """Open the database and bring its schema up to date.

        Raises
        ------
        OutputError
            It cannot be opened; rows are kept and tried again all the same.
        """
        path = sqlite_path(self._address)
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._connect()
        except (SQLAlchemyError, OSError) as error:
            if path is not None and _is_damaged(error) and path.exists():
                self._put_aside(path)
                return
            raise OutputError(f"The event store cannot be opened: {_reason(error)}.") from error

    def close(self) -> None:
        """Write what waits, if possible, and let go of the database."""
        self.flush()
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def add(self, rows: Sequence[Row]) -> bool:
        """Store rows; True if they and all before them are on the disk.

        Parameters
        ----------
        rows : sequence of dict
            Rows of the ``events`` table.
        """
        self._backlog.extend(rows)
        self._trim()
        urgent = any(row["type"] == "alarm" for row in rows)
        if not self._backlog and self.problem is None:
            return True
        at_once = urgent and not self._slow
        if self.problem is not None and not at_once and self._clock() < self._next_try:
            return False
        return self.flush()

    def flush(self) -> bool:
        """Try to write the backlog now; True if nothing waits any more."""
        if not self._backlog and self.problem is None:
            return True
        begin = self._clock()
        try:
            if self._engine is None:
                self.open()
            assert self._engine is not None
            if self._backlog:
                with self._engine.begin() as connection:
                    connection.execute(insert(EVENTS), self._backlog)
        except (SQLAlchemyError, OSError, OutputError) as error:
            self._failed(error, self._clock() - begin)
            return False
        self._backlog.clear()
        if self.problem is not None:
            LOG.warning("The event store works again.")
        self.problem = None
        return True

    def query(self, query: Query) -> Iterator[dict[str, Any]]:
        """Yield events, oldest first, as plain dictionaries.

        Each is the event's own JSON object with ``id`` and ``at`` added.

        Raises
        ------
        OutputError
            The database cannot be read.
        """
        table = EVENTS.c
        statement = select(table.id, table.at, table.body)
        if query.since is not None:
            statement = statement.where(table.at >= query.since)
        if query.until is not None:
            statement = statement.where(table.at < query.until)
        if query.types:
            statement = statement.where(table.type.in_(query.types))
        if query.kinds:
            statement = statement.where(table.kind.in_(query.kinds))
        if query.device is not None:
            statement = statement.where(table.device == query.device)
        if query.limit is not None:
            newest = statement.order_by(table.id.desc()).limit(query.limit).subquery()
            statement = select(newest.c.id, newest.c.at, newest.c.body).order_by(newest.c.id)
        else:
            statement = statement.order_by(table.id)
        try:
            with self._reading() as connection:
                for number, at, body in connection.execute(statement):
                    yield {"id": number, "at": at, **json.loads(body)}
        except (SQLAlchemyError, OSError) as error:
            raise OutputError(f"The event store cannot be read: {_reason(error)}.") from error

    def count(self) -> int:
        """Return the number of events stored."""
        with self._reading() as connection:
            return int(connection.execute(select(func.count()).select_from(EVENTS)).scalar_one())

    def name_patient(self, device: str, name: str | None) -> None:
        """Set or, with None, forget the name of who wears a device."""
        with self._writer().begin() as connection:
            connection.execute(delete(PATIENTS).where(PATIENTS.c.device == device))
            if name is not None:
                connection.execute(insert(PATIENTS).values(device=device, name=name))

    def patients(self) -> dict[str, str]:
        """Return the names by device."""
        with self._reading() as connection:
            return {row.device: row.name for row in connection.execute(select(PATIENTS))}

    @property
    def path(self) -> Path | None:
        """The SQLite file; None for a server."""
        return sqlite_path(self._address)

    def engine(self) -> Engine:
        """Return the engine, opened if need be; for retention."""
        return self._writer()

    def _connect(self) -> None:
        engine = open_engine(self._address)
        try:
            with engine.begin() as connection:
                migrate(connection)
        except BaseException:
            engine.dispose()
            raise
        self._engine = engine

    def _writer(self) -> Engine:
        if self._engine is None:
            self.open()
        assert self._engine is not None
        return self._engine

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        """Give a connection to read from; a store that is not open is opened for that alone."""
        if self._engine is not None:
            with self._engine.connect() as connection:
                yield connection
            return
        path = self.path
        if path is not None and not path.exists():
            raise OutputError(f"{path}: there is no event store.", "Name the file with --store.")
        engine = open_engine(self._address, read_only=True)
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()

    def _put_aside(self, path: Path) -> None:
        aside = path.with_name(f"{path.name}.damaged-{time.time():.0f}")
        path.rename(aside)
        for tail in ("-wal", "-shm"):
            path.with_name(path.name + tail).unlink(missing_ok=True)
        LOG.error("%s is damaged; it is kept as %s and a new event store is begun.", path, aside.name)
        self._connect()

    def _failed(self, error: Exception, took_s: float) -> None:
        reason = str(error) if isinstance(error, OutputError) else _reason(error)
        if self.problem is None:
            LOG.error("The event store cannot be written: %s. Events wait in memory.", reason)
        self.problem = reason
        self._slow = took_s > SLOW_S
        self._next_try = self._clock() + max(RETRY_S, RETRIES_SHARE * took_s)
        if self._engine is not None:
            self._engine.dispose()

    def _trim(self) -> None:
        """Keep the backlog bounded; what is not an alarm goes first."""
        excess = len(self._backlog) - BACKLOG_ROWS
        if excess <= 0:
            return
        others = [i for i, row in enumerate(self._backlog) if row["type"] != "alarm"][:excess]
        doomed = set(others or range(excess))
        self._backlog = [row for i, row in enumerate(self._backlog) if i not in doomed]
        self.dropped += len(doomed)


def _reason(error: Exception) -> str:
    """Return the database's own words, without the statement and its values."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return str(error.orig)
    if isinstance(error, NoSuchModuleError):
        return "this kind of database is not known"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return type(error).__name__


def _is_damaged(error: Exception) -> bool:
    words = _reason(error)
    return isinstance(error, DatabaseError) and ("not a database" in words or "malformed" in words)
