"""What is too old or too much goes, alarms last, and never by a clock that has jumped."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecgmon.monitor.core.events import Alarm
from ecgmon.monitor.store.retention import DAY_S, PERIOD_S, Retention
from ecgmon.monitor.store.rows import Row, RowMaker
from ecgmon.monitor.store.settings import StoreSettings
from ecgmon.monitor.store.store import EventStore, Query

START = 1_700_000_000.0


class Clocks:
    def __init__(self) -> None:
        self.wall, self.steady = START, 0.0

    def pass_s(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


def row(clocks: Clocks, sort: str = "alarm", padding: int = 0) -> Row:
    event = Alarm(sample=0, time_s=0, known_at=0, kind="k", priority="low", state="active", message="m")
    return {**RowMaker(lambda: clocks.wall).row(event), "type": sort, "body": '{"p":"' + "x" * padding + '"}'}


def open_store(path: Path, clocks: Clocks, **limits: float | None) -> tuple[EventStore, Retention]:
    store = EventStore(str(path))
    store.open()
    settings = StoreSettings(address=str(path), **{"keep_days": None, "keep_mb": None, **limits})
    return store, Retention(store, settings, lambda: clocks.wall, lambda: clocks.steady)


def test_old_events_are_deleted_and_new_ones_stay(tmp_path, clocks):
    store, retention = open_store(tmp_path / "e.db", clocks, keep_days=7)
    for _ in range(10):
        store.add([row(clocks)])
        clocks.pass_s(DAY_S)
        retention.tick()
    assert store.count() == 7
    store.close()


def test_nothing_happens_before_its_time(tmp_path, clocks):
    store, retention = open_store(tmp_path / "e.db", clocks, keep_days=1)
    store.add([{**row(clocks), "at": 0.0}])
    clocks.pass_s(PERIOD_S - 1)
    assert retention.tick() == 0
    clocks.pass_s(1)
    assert retention.tick() == 1
    store.close()


@pytest.mark.parametrize("jump_s", [400 * DAY_S, -400 * DAY_S])
def test_a_clock_that_jumps_deletes_nothing(tmp_path, clocks, jump_s):
    store, retention = open_store(tmp_path / "e.db", clocks, keep_days=7)
    store.add([row(clocks)])
    clocks.pass_s(PERIOD_S)
    clocks.wall += jump_s
    assert retention.tick() == 0
    clocks.wall -= jump_s
    clocks.pass_s(PERIOD_S)
    assert retention.tick() == 0
    assert store.count() == 1
    store.close()


def test_the_file_stays_within_its_size_and_keeps_alarms_longest(tmp_path, clocks):
    store, retention = open_store(tmp_path / "e.db", clocks, keep_mb=1)
    for _ in range(60):
        store.add([row(clocks, "alarm", 200)] + [row(clocks, "minute", 400) for _ in range(99)])
    assert (tmp_path / "e.db").stat().st_size > 2e6
    clocks.pass_s(PERIOD_S)
    assert retention.tick() > 2000
    assert (tmp_path / "e.db").stat().st_size < 1.1e6
    assert sum(1 for _ in store.query(Query(types=("alarm",)))) == 60
    store.close()


def test_alarms_go_too_when_nothing_else_is_left(tmp_path, clocks):
    store, retention = open_store(tmp_path / "e.db", clocks, keep_mb=1)
    for _ in range(60):
        store.add([row(clocks, "alarm", 400) for _ in range(100)])
    retention.apply()
    assert 0 < store.count() < 6000
    store.close()
