"""The command ``events``: asks the event store, prints or exports what it finds."""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from ecgmon.monitor.core.errors import OutputError, UsageError
from ecgmon.monitor.run.settings import load_settings
from ecgmon.monitor.store.export import flat, write_csv, write_json, write_parquet
from ecgmon.monitor.store.settings import default_address
from ecgmon.monitor.store.store import EventStore, Query

_UNITS_S: Mapping[str, float] = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGO = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")

TYPES = ("alarm", "rhythm", "gap", "source", "minute", "settings")


def events(arguments: argparse.Namespace) -> int:
    """Print or export the events asked for.

    Raises
    ------
    EcgmonError
        The store cannot be read, a time makes no sense or the export cannot be written.
    """
    store = EventStore(_address(arguments))
    query = Query(
        since=_moment(arguments.since, "--since"),
        until=_moment(arguments.until, "--until"),
        types=tuple(kind for kind in arguments.kind if kind in TYPES),
        kinds=tuple(kind for kind in arguments.kind if kind not in TYPES),
        device=arguments.device,
        limit=arguments.last,
    )
    names = store.patients() if arguments.names else {}
    found = store.query(query)
    if arguments.format == "parquet":
        if arguments.output is None:
            raise UsageError("Parquet is not for a terminal.", "Name a file with --output.")
        write_parquet(found, arguments.output, names)
        return 0
    writers = {"table": write_table, "csv": write_csv, "json": write_json}
    with _stream(arguments.output) as stream:
        writers[arguments.format](found, stream, names)
    return 0


def write_table(found: Iterator[Mapping[str, Any]], stream: IO[str], names: Mapping[str, str]) -> None:
    """Write one line an event, for people; times are local."""
    for event in found:
        row = flat(event, names)
        at = datetime.fromtimestamp(event["at"]).astimezone().isoformat(" ", "seconds")[:19]
        words = [row["patient"] or row["device"], row["type"], row["priority"], row["kind"], row["state"]]
        text = "  ".join(f"{word}" for word in words if word)
        about = _minute(event) if event["type"] == "minute" else row["message"] or ""
        stream.write(f"{at}  {text}{'  ' if about else ''}{about}\n")


def _minute(event: Mapping[str, Any]) -> str:
    beats = " ".join(f"{symbol} {count}" for symbol, count in event["beats"].items()) or "no beats"
    rate = f", {event['bpm']['mean']:.0f}/min" if event["bpm"] else ""
    quality = f", quality {event['quality']['mean']:.2f}" if event["quality"] else ""
    return f"{beats}{rate}{quality}"


def _address(arguments: argparse.Namespace) -> str:
    if arguments.store is not None:
        return str(arguments.store)
    if arguments.config is not None:
        store = load_settings(arguments.config).outputs.store
        if store is None:
            raise UsageError(f"{arguments.config} names no event store.", "Name one with --store.")
        return str(store.address)
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
