"""The event store: what is stored can be asked for, and nothing is lost while the disk is away."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from ecgmon.monitor.core.errors import OutputError, SettingsError
from ecgmon.monitor.core.events import Alarm, Beat, Event, Gap, HeartRate, Quality, RhythmChange, SourceStatus
from ecgmon.monitor.core.secrets import resolve
from ecgmon.monitor.outputs.store import StoreOutput
from ecgmon.monitor.store.database import open_engine
from ecgmon.monitor.store.schema import MIGRATIONS, migrate
from ecgmon.monitor.store.settings import StoreSettings
from ecgmon.monitor.store.store import EventStore, Query

FS = 360


def alarm(second: float, kind: str = "asystole", state: str = "active", device: str = "ecg") -> Alarm:
    at = round(second * FS)
    return Alarm(
        sample=at,
        time_s=second,
        known_at=at,
        device=device,
        kind=kind,
        priority="high",
        state=state,  # type: ignore[arg-type]
        message=f"{kind} at {second}",
    )


def beat(second: float, symbol: str = "N") -> Beat:
    at = round(second * FS)
    return Beat(
        sample=at,
        time_s=second,
        known_at=at,
        symbol=symbol,
        aami="V" if symbol == "V" else "N",
        probabilities={},
        r_known_at=at,
        rr_s=1.0,
        quality=1.0,
    )


def base(second: float) -> dict[str, float | int]:
    return {"sample": round(second * FS), "time_s": second, "known_at": round(second * FS)}


@pytest.fixture
def wall() -> Iterator[list[float]]:
    return [1_000_000.0]  # type: ignore[return-value]


def output(path: Path, wall: list[float] | None = None, **settings: float | None) -> StoreOutput:
    clock = (lambda: wall[0]) if wall is not None else (lambda: 1_000_000.0)
    return StoreOutput(StoreSettings(address=str(path), **settings), clock)  # type: ignore[arg-type]


def rows(path: Path, **query: object) -> list[dict[str, object]]:
    return list(EventStore(str(path)).query(Query(**query)))  # type: ignore[arg-type]


def test_an_alarm_is_on_the_disk_when_write_returns(tmp_path):
    with output(tmp_path / "e.db") as store:
        store.write([alarm(5.0)])
        reader = sqlite3.connect(tmp_path / "e.db")
        found = reader.execute("SELECT type, kind, state, sample FROM events").fetchall()
        reader.close()
    assert found == [("alarm", "asystole", "active", 1800)]


def test_every_sort_of_event_can_be_asked_for(tmp_path):
    events: list[Event] = [
        SourceStatus(**base(0), state="streaming"),
        SourceStatus(**base(1), state="streaming"),
        RhythmChange(**base(2), rhythm="AFIB"),
        Gap(**base(3), length_samples=100),
        alarm(4.0),
        alarm(5.0, state="acknowledged"),
    ]
    with output(tmp_path / "e.db") as store:
        store.write(events)
    path = tmp_path / "e.db"
    assert [row["type"] for row in rows(path)] == ["source", "rhythm", "gap", "alarm", "alarm"]
    assert [row["state"] for row in rows(path, types=("alarm",))] == ["active", "acknowledged"]
    assert [row["rhythm"] for row in rows(path, kinds=("AFIB",))] == ["AFIB"]
    assert [row["time_s"] for row in rows(path, limit=1)] == [5.0]
    assert rows(path, device="other") == []


def test_events_are_found_by_wall_clock(tmp_path, wall):
    with output(tmp_path / "e.db", wall) as store:
        for hour in range(5):
            wall[0] = 1_000_000.0 + 3600 * hour
            store.write([alarm(float(hour))])
    found = rows(tmp_path / "e.db", since=1_003_600.0, until=1_010_800.0)
    assert [row["time_s"] for row in found] == [1.0, 2.0]


def test_beats_rates_and_quality_become_one_row_a_minute(tmp_path):
    with output(tmp_path / "e.db") as store:
        for second in range(150):
            symbol = "V" if second % 10 == 0 else "N"
            rate = HeartRate(**base(second + 0.5), bpm=60.0 + second // 60)
            quality = Quality(**base(second + 0.5), index=0.5 if second < 60 else 1.0, reasons=())
            store.write([beat(second + 0.5, symbol), rate, quality])
    minutes = rows(tmp_path / "e.db", types=("minute",))
    assert [row["beats"] for row in minutes] == [{"V": 6, "N": 54}, {"V": 6, "N": 54}, {"V": 3, "N": 27}]
    assert minutes[0]["bpm"] == {"min": 60.0, "mean": 60.0, "max": 60.0}
    assert minutes[0]["quality"] == {"min": 0.5, "mean": 0.5, "max": 0.5}


def test_a_locked_file_delays_events_and_loses_none(tmp_path):
    path = tmp_path / "e.db"
    with output(path) as store:
        store.write([alarm(1.0)])
        thief = sqlite3.connect(path, isolation_level=None)
        thief.execute("BEGIN EXCLUSIVE")
        store.write([alarm(2.0)])
        assert store.problem is not None
        assert "locked" in store.problem
        thief.execute("ROLLBACK")
        thief.close()
        store.write([alarm(3.0)])
        assert store.problem is None
    assert [row["time_s"] for row in rows(path)] == [1.0, 2.0, 3.0]


def test_a_folder_that_cannot_be_written_is_told_and_tried_again(tmp_path):
    folder = tmp_path / "sd"
    folder.write_text("in the way of the folder")
    store = output(folder / "e.db")
    store.__enter__()
    store.write([alarm(1.0)])
    assert store.problem is not None
    folder.unlink()
    store.write([alarm(2.0)])
    assert store.problem is None
    store.__exit__(None, None, None)
    assert [row["time_s"] for row in rows(folder / "e.db")] == [1.0, 2.0]


def test_a_full_disk_is_told_and_the_backlog_survives_until_there_is_room(tmp_path):
    path = tmp_path / "e.db"
    with output(path) as store:
        store.write([alarm(1.0)])
        with store.store.engine().connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}").fetchall()
        big = [alarm(2.0 + i, kind="x" * 70) for i in range(60)]
        store.write(big)
        assert "full" in (store.problem or "")
        assert store.store.backlog == 60
        store.write([alarm(99.0)])
        assert store.problem is None
    assert len(rows(path)) == 62


def test_what_cannot_be_stored_at_the_end_is_an_error(tmp_path):
    folder = tmp_path / "sd"
    folder.write_text("in the way")
    store = output(folder / "e.db")
    store.__enter__()
    store.write([alarm(1.0)])
    with pytest.raises(OutputError, match="1 events could not be stored"):
        store.__exit__(None, None, None)


def test_a_long_outage_drops_summaries_before_alarms(tmp_path, monkeypatch):
    monkeypatch.setattr("ecgmon.monitor.store.store.BACKLOG_ROWS", 10)
    folder = tmp_path / "sd"
    folder.write_text("in the way")
    store = output(folder / "e.db")
    store.__enter__()
    store.write([alarm(float(i)) for i in range(6)])
    store.write([RhythmChange(**base(i), rhythm="N") for i in range(20)])
    folder.unlink()
    store.write([alarm(100.0)])
    store.__exit__(None, None, None)
    found = rows(folder / "e.db")
    assert sum(row["type"] == "alarm" for row in found) == 7
    assert len(found) == 10


def test_a_damaged_file_is_put_aside_and_a_new_one_begun(tmp_path):
    path = tmp_path / "e.db"
    path.write_bytes(b"this is no database" * 1000)
    with output(path) as store:
        store.write([alarm(1.0)])
    assert len(rows(path)) == 1
    assert len(list(tmp_path.glob("e.db.damaged-*"))) == 1


def test_readers_do_not_hinder_the_writer(tmp_path):
    path = tmp_path / "e.db"
    with output(path) as store:
        store.write([alarm(float(i)) for i in range(500)])
        reading = EventStore(str(path)).query(Query())
        next(reading)
        store.write([alarm(1000.0)])
        assert store.problem is None
        assert len(list(reading)) == 499
        reading.close()


def test_a_store_of_a_newer_program_is_refused(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'e.db'}")
    with engine.begin() as connection:
        migrate(connection, [*MIGRATIONS, lambda _: None])
    engine.dispose()
    with pytest.raises(OutputError, match="schema 2"):
        EventStore(str(tmp_path / "e.db")).open()


def test_an_older_store_is_brought_up_to_date_and_keeps_its_events(tmp_path):
    path = tmp_path / "e.db"
    with output(path) as store:
        store.write([alarm(1.0)])
    engine = create_engine(f"sqlite:///{path}")
    added = [*MIGRATIONS, lambda c: c.execute(text("ALTER TABLE events ADD COLUMN note TEXT"))]
    with engine.begin() as connection:
        assert migrate(connection, added) == len(added)
        assert migrate(connection, added) == len(added)
        assert connection.execute(text("SELECT kind, note FROM events")).all() == [("asystole", None)]
    engine.dispose()


def test_asking_a_store_that_is_not_there_says_so(tmp_path):
    with pytest.raises(OutputError, match="there is no event store"):
        rows(tmp_path / "missing.db")


def test_text_from_outside_is_only_ever_a_value(tmp_path):
    path = tmp_path / "e.db"
    with output(path) as store:
        store.write([alarm(1.0, device="x'; DROP TABLE events; --")])
    assert len(rows(path, device="x'; DROP TABLE events; --")) == 1
    assert rows(path, kinds=("' OR 1=1 --",)) == []


def test_a_store_may_be_used_from_another_thread(tmp_path):
    with output(tmp_path / "e.db") as store:
        store.write([alarm(1.0)])
        thread = threading.Thread(target=store.write, args=([alarm(2.0)],))
        thread.start()
        thread.join()
        assert store.problem is None
    assert len(rows(tmp_path / "e.db")) == 2


def test_an_address_may_come_from_the_environment_or_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("STORE_ADDRESS", "postgresql://secret")
    (tmp_path / "address").write_text("sqlite:///x.db\n")
    assert resolve("env:STORE_ADDRESS") == "postgresql://secret"
    assert resolve(f"file:{tmp_path / 'address'}") == "sqlite:///x.db"
    with pytest.raises(SettingsError, match="NOT_THERE"):
        resolve("env:NOT_THERE")


def test_two_programs_may_begin_one_store_at_once(tmp_path):
    path, problems = tmp_path / "e.db", []

    def begin(number: int) -> None:
        with output(path) as store:
            for second in range(5):
                store.write([alarm(second, device=f"bed-{number}")])
            store.store.flush()
            problems.append(store.problem)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == [None] * 4
    assert len(rows(path)) == 20


def test_a_store_whose_first_moments_were_cut_off_is_completed(tmp_path):
    path = tmp_path / "e.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE schema_version (version INTEGER NOT NULL)")
    connection.close()
    with output(path) as store:
        store.write([alarm(1.0)])
        assert store.problem is None
    assert len(rows(path)) == 1


def test_a_change_of_schema_happens_whole_or_not_at_all(tmp_path):
    engine = open_engine(str(tmp_path / "e.db"))

    def fail(connection: object) -> None:
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError), engine.begin() as connection:
        migrate(connection, (*MIGRATIONS, fail))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar_one() == 0
    engine.dispose()


def test_names_are_stored_when_the_disk_is_back_and_the_problem_ends_without_an_event(tmp_path):
    folder = tmp_path / "sd"
    folder.write_text("in the way")
    settings = StoreSettings(address=str(folder / "e.db"))
    store = StoreOutput(settings, lambda: 1_000_000.0, {"ecg": "Jane Roe"})
    store.__enter__()
    assert store.problem is not None
    folder.unlink()
    store.write([])
    assert store.problem is None
    store.__exit__(None, None, None)
    assert EventStore(str(folder / "e.db")).patients() == {"ecg": "Jane Roe"}
