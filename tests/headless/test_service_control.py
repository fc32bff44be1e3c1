"""A running monitor answers on its local socket, and tells the service manager that it lives."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
from pathlib import Path

import numpy as np
import pytest

from ecgmon.monitor.alarms import AlarmSettings
from ecgmon.monitor.core.errors import SettingsError, SourceError
from ecgmon.monitor.core.events import SampleBlock, SourceStatus
from ecgmon.monitor.headless.attendant import attended
from ecgmon.monitor.headless.control import ask
from ecgmon.monitor.headless.open_alarms import StateFile
from ecgmon.monitor.headless.systemd import alive_every_s, notify
from ecgmon.monitor.ingest.base import Source
from ecgmon.monitor.outputs.store import StoreOutput
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.service_settings import ServiceSettings
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.monitor.store.settings import StoreSettings
from ecgmon.monitor.store.store import EventStore, Query

FS = 360.0


class Flat:
    """A live source of a flat trace, a second of signal for each permit."""

    name = "flat"
    live = False

    def __init__(self) -> None:
        self.permits: asyncio.Queue[int] = asyncio.Queue()
        self._next = 0

    async def __aenter__(self) -> Flat:
        return self

    async def __aexit__(self, *_: object) -> None:
        return

    def __aiter__(self) -> Flat:
        return self

    async def __anext__(self) -> SampleBlock:
        seconds = await self.permits.get()
        if not seconds:
            raise StopAsyncIteration
        start, self._next = self._next, self._next + seconds * 360
        return SampleBlock(np.zeros((1, seconds * 360)), start, FS, "bed-1")


async def let_it_hear(monitor: Monitor, source: Flat, seconds: int) -> None:
    source.permits.put_nowait(seconds)
    for _ in range(200):
        await asyncio.sleep(0.02)
        stream = monitor.streams.get("bed-1")
        if stream is not None and stream.pipeline.processed >= source._next > 0:
            return
    raise AssertionError("the block was not processed")


def monitor_of(source: Source) -> Monitor:
    return Monitor(MonitorSettings(), [source])


@pytest.fixture
def service(tmp_path: Path) -> ServiceSettings:
    return ServiceSettings(
        socket=tmp_path / "run" / "ecgmon.sock", state=tmp_path / "state.json", state_every_s=0.2
    )


async def test_a_running_monitor_says_how_it_is_doing(service):
    source = Flat()
    monitor = monitor_of(source)
    run = asyncio.create_task(monitor.run())
    async with attended(monitor, service):
        await let_it_hear(monitor, source, 10)
        told = SourceStatus(sample=0, time_s=0, known_at=0, state="streaming", clock="counter of samples")
        monitor.streams["bed-1"].report(told)
        report = await asyncio.to_thread(ask, service.socket, {"do": "status"})
        source.permits.put_nowait(0)
        await run
    device = report["devices"]["bed-1"]
    assert device["signal_s"] == 10
    assert device["clock"] == "counter of samples"
    assert "asystole" in [alarm["kind"] for alarm in device["alarms"]]
    assert report["pid"] == os.getpid()


async def test_alarms_are_acknowledged_and_silenced_from_outside(service):
    source = Flat()
    monitor = monitor_of(source)
    run = asyncio.create_task(monitor.run())
    async with attended(monitor, service):
        await let_it_hear(monitor, source, 10)
        await asyncio.to_thread(ask, service.socket, {"do": "silence", "seconds": 30})
        await asyncio.to_thread(ask, service.socket, {"do": "acknowledge", "kind": "asystole"})
        await asyncio.sleep(0.05)
        states = {a.kind: a.state for a in monitor.streams["bed-1"].alarms.open_alarms()}
        source.permits.put_nowait(0)
        await run
    assert states["asystole"] == "acknowledged"
    assert states["pause"] == "silenced"


async def test_alarm_signals_are_paused_and_resumed_from_outside(service):
    source = Flat()
    monitor = monitor_of(source)
    run = asyncio.create_task(monitor.run())
    async with attended(monitor, service):
        await let_it_hear(monitor, source, 1)
        await asyncio.to_thread(ask, service.socket, {"do": "pause", "seconds": 60})
        await let_it_hear(monitor, source, 9)
        paused = await asyncio.to_thread(ask, service.socket, {"do": "status"})
        await asyncio.to_thread(ask, service.socket, {"do": "resume"})
        await asyncio.sleep(0.05)
        states = {a.kind: a.state for a in monitor.streams["bed-1"].alarms.open_alarms()}
        source.permits.put_nowait(0)
        await run
    device = paused["devices"]["bed-1"]
    assert device["paused"]
    assert device["core_share"] > 0
    assert {a["kind"]: a["state"] for a in device["alarms"]} == {"asystole": "active", "pause": "silenced"}
    assert states == {"asystole": "active", "pause": "active"}


async def test_open_alarms_survive_a_restart(service):
    first_source, second_source = Flat(), Flat()
    first = monitor_of(first_source)
    run = asyncio.create_task(first.run())
    async with attended(first, service):
        await let_it_hear(first, first_source, 10)
        await asyncio.sleep(0.5)
        saved = json.loads(service.state.read_text())
        first_source.permits.put_nowait(0)
        await run
    assert list(saved["devices"]) == ["bed-1"]

    second = monitor_of(second_source)
    run = asyncio.create_task(second.run())
    async with attended(second, service):
        await let_it_hear(second, second_source, 1)
        states = {a.kind: a.state for a in second.streams["bed-1"].alarms.open_alarms()}
        second_source.permits.put_nowait(0)
        await run
    assert states["asystole"] == "latched"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 99}', '{"version": 1, "at": 0, "devices": 3}'])
def test_a_damaged_state_file_is_left_aside(tmp_path, text):
    path = tmp_path / "state.json"
    path.write_text(text)
    assert StateFile(path).load() == {}


async def test_settings_are_reloaded_by_a_hangup_signal(service):
    source = Flat()
    monitor = monitor_of(source)
    off = MonitorSettings(alarms=AlarmSettings().changed({"asystole": {"enabled": False}}))
    run = asyncio.create_task(monitor.run())
    async with attended(monitor, service, lambda: off):
        await let_it_hear(monitor, source, 10)
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0.1)
        kinds = {a.kind for a in monitor.streams["bed-1"].alarms.open_alarms()}
        source.permits.put_nowait(0)
        await run
    assert "asystole" not in kinds
    assert "pause" in kinds


async def test_a_change_of_settings_is_stored(service, tmp_path):
    source, path = Flat(), tmp_path / "events.db"
    monitor = Monitor(MonitorSettings(), [source], [StoreOutput(StoreSettings(address=str(path)))])
    changed = MonitorSettings(alarms=AlarmSettings().changed({"heart_rate_high": {"limit_bpm": 99}}))
    run = asyncio.create_task(monitor.run())
    async with attended(monitor, service, lambda: changed):
        await let_it_hear(monitor, source, 1)
        await asyncio.to_thread(ask, service.socket, {"do": "reload"})
        await asyncio.to_thread(ask, service.socket, {"do": "reload"})
        source.permits.put_nowait(0)
        await run
    found = list(EventStore(str(path)).query(Query(types=("settings",))))
    assert [row["detail"] for row in found] == ["heart_rate_high.limit_bpm: 120.0 to 99.0"]


async def test_settings_that_are_refused_change_nothing(service):
    def refuse() -> MonitorSettings:
        raise SettingsError("ecgmon.toml: no such key")

    source = Flat()
    monitor = monitor_of(source)
    run = asyncio.create_task(monitor.run())
    async with attended(monitor, service, refuse):
        with pytest.raises(SourceError, match="no such key"):
            await asyncio.to_thread(ask, service.socket, {"do": "reload"})
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0.05)
        source.permits.put_nowait(0)
        await run
    assert monitor.settings.alarms == AlarmSettings()


@pytest.mark.parametrize(
    "request_text",
    [
        '{"do": "pause", "seconds": "long"}',
        '{"do": "silence", "seconds": -1}',
        '{"do": "acknowledge", "kind": []}',
        '{"do": "acknowledge", "device": {}}',
        "not json",
        "[]",
        '{"do": "destroy"}',
        '{"do": "silence", "device": "x"}',
        "x" * 50_000,
    ],
)
async def test_a_senseless_request_harms_nothing(service, request_text):
    monitor = monitor_of(Flat())
    async with attended(monitor, service):
        reader, writer = await asyncio.open_unix_connection(service.socket)
        writer.write(request_text.encode() + b"\n")
        answer = await asyncio.wait_for(reader.readline(), 10)
        writer.close()
        assert "error" in json.loads(answer)
        report = await asyncio.to_thread(ask, service.socket, {"do": "status"})
        assert report["devices"] == {}


async def test_the_socket_is_for_the_user_and_group_only_and_goes_away(service):
    async with attended(monitor_of(Flat()), service):
        assert stat.S_IMODE(service.socket.stat().st_mode) == 0o660
    assert not service.socket.exists()


async def test_a_second_monitor_at_the_same_socket_is_refused(service):
    async with attended(monitor_of(Flat()), service):
        with pytest.raises(SourceError, match="Another monitor answers"):
            async with attended(monitor_of(Flat()), service):
                pass


async def test_what_a_killed_program_left_is_replaced(service):
    service.socket.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(service.socket))
    async with attended(monitor_of(Flat()), service):
        assert "uptime_s" in await asyncio.to_thread(ask, service.socket, {"do": "status"})


def test_asking_nobody_says_so(tmp_path):
    with pytest.raises(SourceError, match="No monitor answers"):
        ask(tmp_path / "none.sock", {"do": "status"})


async def test_the_service_manager_is_told_of_the_start_the_life_and_the_end(service, tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify.sock"))
        manager.settimeout(2)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify.sock"))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        async with attended(monitor_of(Flat()), service):
            await asyncio.sleep(0.3)
        told = []
        while not told or told[-1] != "STOPPING=1":
            told.append(manager.recv(1000).decode())
    assert told.count("READY=1") == 1
    assert sum("WATCHDOG=1" in line for line in told) >= 3
    assert any("STATUS=waiting for a device" in line for line in told)


def test_without_a_service_manager_nothing_is_sent(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    assert notify("READY=1") is False
    assert alive_every_s() is None
