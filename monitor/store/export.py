"""Writes stored events as CSV, JSON lines or Parquet, without names unless they are asked for."""

from __future__ import annotations

import csv
import importlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal

from ecgmon.monitor.core.extras import missing_extra
from ecgmon.monitor.core.names import cell

Format = Literal["csv", "json", "parquet"]

COLUMNS = (
    "id",
    "at",
    "device",
    "patient",
    "type",
    "kind",
    "state",
    "priority",
    "sample",
    "time_s",
    "known_at",
    "message",
    "details",
)


def flat(event: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return one event as a row of `COLUMNS`; what has no column is in ``details`` as JSON.

    Parameters
    ----------
    event : mapping
        As `EventStore.query` yields it.
    names : mapping of str to str
        Names of patients by device; empty to leave them out.
    """
    row = {name: event.get(name) for name in COLUMNS}
    row["at"] = datetime.fromtimestamp(event["at"], UTC).isoformat(timespec="milliseconds")
    row["kind"] = event.get("kind") or event.get("rhythm") or event.get("reason")
    if event["type"] == "settings":
        row["message"] = event.get("detail")
    if event["type"] == "source":
        row["kind"], row["message"] = event.get("state"), event.get("detail")
        row["state"] = None
    row["patient"] = names.get(str(event.get("device")))
    rest = {key: value for key, value in event.items() if key not in COLUMNS}
    row["details"] = json.dumps(rest, ensure_ascii=False) if rest else None
    return row


def write_csv(events: Iterable[Mapping[str, Any]], stream: IO[str], names: Mapping[str, str]) -> None:
    """Write a CSV table with a header; no text in it is a formula."""
    writer = csv.DictWriter(stream, COLUMNS if names else [c for c in COLUMNS if c != "patient"])
    writer.writeheader()
    for event in events:
        row = flat(event, names)
        if not names:
            del row["patient"]
        writer.writerow({column: cell(value) for column, value in row.items()})


def write_json(events: Iterable[Mapping[str, Any]], stream: IO[str], names: Mapping[str, str]) -> None:
    """Write one JSON object a line."""
    for event in events:
        stream.write(json.dumps(_named(event, names), ensure_ascii=False) + "\n")


def write_parquet(events: Iterable[Mapping[str, Any]], path: Path, names: Mapping[str, str]) -> None:
    """Write a Parquet file.

    Raises
    ------
    MissingExtraError
        pyarrow is not installed.
    """
    try:
        pa, pq = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise missing_extra("Writing Parquet", "pyarrow", "parquet") from error
    kinds = {"id": pa.int64(), "sample": pa.int64(), "known_at": pa.int64(), "time_s": pa.float64()}
    columns = [c for c in COLUMNS if names or c != "patient"]
    schema = pa.schema([(c, kinds.get(c, pa.string())) for c in columns])
    with pq.ParquetWriter(path, schema) as writer:
        for rows in _batches((flat(event, names) for event in events), 10_000):
            writer.write_table(pa.Table.from_pylist([{c: row[c] for c in columns} for row in rows], schema))


def _named(event: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    name = names.get(str(event.get("device")))
    return {**event, "patient": name} if name else dict(event)


def _batches(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
