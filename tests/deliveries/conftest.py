"""Fixtures of the output tests: a broker, a web server, alarms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from wire_helpers import Broker, WebServer

from ecgmon.monitor.core.events import Alarm


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def web() -> Iterator[WebServer]:
    server = WebServer()
    yield server
    server.close()


@pytest.fixture
def bad_web() -> Iterator[WebServer]:
    """A second server, for a recipient in trouble."""
    server = WebServer()
    yield server
    server.close()


@pytest.fixture
def make_alarm() -> Callable[..., Alarm]:
    def make(kind: str = "asystole", state: str = "active", priority: str = "high", **rest: Any) -> Alarm:
        place = {"sample": 0, "time_s": 0.0, "known_at": 0, "message": f"{kind} is {state}"}
        return Alarm(**{**place, "kind": kind, "state": state, "priority": priority, **rest})  # type: ignore[arg-type]

    return make
