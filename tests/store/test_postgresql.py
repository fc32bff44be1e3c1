"""The event store on a real PostgreSQL server: ``ECGMON_TEST_DATABASE`` names an empty database."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from ecgmon.monitor.cli import main
from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.events import Alarm, Beat, Gap, HeartRate, RhythmChange, SourceStatus
from ecgmon.monitor.outputs.store import StoreOutput
from ecgmon.monitor.store.database import open_engine
from ecgmon.monitor.store.retention import DAY_S, Retention
from ecgmon.monitor.store.schema import METADATA
from ecgmon.monitor.store.settings import StoreSettings
from ecgmon.monitor.store.store import EventStore, Query

ADDRESS = os.environ["ECGMON_TEST_DATABASE"]


@pytest.fixture
def server() -> Iterator[Engine]:
    engine = open_engine(ADDRESS)
    METADATA.drop_all(engine)
    yield engine
    METADATA.drop_all(engine)
    engine.dispose()


def place(second: float, device: str = "ecg") -> dict[str, object]:
    return {
        "sample": round(second * 360),
        "time_s": second,
        "known_at": round(second * 360),
        "device": device,
    }


def alarm(second: float, device: str = "ecg", message: str = "m") -> Alarm:
    return Alarm(**place(second, device), kind="asystole", priority="high", state="active", message=message)


def output(wall: float = 1_800_000_000.25) -> StoreOutput:
    return StoreOutput(StoreSettings(address=ADDRESS), lambda: wall, {"ecg": "Jane Roe"})


def rows(**query: object) -> list[dict[str, object]]:
    return list(EventStore(ADDRESS).query(Query(**query)))


def test_every_sort_of_event_comes_back_as_it_was(server):
    beat = {"probabilities": {}, "r_known_at": 0, "rr_s": 1.0, "quality": 1.0}
    with output() as store:
        store.write(
            [
                alarm(1.0),
                RhythmChange(**place(2.0), rhythm="AFIB", confidence=0.9),
                Gap(**place(3.0), length_samples=720),
                SourceStatus(**place(4.0), state="silent", detail="Grüße \x00 ''; DROP TABLE events; --"),
                Beat(**place(5.0), symbol="V", aami="V", **beat),
                HeartRate(**place(5.0), bpm=60.0),
            ]
        )
        assert store.problem is None
    found = rows()
    assert [row["type"] for row in found] == ["alarm", "rhythm", "gap", "source", "minute"]
    assert found[0]["at"] == 1_800_000_000.25
    assert found[3]["detail"] == "Grüße \x00 ''; DROP TABLE events; --"
    assert found[4]["beats"] == {"V": 1}
    assert [row["time_s"] for row in rows(types=("rhythm", "gap"), limit=1)] == [3.0]
    assert EventStore(ADDRESS).patients() == {"ecg": "Jane Roe"}


def test_an_alarm_is_stored_when_write_returns(server):
    with output() as store:
        store.write([alarm(1.0)])
        with server.connect() as other:
            assert other.execute(text("SELECT count(*) FROM events")).scalar_one() == 1


def test_connections_that_the_server_ends_lose_nothing(server):
    with output() as store:
        store.write([alarm(1.0)])
        with server.connect() as other:
            other.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        for second in (2.0, 3.0):
            store.write([alarm(second)])
        assert store.problem is None
    assert [row["time_s"] for row in rows()] == [1.0, 2.0, 3.0]


def test_a_table_that_somebody_locks_delays_events_and_loses_none(server):
    with output() as store:
        store.write([alarm(1.0)])
        with server.begin() as thief:
            thief.execute(text("LOCK TABLE events IN ACCESS EXCLUSIVE MODE"))
            begin = time.monotonic()
            store.write([alarm(2.0)])
            assert "timeout" in (store.problem or "")
            store.write([alarm(3.0)])
            assert time.monotonic() - begin < 5.0
        store.store.flush()
        assert store.problem is None
    assert [row["time_s"] for row in rows()] == [1.0, 2.0, 3.0]


def test_a_name_too_long_for_its_column_is_cut_and_blocks_nothing(server):
    with output() as store:
        store.write([alarm(1.0, device="x" * 500)])
        assert store.problem is None
    assert rows(device="x" * 200)[0]["device"] == "x" * 500


def test_old_events_are_deleted(server):
    wall = 1_800_000_000.0
    for day in (0, 10):
        with output(wall + day * DAY_S) as store:
            store.write([alarm(day)])
    store = EventStore(ADDRESS)
    settings = StoreSettings(address=ADDRESS, keep_days=5)
    assert Retention(store, settings, wall=lambda: wall + 11 * DAY_S).apply() == 1
    assert [row["time_s"] for row in rows()] == [10.0]
    store.close()


def test_several_monitors_may_write_to_one_server(server):
    def write(device: str) -> None:
        with output() as store:
            for second in range(20):
                store.write([alarm(second, device)])

    with output():
        pass
    threads = [threading.Thread(target=write, args=(f"bed-{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(rows(device=f"bed-{n}")) for n in range(4)] == [20] * 4


def test_the_events_command_reads_a_server(server, capsys, monkeypatch):
    with output() as store:
        store.write([alarm(1.0)])
    monkeypatch.setenv("STORE", ADDRESS)
    assert main(["events", "--store", "env:STORE", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "asystole"


def test_a_server_that_never_answers_holds_up_little_and_shows_no_password():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"postgresql://ecgmon:hunter2@127.0.0.1:{silent.getsockname()[1]}/ecgmon"
        store = StoreOutput(StoreSettings(address=address))
        begin = time.monotonic()
        store.__enter__()
        store.write([alarm(1.0)])
        tried_s = time.monotonic() - begin
        for second in range(20):
            store.write([alarm(second)])
        assert time.monotonic() - begin < tried_s + 1.0
        assert store.problem is not None
        assert "hunter2" not in store.problem
        with pytest.raises(OutputError, match="21 events could not be stored"):
            store.__exit__(None, None, None)
