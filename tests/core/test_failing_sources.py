"""Sources and devices that fail: tried again, with an alarm, and at nobody else's cost."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest

from ecgmon.firmware_bridge.errors import PortMissingError
from ecgmon.monitor.cli import main
from ecgmon.monitor.core.errors import SettingsError, SignalError, SourceError
from ecgmon.monitor.core.events import Alarm, Event, HeartRate, SampleBlock, SourceStatus
from ecgmon.monitor.headless.report import Reporter
from ecgmon.monitor.ingest.registry import open_source
from ecgmon.monitor.ingest.settings import SourceSettings
from ecgmon.monitor.outputs.annotations import AnnotationOutput
from ecgmon.monitor.pipeline.pipeline import Pipeline
from ecgmon.monitor.run import follower, quarantine
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.quarantine import Quarantine
from ecgmon.monitor.run.service_settings import ServiceSettings
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.sim.devices.boards import BOARDS
from ecgmon.sim.devices.device import VirtualDevice
from ecgmon.sim.devices.pty import PtyDevice

sys.path.insert(0, str(Path(__file__).parents[1] / "ingest"))
from mosquitto import BINARY, Mosquitto

FS = 360
Step = SampleBlock | SourceStatus | float | Exception


class Script:
    """A source that fails to open so often, then plays blocks, news, pauses (seconds) and errors."""

    def __init__(self, name: str, steps: Sequence[Step], *, refusals: Sequence[Exception] = ()) -> None:
        self.name, self.live = name, True
        self._steps, self._refusals = list(steps), list(refusals)
        self.entered = 0

    async def __aenter__(self) -> Self:
        self.entered += 1
        if self._refusals:
            raise self._refusals.pop(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[SampleBlock | SourceStatus]:
        while self._steps:
            step = self._steps.pop(0)
            if isinstance(step, float):
                await asyncio.sleep(step)
            elif isinstance(step, Exception):
                raise step
            else:
                yield step


def block(start: int, device: str, fs_hz: float = FS, seconds: float = 1.0) -> SampleBlock:
    n = round(seconds * fs_hz)
    return SampleBlock(np.random.default_rng(start).normal(0, 0.01, (1, n)), start, fs_hz, device)


def going_on(device: str, seconds: float) -> list[Step]:
    """Return blocks of a second, one every tenth of a second."""
    return [step for n in range(round(seconds * 10)) for step in (block(n * FS, device), 0.1)]


def run(*sources: Any, outputs: Sequence[Any] = (), **settings: Any) -> tuple[Monitor, list[Event]]:
    events: list[Event] = []
    monitor = Monitor(MonitorSettings(**settings), sources, outputs)
    write = monitor._fan.write

    def noted(found: Sequence[Event]) -> None:
        events.extend(found)
        write(found)

    monitor._fan.write = noted  # type: ignore[method-assign]
    asyncio.run(monitor.run())
    return monitor, events


def alarms(events: Sequence[Event], kind: str, device: str) -> list[str]:
    found = (e for e in events if isinstance(e, Alarm))
    return [alarm.state for alarm in found if (alarm.kind, alarm.device) == (kind, device)]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "FIRST_RETRY_S", 0.1)


BUSY = SourceError("the port is busy.")


def test_a_source_that_cannot_start_is_tried_again_while_others_run_with_an_alarm():
    late = Script("late", [block(0, "late")], refusals=[BUSY, BUSY, TypeError("a bug")])
    _, events = run(late, Script("band", going_on("band", 1.5)))
    assert late.entered == 4
    assert alarms(events, "source_failed", "late") == ["active", "inactive"]
    said = [e.detail for e in events if isinstance(e, SourceStatus) and e.device == "late"]
    assert said[0] == "the port is busy. Trying again."
    assert len(said) == 2  # the busy port is said once, then the bug
    assert any(isinstance(e, Alarm) for e in events if e.device == "late")


def test_a_source_that_fails_after_it_gave_something_is_taken_up_again_even_if_it_is_the_only_one():
    source = Script(
        "band", [block(0, "band"), BUSY, block(FS, "band"), RuntimeError("a bug"), block(720, "band")]
    )
    monitor, events = run(source)
    assert monitor.streams["band"].pipeline.processed == 3 * FS
    assert alarms(events, "source_failed", "band") == ["active", "inactive"] * 2


@pytest.mark.parametrize(
    ("refusal", "settings", "kind"),
    [
        (BUSY, {}, SourceError),
        (SettingsError("no such file."), {}, SettingsError),
        (SettingsError("no such file."), {"wait_for_sources": True}, SettingsError),
        (BUSY, {"service": ServiceSettings(), "wait_for_sources": False}, SourceError),
        (RuntimeError("a bug"), {"wait_for_sources": True}, RuntimeError),
    ],
)
def test_the_only_source_ends_the_run_if_it_can_never_work_or_nobody_waits(refusal, settings, kind):
    with pytest.raises(kind):
        run(Script("band", [block(0, "band")], refusals=[refusal]), **settings)


@pytest.mark.parametrize("settings", [{"wait_for_sources": True}, {"service": ServiceSettings()}])
def test_whoever_waits_takes_the_only_source_once_it_is_there(settings):
    monitor, events = run(Script("band", [block(0, "band")], refusals=[BUSY, BUSY]), **settings)
    assert list(monitor.streams) == ["band"]
    assert alarms(events, "source_failed", "band") == ["active", "inactive"]


def test_a_run_ends_when_all_fail_and_does_not_wait_once_the_others_have_ended():
    missing = [BUSY] * 1000
    with pytest.raises(SourceError, match="busy"):
        run(Script("one", [], refusals=missing), Script("two", [], refusals=missing))
    begin = time.monotonic()
    run(Script("one", [], refusals=missing), Script("band", [block(0, "band")]))
    assert time.monotonic() - begin < 30


async def test_a_run_that_waits_is_stopped_at_once():
    waits = MonitorSettings(wait_for_sources=True)
    monitor = Monitor(waits, [Script("band", [], refusals=[BUSY] * 1000)])
    running = asyncio.create_task(monitor.run())
    await asyncio.sleep(0.3)
    monitor.stop()
    async with asyncio.timeout(30):
        await running
    assert monitor.finished


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running(address: str) -> AsyncIterator[Monitor]:
    source = open_source(address, SourceSettings())
    monitor = Monitor(MonitorSettings(wait_for_sources=True), [source])
    task = asyncio.create_task(monitor.run())
    yield monitor
    monitor.stop()
    await task


async def test_a_port_that_appears_later_is_taken(tmp_path):
    port = tmp_path / "tty"
    async with running(f"serial:{port}?device=native&name=bed") as monitor:
        await until(lambda: "bed" in monitor.awaited)
        assert [a.kind for a in monitor.awaited["bed"].alarms.open_alarms()] == ["source_failed"]
        with PtyDevice(VirtualDevice(BOARDS["native"](), np.zeros(50_000)), link=port):
            await until(lambda: "bed" in monitor.streams)
        assert "source_failed" not in [a.kind for a in monitor.streams["bed"].alarms.open_alarms()]


@pytest.mark.skipif(BINARY is None, reason="mosquitto is not installed")
async def test_a_broker_that_starts_later_is_taken(tmp_path):
    server = Mosquitto(tmp_path)
    link = f"127.0.0.1:{server.port}"
    async with running(f"mqtt://{link}/ecg/+/raw") as monitor:
        await until(lambda: link in monitor.awaited)
        assert [a.kind for a in monitor.awaited[link].alarms.open_alarms()] == ["source_failed"]
        assert Reporter(monitor).report()["awaited"][link]["alarms"][0]["kind"] == "source_failed"
        assert f"{link} ALARM source_failed" in Reporter(monitor).line()
        server.start()
        await until(lambda: monitor.awaited[link].alarms.open_alarms() == [])
        server.kill()
        await until(lambda: monitor.awaited[link].alarms.open_alarms() != [])
        assert [a.kind for a in monitor.awaited[link].alarms.open_alarms()] == ["signal_lost"]
        server.start()
        await until(lambda: monitor.awaited[link].alarms.open_alarms() == [])
    server.kill()


def test_ports_that_are_all_missing_end_with_the_code_of_the_first(capsys):
    missing = [
        "--source",
        "serial:/dev/ttyNOPE0?device=cyton",
        "--source",
        "serial:/dev/ttyNOPE1?device=cyton",
    ]
    assert main(["run", *missing, "--headless"]) == PortMissingError.exit_code
    assert "ttyNOPE0" in capsys.readouterr().err


def test_a_live_source_that_ends_while_others_go_on_is_a_lost_signal():
    _, events = run(
        Script("gone", [block(0, "gone")]), Script("mute", []), Script("band", going_on("band", 4.0))
    )
    assert alarms(events, "signal_lost", "gone") == ["active"]
    assert alarms(events, "signal_lost", "mute") == ["active"]
    assert alarms(events, "signal_lost", "band") == []


def test_a_recording_that_cannot_be_read_is_no_success_and_spoils_no_other(tmp_path):
    slow, good = Script("slow", [block(0, "slow", 20.0)]), Script("good", [block(0, "good", seconds=5.0)])
    slow.live = good.live = False
    with pytest.raises(SignalError, match="20 Hz"):
        run(slow, good, outputs=[AnnotationOutput(tmp_path)])
    assert [path.name for path in tmp_path.iterdir()] == ["good.ecgmon"]


def status(device: str, state: Any, detail: str = "") -> SourceStatus:
    return SourceStatus(sample=0, time_s=0.0, known_at=0, device=device, state=state, detail=detail)


def test_a_device_that_was_never_heard_has_alarms_and_keeps_what_has_latched():
    steps: list[Step] = [
        status("band", "silent", "nothing comes"),
        status("band", "unreadable", "rubbish comes"),
        0.1,
        block(0, "band"),
    ]
    latching = MonitorSettings().alarms.changed({"data_unreadable": {"latching": True}})
    monitor, events = run(Script("band", steps), alarms=latching)
    assert alarms(events, "signal_lost", "band") == ["active", "inactive"]
    assert alarms(events, "data_unreadable", "band") == ["active", "latched"]
    assert [a.kind for a in monitor.streams["band"].alarms.open_alarms()] == ["data_unreadable"]
    assert monitor.awaited == {}


def test_a_device_at_a_rate_that_cannot_be_served_stays_unreadable_whatever_its_source_says():
    slow = [block(20 * n, "band", 20.0) for n in range(3)]
    steps = [*slow, status("band", "streaming", "20 Hz"), *slow, block(0, "belt")]
    monitor, events = run(Script("both", steps))
    assert alarms(events, "data_unreadable", "band") == ["active"]
    assert monitor.awaited["band"].status is not None
    assert monitor.awaited["band"].status.state == "unreadable"
    assert list(monitor.streams) == ["belt"]


def test_names_of_strangers_cost_no_more_than_so_many_alarm_engines(monkeypatch):
    monkeypatch.setattr("ecgmon.monitor.run.presence.MOST_AWAITED", 3)
    monitor, events = run(Script("link", [status(f"name-{n}", "unreadable") for n in range(9)]))
    assert len(monitor.awaited) == 3
    assert len([e for e in events if isinstance(e, SourceStatus)]) == 9


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the analysis of the device ``bad`` fail at its third second, once."""
    monkeypatch.setattr(quarantine, "FIRST_S", 0.3)
    whole, failed = Pipeline.process, []

    def process(self: Pipeline, given: Any, **more: Any) -> list[Event]:
        if isinstance(given, SampleBlock) and given.device == "bad" and given.start >= 2 * FS and not failed:
            failed.append(True)
            raise ZeroDivisionError("a bug")
        return whole(self, given, **more)

    monkeypatch.setattr(Pipeline, "process", process)


