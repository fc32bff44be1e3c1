"""Keeps on disk what was announced and not yet delivered, so that it survives the end of a run."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import sqlite3
import threading
import time
from pathlib import Path

from ecgmon.monitor.outputs.mailbox import Message, Rank

LOG = logging.getLogger(__name__)

CLOSE_S = 3.0
BUSY_S = 5.0
MOST_UNWRITTEN = 10_000
ABANDONED_S = 7 * 86400.0
"""Age at which messages to recipients that are in no settings any more are forgotten."""

_TABLE = (
    "CREATE TABLE IF NOT EXISTS waiting (place INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, "
    "recipient TEXT NOT NULL, key TEXT NOT NULL, rank INTEGER NOT NULL, made REAL NOT NULL, "
    "body TEXT NOT NULL)"
)
_READ = "SELECT key, body, rank, made, id FROM waiting WHERE recipient = ? ORDER BY place"
_KEEP = "INSERT OR IGNORE INTO waiting (id, recipient, key, rank, made, body) VALUES (?, ?, ?, ?, ?, ?)"
_DROP = "DELETE FROM waiting WHERE id = ?"

Change = tuple[str, tuple[object, ...]]


class Outbox:
    """Alarms that wait for one recipient, in a SQLite file that recipients share.

    A thread of its own writes, so keeping a message never waits for the disk. If the file
    cannot be used, `problem` says so, and messages wait in memory only.

    Parameters
    ----------
    path : Path
        The file; it is made with mode 0600, its folder with 0700.
    recipient : str
        Whose messages.
    """

    def __init__(self, path: Path, recipient: str) -> None:
        self.path = path
        self.recipient = recipient
        self.problem: str | None = None
        self._changes: queue.SimpleQueue[Change | None] = queue.SimpleQueue()
        self._database: sqlite3.Connection | None = None
        self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)

    def open(self) -> list[Message]:
        """Return what an earlier run could not deliver, oldest first, and begin to keep."""
        try:
            found = self._found()
        except sqlite3.DatabaseError as error:
            if not isinstance(error, sqlite3.OperationalError):  # no database, or a damaged one
                self._begin_anew()
            self._tell(error)
            found = []
        except OSError as error:
            self._tell(error)
            found = []
        self._thread.start()
        return found

    def keep(self, message: Message) -> None:
        """Keep a message until it is dropped."""
        body = json.dumps(message.body)
        row = (message.id, self.recipient, message.key, int(message.rank), message.made, body)
        self._changes.put((_KEEP, row))

    def drop(self, message: Message) -> None:
        """Forget a message that was delivered or set aside."""
        self._changes.put((_DROP, (message.id,)))

    def close(self) -> None:
        """Write what is left; waits a little for the disk."""
        self._changes.put(None)
        self._thread.join(CLOSE_S)

    def _found(self) -> list[Message]:
        database = self._connected()
        rows = database.execute(_READ, (self.recipient,)).fetchall()
        return [
            Message(key, json.loads(body), Rank(rank), made, name) for key, body, rank, made, name in rows
        ]

    def _connected(self) -> sqlite3.Connection:
        if self._database is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            database = sqlite3.connect(self.path, timeout=BUSY_S, check_same_thread=False)
            try:
                database.execute("PRAGMA journal_mode = WAL")
                with database:
                    database.execute(_TABLE)
                    database.execute("DELETE FROM waiting WHERE made < ?", (time.time() - ABANDONED_S,))
            except sqlite3.Error:
                database.close()
                raise
            self._database = database
        return self._database

    def _begin_anew(self) -> None:
        LOG.warning("The outbox %s is damaged; it is kept as %s.damaged.", self.path, self.path.name)
        with contextlib.suppress(OSError):
            self.path.replace(f"{self.path}.damaged")

    def _work(self) -> None:
        ended = False
        unwritten: list[Change] = []
        while not ended:
            change = self._changes.get()
            while change is not None:
                unwritten.append(change)
                try:
                    change = self._changes.get_nowait()
                except queue.Empty:
                    break
            ended = change is None
            del unwritten[:-MOST_UNWRITTEN]
            try:
                with self._connected() as database:
                    for statement, values in unwritten:
                        database.execute(statement, values)
            except (sqlite3.Error, OSError) as error:
                self._tell(error)
            else:
                self.problem = None
                unwritten.clear()
        if self._database is not None:
            self._database.close()

    def _tell(self, error: Exception) -> None:
        if self.problem is None:
            LOG.warning("The outbox %s cannot be used (%s).", self.path, error)
        self.problem = "what waits is kept in memory only, as its file cannot be used"
