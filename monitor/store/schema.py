"""Tables of the event store and the steps that bring an older file up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    insert,
    inspect,
    select,
    update,
)

from ecgmon.monitor.core.errors import OutputError

METADATA = MetaData()

ID = BigInteger().with_variant(Integer, "sqlite")

EVENTS = Table(
    "events",
    METADATA,
    Column("id", ID, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False, doc="seconds since 1970 by the wall clock, when it was stored"),
    Column("device", String(200), nullable=False),
    Column("type", String(40), nullable=False, doc="alarm, rhythm, episode, gap, source, minute, settings"),
    Column("kind", String(80), doc="kind of alarm or episode, rhythm, state of a source"),
    Column("state", String(40), doc="state of an alarm"),
    Column("priority", String(10)),
    Column("sample", BigInteger, nullable=False),
    Column("time_s", Float, nullable=False),
    Column("known_at", BigInteger, nullable=False),
    Column("body", Text, nullable=False, doc="the whole event as JSON"),
    Index("events_type_at", "type", "at"),
    Index("events_device_at", "device", "at"),
    sqlite_autoincrement=True,
)

PATIENTS = Table(
    "patients",
    METADATA,
    Column("device", String(200), primary_key=True),
    Column("name", String(200), nullable=False),
)
"""Names are apart from events, so that an export holds none unless it is asked for."""

VERSION = Table("schema_version", METADATA, Column("version", Integer, nullable=False))

Migration = Callable[[Connection], None]


def _create(connection: Connection) -> None:
    METADATA.create_all(connection, tables=[EVENTS, PATIENTS])


MIGRATIONS: tuple[Migration, ...] = (_create,)
"""Step n leads from version n to version n + 1; a step is never changed, only added."""


def migrate(connection: Connection, migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """Bring the schema up to date within the connection's transaction.

    Parameters
    ----------
    connection : Connection
        Open connection; nothing is committed here.
    migrations : sequence of callable
        The steps from version 0 on.

    Returns
    -------
    int
        Version that the schema has now.

    Raises
    ------
    OutputError
        The file was written by a newer version of the program.
    """
    if not inspect(connection).has_table(VERSION.name):
        VERSION.create(connection)
    version = connection.execute(select(VERSION.c.version)).scalar_one_or_none()
    if version is None:
        connection.execute(insert(VERSION).values(version=0))
        version = 0
    if version > len(migrations):
        raise OutputError(
            f"The event store has schema {version}; this program knows {len(migrations)}.",
            "Update ecgmon, or name another file.",
        )
    for step in migrations[version:]:
        step(connection)
    connection.execute(update(VERSION).values(version=len(migrations)))
    return len(migrations)
