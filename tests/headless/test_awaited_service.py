"""A service whose device is not there yet: its status tells, and its alarms can be acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from ecgmon.monitor.cli import main
from ecgmon.monitor.cli.terminal import waiting_words
from ecgmon.monitor.headless.attendant import attended
from ecgmon.monitor.ingest.registry import open_source
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.service_settings import ServiceSettings
from ecgmon.monitor.run.settings import MonitorSettings


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.02)


async def test_a_service_waits_for_its_port_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    socket = str(tmp_path / "ecgmon.sock")
    service = ServiceSettings(socket=Path(socket), state=tmp_path / "state.json")
    settings = MonitorSettings(service=service)
    monitor = Monitor(settings, [open_source(f"serial:{tmp_path / 'ttyX'}?device=cyton&name=bed", settings)])
    run = asyncio.create_task(monitor.run())
    async with attended(monitor, service):
        await until(lambda: "bed" in monitor.awaited)
        assert await asyncio.to_thread(main, ["status", "--socket", socket]) == 0
        said = capsys.readouterr().out
        assert f"bed: connecting, no sample yet: There is no port {tmp_path / 'ttyX'}." in said
        assert "ALARM medium source_failed active: Source failed: There is no port" in said
        assert await asyncio.to_thread(main, ["acknowledge", "--socket", socket]) == 0
        await until(lambda: monitor.awaited["bed"].alarms.open_alarms()[0].state == "acknowledged")
        shown = waiting_words(monitor.awaited.values()).plain
        assert "bed  connecting: There is no port" in shown
        assert "bed  ALARM  Source failed" in shown
    monitor.stop()
    await run
