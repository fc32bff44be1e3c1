"""Messages that wait for a broker: first in memory, then on disk, in order and bounded."""

from __future__ import annotations

import sqlite3
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from ecgmon.firmware_bridge.errors import SpoolError

_MEMORY_MESSAGES = 256


class Spool:
    """A queue that survives the absence of a broker and the end of the program.

    While the broker keeps up, messages stay in memory and spare the disk. What does not
    fit goes to an SQLite file in the order of arrival.

    Parameters
    ----------
    path : Path
        The file.
    max_bytes : int
        Bytes of messages it may hold.
    when_full : {"drop_newest", "drop_oldest"}
        What gives way when it is full: the message that comes, so that the record stays
        whole from its beginning, or the one that has waited longest.

    Raises
    ------
    SpoolError
        The file cannot be used.
    """

    def __init__(
        self,
        path: Path,
        max_bytes: int,
        when_full: Literal["drop_newest", "drop_oldest"] = "drop_newest",
    ) -> None:
        self.dropped = 0
        self._max_bytes = max_bytes
        self._when_full = when_full
        self._memory: deque[bytes] = deque()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("CREATE TABLE IF NOT EXISTS spool (id INTEGER PRIMARY KEY, message BLOB)")
            count, size = self._db.execute(
                "SELECT COUNT(*), COALESCE(SUM(LENGTH(message)), 0) FROM spool"
            ).fetchone()
        except (OSError, sqlite3.Error) as error:
            raise SpoolError(
                f"The store {path} cannot be used: {error}.", "Name a folder that may be written to."
            ) from error
        self._on_disk, self._bytes = int(count), int(size)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put what is in memory onto the disk, before what is there already."""
        (first,) = self._db.execute("SELECT COALESCE(MIN(id), 0) FROM spool").fetchone()
        rows = [(first - len(self._memory) + place, message) for place, message in enumerate(self._memory)]
        self._db.executemany("INSERT INTO spool VALUES (?, ?)", rows)
        self._db.commit()
        self._db.close()

    def __len__(self) -> int:
        """Return the number of messages that wait."""
        return len(self._memory) + self._on_disk

    def put(self, message: bytes) -> None:
        """Add a message; when there is no room, one is dropped and counted."""
        if not self._on_disk and len(self._memory) < _MEMORY_MESSAGES:
            self._memory.append(message)
            return
        while self._bytes + len(message) > self._max_bytes:
            self.dropped += 1
            if self._when_full == "drop_newest" or not self._on_disk:
                return
            self._drop_oldest()
        self._db.execute("INSERT INTO spool (message) VALUES (?)", (message,))
        self._db.commit()
        self._on_disk += 1
        self._bytes += len(message)

    def _drop_oldest(self) -> None:
        row, size = self._db.execute("SELECT id, LENGTH(message) FROM spool ORDER BY id LIMIT 1").fetchone()
        self._db.execute("DELETE FROM spool WHERE id = ?", (row,))
        self._on_disk -= 1
        self._bytes -= size

    def peek(self, most: int) -> list[bytes]:
        """Return the oldest messages without removing them, at most so many."""
        if not self._memory and self._on_disk:
            self._refill()
        return [self._memory[place] for place in range(min(most, len(self._memory)))]

    def done(self, count: int) -> None:
        """Remove the oldest messages: they have been delivered."""
        for _ in range(count):
            self._memory.popleft()

    def _refill(self) -> None:
        """Move the oldest messages from the disk into memory."""
        rows = self._db.execute(
            "SELECT id, message FROM spool ORDER BY id LIMIT ?", (_MEMORY_MESSAGES,)
        ).fetchall()
        self._db.execute("DELETE FROM spool WHERE id <= ?", (rows[-1][0],))
        self._db.commit()
        self._memory.extend(message for _, message in rows)
        self._on_disk -= len(rows)
        self._bytes -= sum(len(message) for _, message in rows)
