"""Stores events; stands first among the outputs, so nothing is announced before it is stored."""

# ruff: noqa: PLC0415 - who stores nothing loads no SQLAlchemy
from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.events import Event
from ecgmon.monitor.outputs.kind import OutputKind
from ecgmon.monitor.store.settings import StoreSettings

LOG = logging.getLogger(__name__)


class StoreOutput:
    """An output that keeps events in a database.

    A database that cannot be written stops nothing: events wait in memory, `problem`
    tells of it, and the alarms are announced all the same.

    Parameters
    ----------
    settings : StoreSettings
        Where and for how long.
    wall : callable
        Returns the wall-clock time in seconds since 1970.
    names : mapping of str to str, optional
        Names of patients by device, kept apart from the events.
    """

    problem_kind = "storage_full"

    def __init__(
        self,
        settings: StoreSettings,
        wall: Callable[[], float] = time.time,
        names: Mapping[str, str] | None = None,
    ) -> None:
        from ecgmon.monitor.store.retention import Retention
        from ecgmon.monitor.store.rows import RowMaker
        from ecgmon.monitor.store.store import EventStore

        self._names = dict(names or {})
        self.store = EventStore(settings.address)
        self._rows = RowMaker(wall)
        self._retention = Retention(self.store, settings, wall)

    @property
    def problem(self) -> str | None:
        """What is wrong with the store, one plain line; None if nothing is."""
        reason = self.store.problem
        return None if reason is None else f"Events cannot be stored: {reason}"

    def __enter__(self) -> Self:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            self.store.open()
            self._name_patients()
        except (OutputError, SQLAlchemyError) as error:
            self.store.problem = str(error)
            LOG.warning("%s Events wait in memory.", error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.store.add(self._rows.finish())
        self.store.close()
        if self.store.backlog:
            raise OutputError(f"{self.store.backlog} events could not be stored: {self.store.problem}.")

    def write(self, events: Sequence[Event]) -> None:
        """Store events; when this returns, they are on the disk or `problem` says why not."""
        stored = self.store.add(self._rows.take(events))
        if stored:
            self._look_after()

    def _name_patients(self) -> None:
        while self._names:
            device = next(iter(self._names))
            self.store.name_patient(device, self._names[device])
            del self._names[device]

    def _look_after(self) -> None:
        """Do what can wait until the database can be written."""
        try:
            self._name_patients()
            self._retention.tick()
        except Exception:
            LOG.exception("Names could not be stored, or old events deleted.")


OUTPUT = OutputKind(
    "The event store",
    StoreSettings,
    lambda settings, context: StoreOutput(settings, names=context.names),
    stage="keep",
)
