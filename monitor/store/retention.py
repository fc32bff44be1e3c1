"""Deletes what is too old or too much, alarms last, and never by a clock that has just jumped."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from typing import cast

from sqlalchemy import Connection, delete, func, select

from ecgmon.monitor.store.schema import EVENTS
from ecgmon.monitor.store.settings import StoreSettings
from ecgmon.monitor.store.store import EventStore

LOG = logging.getLogger(__name__)

PERIOD_S = 3600.0
"""Seconds between two rounds."""

JUMP_S = 60.0
"""A wall clock that is off by more than this since the last round has been set."""

DAY_S = 86_400.0
BATCH_ROWS = 500
MEGABYTE = 1_000_000


class Retention:
    """Keeps an event store within its limits.

    A box without a clock of its own starts in the past and is set by the network. Age is
    therefore judged only when the wall clock has agreed with the steady clock for a whole
    period; a clock that was set by mistake deletes nothing.

    Parameters
    ----------
    store : EventStore
        The store.
    settings : StoreSettings
        The limits.
    wall, steady : callable
        The clocks, in seconds.
    """

    def __init__(
        self,
        store: EventStore,
        settings: StoreSettings,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._settings = settings
        self._wall, self._steady = wall, steady
        self._last = (wall(), steady())

    def tick(self) -> int:
        """Do a round if one is due; return the number of events deleted."""
        wall, steady = self._wall(), self._steady()
        wall_then, steady_then = self._last
        if steady - steady_then < PERIOD_S:
            return 0
        self._last = (wall, steady)
        jumped = abs((wall - wall_then) - (steady - steady_then)) > JUMP_S
        if jumped:
            LOG.warning("The clock was set; nothing is deleted by age in this round.")
        return self.apply(by_age=not jumped)

    def apply(self, *, by_age: bool = True) -> int:
        """Delete now what is beyond the limits; return the number of events deleted."""
        deleted = 0
        with self._store.engine().begin() as connection:
            if by_age and self._settings.keep_days is not None:
                oldest = self._wall() - self._settings.keep_days * DAY_S
                deleted += connection.execute(delete(EVENTS).where(EVENTS.c.at < oldest)).rowcount
            if self._settings.keep_mb is not None and connection.dialect.name == "sqlite":
                deleted += self._by_size(connection, self._settings.keep_mb * MEGABYTE)
        if deleted and self._store.path is not None:
            self._give_space_back()
            LOG.info("%d old events were deleted.", deleted)
        return deleted

    def _give_space_back(self) -> None:
        # SQLite frees one page a step; only a script is stepped to its end by the driver.
        connection = self._store.engine().raw_connection()
        try:
            cursor = cast("sqlite3.Cursor", connection.cursor())
            for pragma in ("incremental_vacuum", "wal_checkpoint(TRUNCATE)"):
                cursor.executescript(f"PRAGMA {pragma};")
            cursor.close()
        finally:
            connection.close()

    def _by_size(self, connection: Connection, limit_bytes: float) -> int:
        deleted = 0
        for alarms in (False, True):
            while _used_bytes(connection) > limit_bytes:
                which = EVENTS.c.type == "alarm" if alarms else EVENTS.c.type != "alarm"
                oldest = select(EVENTS.c.id).where(which).order_by(EVENTS.c.id).limit(BATCH_ROWS)
                last = connection.execute(select(func.max(oldest.subquery().c.id))).scalar()
                if last is None:
                    break
                deleted += connection.execute(delete(EVENTS).where(which, EVENTS.c.id <= last)).rowcount
        return deleted


def _used_bytes(connection: Connection) -> int:
    pages, free, size = (
        int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size
