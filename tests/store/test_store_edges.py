"""The event store at its edges: odd names, odd times, many rows, exports."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.events import (
    Alarm,
    Beat,
    Episode,
    Event,
    Gap,
    HeartRate,
    Quality,
    RhythmChange,
    SettingsChange,
    SourceStatus,
)
from ecgmon.monitor.store.database import sqlite_path
from ecgmon.monitor.store.export import COLUMNS, flat, write_csv, write_json
from ecgmon.monitor.store.rows import DEVICE_LENGTH, RowMaker
from ecgmon.monitor.store.store import BACKLOG_ROWS, RETRY_S, EventStore, Query


def when(time_s: float, device: str = "bed") -> dict:
    at = round(time_s * 360)
    return {"sample": at, "time_s": time_s, "known_at": at, "device": device}


def beat(time_s: float, symbol: str = "N", device: str = "bed") -> Beat:
    given = {"probabilities": {}, "r_known_at": 0, "rr_s": 1.0, "quality": 1.0}
    return Beat(**when(time_s, device), symbol=symbol, aami="N", **given)


def alarm(time_s: float, device: str = "bed", message: str = "words") -> Alarm:
    return Alarm(**when(time_s, device), kind="asystole", priority="high", state="active", message=message)


def maker(now: float = 1e6) -> RowMaker:
    return RowMaker(lambda: now)


@pytest.mark.parametrize(
    ("event", "columns"),
    [
        (alarm(1), ("alarm", "asystole", "active", "high")),
        (RhythmChange(**when(1), rhythm="VT"), ("rhythm", "VT", None, None)),
        (Gap(**when(1), length_samples=9, reason="lead_off"), ("gap", "lead_off", None, None)),
        (SettingsChange(**when(1), detail="new"), ("settings", None, None, None)),
        (Episode(**when(1), kind="run", end_sample=9, beats=3, bpm=99.0), ("episode", "run", None, None)),
        (SourceStatus(**when(1), state="silent"), ("source", "silent", None, None)),
    ],
)
def test_each_event_has_its_columns(event: Event, columns):
    (row,) = maker().take([event])
    assert tuple(row[name] for name in ("type", "kind", "state", "priority")) == columns
    assert json.loads(row["body"])["type"] == columns[0]
    assert row["at"] == 1e6


def test_the_state_of_a_source_is_a_row_only_when_it_changes():
    states = ["streaming", "streaming", "silent", "silent", "streaming"]
    events = [SourceStatus(**when(n), state=state) for n, state in enumerate(states)]  # type: ignore[arg-type]
    other = SourceStatus(**when(9, "bed-2"), state="streaming")
    rows = maker().take([*events, other])
    assert [(row["device"], row["kind"]) for row in rows] == [
        ("bed", "streaming"), ("bed", "silent"), ("bed", "streaming"), ("bed-2", "streaming"),
    ]  # fmt: skip


def test_a_minute_ends_with_the_first_event_of_the_next_and_devices_are_apart():
    rows = maker()
    assert rows.take([beat(1), beat(59, "V"), beat(30, device="other")]) == []
    (first,) = rows.take([beat(60.5)])
    assert json.loads(first["body"])["beats"] == {"N": 1, "V": 1}
    last = rows.finish()
    assert [(row["device"], json.loads(row["body"])["minute"]) for row in last] == [("bed", 1), ("other", 0)]
    assert rows.finish() == []


def test_a_minute_holds_least_mean_and_most_and_unknown_as_none():
    rows = maker()
    rows.take(
        [HeartRate(**when(1), bpm=50.0), HeartRate(**when(2), bpm=None), HeartRate(**when(3), bpm=70.0)]
    )
    (row,) = rows.finish()
    body = json.loads(row["body"])
    assert body["bpm"] == {"min": 50.0, "mean": 60.0, "max": 70.0}
    assert body["quality"] is None
    rows.take([Quality(**when(70), index=0.25, reasons=())])
    assert json.loads(rows.finish()[0]["body"])["quality"]["mean"] == 0.25


def test_a_late_event_of_a_minute_before_is_counted_and_makes_no_second_row():
    rows = maker()
    rows.take([beat(61)])
    assert rows.take([beat(59.9)]) == []
    assert len(rows.finish()) == 1


@given(st.text(min_size=1, max_size=3 * DEVICE_LENGTH))
def test_a_device_of_any_name_fits_its_column_and_keeps_its_name_in_the_event(name):
    (row,) = maker().take([alarm(1, name)])
    assert len(row["device"]) <= DEVICE_LENGTH
    assert json.loads(row["body"])["device"] == name


@pytest.mark.parametrize("text", ["'; DROP TABLE events; --", "ä\u202e\n\t\0", '"', "%s {} $1", "🫀" * 50])
def test_odd_words_come_back_as_they_were(tmp_path, text):
    store = EventStore(str(tmp_path / "e.db"))
    store.open()
    assert store.add(maker().take([alarm(1, message=text)]))
    store.name_patient("bed", text)
    store.close()
    again = EventStore(str(tmp_path / "e.db"))
    assert next(again.query(Query()))["message"] == text
    assert again.patients() == {"bed": text}
    again.name_patient("bed", None)
    assert again.patients() == {}
    again.close()


@pytest.fixture
def filled(tmp_path):
    store = EventStore(str(tmp_path / "e.db"))
    store.open()
    for number in range(30):
        device = f"bed-{number % 3}"
        event = alarm(number, device) if number % 2 else RhythmChange(**when(number, device), rhythm="N")
        store.add(RowMaker(lambda number=number: 1000.0 + number).take([event]))
    yield store
    store.close()


@pytest.mark.parametrize(
    ("query", "count"),
    [
        (Query(), 30),
        (Query(limit=0), 0),
        (Query(limit=7), 7),
        (Query(limit=500), 30),
        (Query(types=("alarm",)), 15),
        (Query(types=("alarm", "rhythm")), 30),
        (Query(kinds=("N",)), 15),
        (Query(types=("alarm",), kinds=("N",)), 0),
        (Query(device="bed-1"), 10),
        (Query(device="bed-9"), 0),
        (Query(since=1010.0), 20),
        (Query(until=1010.0), 10),
        (Query(since=1010.0, until=1010.0), 0),
        (Query(since=1010.0, until=1020.0, device="bed-0", types=("alarm",)), 1),
    ],
)
def test_a_query_gives_what_fits_oldest_first(filled, query, count):
    found = list(filled.query(query))
    assert len(found) == count
    assert [event["id"] for event in found] == sorted(event["id"] for event in found)


def test_the_limit_keeps_the_newest(filled):
    assert [event["at"] for event in filled.query(Query(limit=2))] == [1028.0, 1029.0]
    assert filled.count() == 30


def test_nothing_is_added_by_nothing(filled):
    assert filled.add([])
    assert filled.count() == 30


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_is_not_urgent_waits_for_the_next_attempt_and_an_alarm_does_not(tmp_path, monkeypatch):
    clock = Clock()
    store = EventStore(str(tmp_path / "e.db"), clock)
    tries: list[float] = []

    def fail() -> None:
        tries.append(clock.now)
        raise OutputError("The disk is away.")

    monkeypatch.setattr(store, "open", fail)
    quiet = maker().take([RhythmChange(**when(1), rhythm="N")])
    assert not store.add(quiet)
    clock.now = RETRY_S / 2
    assert not store.add(quiet)
    assert tries == [0.0]
    assert not store.add(maker().take([alarm(2)]))
    assert tries == [0.0, RETRY_S / 2]
    assert store.problem == "The disk is away."
    assert store.backlog == 3


def test_of_a_backlog_of_alarms_only_the_oldest_go(tmp_path, monkeypatch):
    store = EventStore(str(tmp_path / "e.db"), Clock())
    monkeypatch.setattr(store, "flush", lambda: False)
    rows = maker().take([alarm(1)])
    store.add([{**rows[0], "sample": number} for number in range(BACKLOG_ROWS + 10)])
    assert store.backlog == BACKLOG_ROWS
    assert store.dropped == 10
    assert store._backlog[0]["sample"] == 10


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("events.db", "events.db"),
        ("sqlite:////var/lib/e.db", "/var/lib/e.db"),
        ("postgresql://host/db", None),
        ("/a b/ü.db", "/a b/ü.db"),
    ],
)
def test_an_address_is_a_file_or_a_server(address, path):
    found = sqlite_path(address)
    assert (str(found) if found is not None else None) == path


def test_a_kind_of_server_that_nobody_knows_is_refused():
    with pytest.raises(OutputError, match="not known"):
        EventStore("oraclish://host/db").open()


EVENT = {"id": 5, "at": 0.25, "type": "alarm", "device": "bed", "kind": "x", "sample": 3, "extra": [1, "ä"]}


def test_a_row_of_an_export_has_every_column_and_the_rest_as_json():
    row = flat(EVENT, {"bed": "Ada"})
    assert set(row) == set(COLUMNS)
    assert row["at"] == "1970-01-01T00:00:00.250+00:00"
    assert row["patient"] == "Ada"
    assert json.loads(row["details"]) == {"extra": [1, "ä"]}


@pytest.mark.parametrize(
    ("event", "kind", "message", "state"),
    [
        ({"type": "rhythm", "rhythm": "VT"}, "VT", None, None),
        ({"type": "gap", "reason": "lost"}, "lost", None, None),
        ({"type": "settings", "detail": "new limits"}, None, "new limits", None),
        ({"type": "source", "state": "silent", "detail": "no data"}, "silent", "no data", None),
    ],
)
def test_each_kind_of_event_has_its_words_in_the_table(event, kind, message, state):
    row = flat({"id": 1, "at": 0.0, **event}, {})
    assert (row["kind"], row["message"], row["state"]) == (kind, message, state)
    assert row["patient"] is None


def test_a_table_without_names_has_no_column_for_them():
    stream = io.StringIO()
    write_csv([EVENT], stream, {})
    stream.seek(0)
    (row,) = csv.DictReader(stream)
    assert "patient" not in row
    assert row["id"] == "5"
    stream = io.StringIO()
    write_csv([EVENT], stream, {"bed": 'A, "B"\nC'})
    stream.seek(0)
    (row,) = csv.DictReader(stream)
    assert row["patient"] == 'A, "B"\nC'


def test_json_lines_hold_the_event_and_the_name_only_if_there_is_one():
    stream = io.StringIO()
    write_json([EVENT, {**EVENT, "device": "other"}], stream, {"bed": "Ada"})
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first == {**EVENT, "patient": "Ada"}
    assert "patient" not in second