def test_a_device_whose_analysis_fails_is_set_apart_and_begins_afresh_later(faulty):
    alone, _ = run(Script("good", going_on("good", 1.5)))
    monitor, events = run(Script("good", going_on("good", 1.5)), Script("bad", going_on("bad", 1.5)))
    assert alarms(events, "data_unreadable", "bad") == ["active", "inactive"]
    rates = [event.bpm for event in events if isinstance(event, HeartRate) and event.device == "bad"]
    assert rates[-1] is None
    (told, again) = [e for e in events if isinstance(e, SourceStatus) and e.device == "bad"]
    assert "ZeroDivisionError" in told.detail
    assert (told.state, again.state) == ("unreadable", "streaming")
    assert monitor.streams["bad"].pipeline.processed == 15 * FS
    assert monitor.streams["good"].log.since(0)[1] == alone.streams["good"].log.since(0)[1]


def test_a_bug_in_the_analysis_of_a_recording_is_no_matter_of_retries(faulty):
    film = Script("bad", going_on("bad", 0.5))
    film.live = False
    with pytest.raises(ZeroDivisionError):
        run(film)


def test_a_device_that_fails_again_and_again_waits_ever_longer_up_to_a_limit():
    now = [0.0]
    apart = Quarantine(lambda: now[0])
    waits = []
    for _ in range(8):
        waits.append(apart.put("bed"))
        assert apart.holds("bed")
        assert not apart.holds("other")
        now[0] += waits[-1]
        assert not apart.holds("bed")
        assert (apart.release("bed"), apart.release("bed")) == (True, False)
    assert waits == [10, 20, 40, 80, 160, 300, 300, 300]
    now[0] += quarantine.FORGIVEN_S
    assert apart.put("bed") == quarantine.FIRST_S
