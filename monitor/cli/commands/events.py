"""The command ``events``: asks the event store, prints or exports what it finds."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Any, Literal

from cyclopts import Group, Parameter

from ecgmon.monitor.cli.options import OPTIONS, File, Flag, Name, Several, Whole, command, one_of
from ecgmon.monitor.core.errors import OutputError, UsageError
from ecgmon.monitor.core.names import LINE_CHARACTERS, printable

_UNITS_S: Mapping[str, float] = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGO = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")

TYPES = ("alarm", "rhythm", "gap", "source", "minute", "settings")

_EXAMPLES = """\
examples:
  ecgmon events --since 2h                         what happened in two hours
  ecgmon events --since 2026-05-01 --kind alarm    alarms of that day and later
  ecgmon events --kind asystole --format csv --output asystole.csv
  ecgmon events --config configs/raspberry-pi.toml --last 20

Names of patients are left out unless --names asks for them.
"""

_WHERE = Group(validator=one_of)

Form = Literal["table", "csv", "json", "parquet"]
Moment = Annotated[str | None, Parameter(metavar="TIME")]

app = command("events", _EXAMPLES)


@app.default
def events(
    *,
    store: Annotated[str | None, Parameter(metavar="FILE", group=(OPTIONS, _WHERE))] = None,
    config: Annotated[File, Parameter(group=(OPTIONS, _WHERE))] = None,
    since: Moment = None,
    until: Moment = None,
    kind: Annotated[Several, Parameter(metavar="KIND")] = (),
    device: Name = None,
    last: Whole = None,
    format: Form = "table",  # noqa: A002 - the option's name
    output: File = None,
    names: Flag = False,
) -> int:
    """Print or export the events asked for.

    Parameters
    ----------
    store : str, optional
        Event store (as the settings name it).
    config : Path, optional
        Settings that name the event store.
    since : str, optional
        Such as 2026-05-01T08:30, or 30m, 2h, 7d ago.
    until : str, optional
        Likewise.
    kind : str
        Alarm, rhythm, gap, source, minute, settings, or a kind such as asystole; may be given again.
    device : str, optional
        Of this device only.
    last : int, optional
        The newest N.
    format : str
        As what.
    output : Path, optional
        Write there and not to the terminal.
    names : bool
        With the names of patients.

    Raises
    ------
    EcgmonError
        The store cannot be read, a time makes no sense or the export cannot be written.
    """
    from ecgmon.monitor.store.store import EventStore, Query

    opened = EventStore(_address(store, config))
    query = Query(
        since=_moment(since, "--since"),
        until=_moment(until, "--until"),
        types=tuple(word for word in kind if word in TYPES),
        kinds=tuple(word for word in kind if word not in TYPES),
        device=device,
        limit=last,
    )
    _export(opened.query(query), opened.patients() if names else {}, format, output)
    return 0


def _export(
    found: Iterator[dict[str, Any]], patients: Mapping[str, str], form: Form, output: Path | None
) -> None:
    from ecgmon.monitor.store.export import write_csv, write_json, write_parquet

    if form == "parquet":
        if output is None:
            raise UsageError("Parquet is not for a terminal.", "Name a file with --output.")
        write_parquet(found, output, patients)
        return
    writers = {"table": write_table, "csv": write_csv, "json": write_json}
    with _stream(output) as stream:
        writers[form](found, stream, patients)


def write_table(found: Iterator[Mapping[str, Any]], stream: IO[str], names: Mapping[str, str]) -> None:
    """Write one line an event, for people; times are local."""
    from ecgmon.monitor.store.export import flat

    for event in found:
        row = flat(event, names)
        at = datetime.fromtimestamp(event["at"]).astimezone().isoformat(" ", "seconds")[:19]
        words = [row["patient"] or row["device"], row["type"], row["priority"], row["kind"], row["state"]]
        text = "  ".join(f"{word}" for word in words if word)
        about = _minute(event) if event["type"] == "minute" else row["message"] or ""
        stream.write(printable(f"{at}  {text}{'  ' if about else ''}{about}", LINE_CHARACTERS) + "\n")


def _minute(event: Mapping[str, Any]) -> str:
    beats = " ".join(f"{symbol} {count}" for symbol, count in event["beats"].items()) or "no beats"
    rate = f", {event['bpm']['mean']:.0f}/min" if event["bpm"] else ""
    quality = f", quality {event['quality']['mean']:.2f}" if event["quality"] else ""
    return f"{beats}{rate}{quality}"


def _address(store: str | None, config: Path | None) -> str:
    from ecgmon.monitor.run.settings import load_settings
    from ecgmon.monitor.store.settings import default_address

    if store is not None:
        return store
    if config is not None:
        named = load_settings(config).outputs.store
        if named is None:
            raise UsageError(f"{config} names no event store.", "Name one with --store.")
        return str(named.address)
    return default_address()


def _moment(text: str | None, option: str) -> float | None:
    """Return seconds since 1970 of an ISO time, or of so long ago as ``2h``."""
    if text is None:
        return None
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return time.time() - float(ago[1]) * _UNITS_S[ago[2]]
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except ValueError as error:
        raise UsageError(
            f"{option} {text} is no time.", "Write 2026-05-01, 2026-05-01T08:30 or 30m, 2h, 7d."
        ) from error


@contextlib.contextmanager
def _stream(path: Path | None) -> Iterator[IO[str]]:
    if path is None:
        with contextlib.suppress(BrokenPipeError):
            yield sys.stdout
        return
    try:
        with path.open("w", encoding="utf-8", newline="") as stream:
            yield stream
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}).") from error
