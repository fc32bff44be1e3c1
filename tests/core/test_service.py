import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Self

import numpy as np
import pytest

from ecgmon.monitor.core.errors import OutputError, SignalError, SourceError
from ecgmon.monitor.core.events import Alarm, Beat, Event, SampleBlock, SettingsChange, SourceStatus
from ecgmon.monitor.ingest.registry import open_source
from ecgmon.monitor.ingest.settings import SourceSettings
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.monitor.run.stream import Stream
from ecgmon.monitor.run.thread import MonitorThread

FS = 360


class Collector:
    """An output that keeps what it is given."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def write(self, events: Sequence[Event]) -> None:
        self.events += events


class Script:
    """A live source that plays blocks, statuses, pauses (seconds) and errors in order."""

    def __init__(self, name: str, steps: Sequence[SampleBlock | SourceStatus | float | Exception]) -> None:
        self.name = self.address = name
        self.live = True
        self.steps = steps
        self.left = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.left = True

    async def __aiter__(self) -> AsyncIterator[SampleBlock | SourceStatus]:
        for step in self.steps:
            if isinstance(step, float):
                await asyncio.sleep(step)
            elif isinstance(step, Exception):
                raise step
            else:
                yield step


def flat(start: int, n: int, device: str, fs_hz: float = FS) -> SampleBlock:
    rng = np.random.default_rng(start)
    return SampleBlock(rng.normal(0, 0.01, (1, n)), start=start, fs_hz=fs_hz, device=device)


def replay(address: str) -> object:
    return open_source(address, SourceSettings())


def run(*sources: object, outputs: Sequence[object] = (), **more: float) -> Monitor:
    monitor = Monitor(MonitorSettings(), sources, outputs, **more)
    asyncio.run(monitor.run())
    return monitor


def test_a_replay_ends_by_itself_with_every_event_written_and_logged():
    out = Collector()
    monitor = run(replay("replay:100?speed=max"), outputs=[out], duration_s=60)
    stream = next(iter(monitor.streams.values()))
    beats = [e for e in out.events if isinstance(e, Beat)]
    assert len(beats) == 74 == sum(monitor.summary.beats.values())
    assert stream.log.since(0)[1] == out.events
    assert out.closed
    assert monitor.summary.signal_s >= 60


def test_two_records_run_side_by_side_without_mixing():
    out = Collector()
    monitor = run(
        replay("replay:100?speed=max"), replay("replay:232?speed=max"), outputs=[out], duration_s=30
    )
    alone = run(replay("replay:232?speed=max"), duration_s=30)
    (device,) = alone.streams
    together = [e for e in out.events if e.device == device]
    assert together == alone.streams[device].log.since(0)[1]
    assert len(monitor.streams) == 2


def test_a_silent_device_raises_signal_lost_and_its_return_clears_it():
    out = Collector()
    source = Script("band", [flat(0, 720, "band"), 2.7, flat(720, 720, "band")])
    run(source, outputs=[out])
    lost = [e.state for e in out.events if isinstance(e, Alarm) and e.kind == "signal_lost"]
    assert lost[0] == "active"
    assert lost[-1] != "active"
    assert [e.state for e in out.events if isinstance(e, SourceStatus)] == ["silent", "streaming"]


def test_one_source_that_fails_does_not_disturb_the_other():
    out = Collector()
    run(
        Script("broken", [SourceError("the port is busy.")]),
        Script("band", [flat(0, 720, "band")]),
        outputs=[out],
    )
    assert [e.detail for e in out.events if isinstance(e, SourceStatus)] == [
        "the port is busy. Trying again."
    ]
    assert any(e.device == "band" for e in out.events)


def test_the_run_fails_if_every_source_fails():
    with pytest.raises(SourceError, match="busy"):
        run(Script("broken", [SourceError("the port is busy.")]))


def test_an_output_that_fails_ends_the_run():
    class Full(Collector):
        def write(self, events: Sequence[Event]) -> None:
            raise OutputError("the disk is full.")

    source = Script("band", [flat(0, 720, "band"), 5.0])
    with pytest.raises(OutputError):
        run(source, outputs=[Full()])
    assert source.left


def test_a_device_that_changes_its_rate_goes_on_in_the_same_stream():
    out = Collector()
    monitor = run(Script("band", [flat(0, 720, "band"), flat(500, 500, "band", 250.0)]), outputs=[out])
    stream = monitor.streams["band"]
    assert (stream.fs_hz, stream.pipeline.processed, stream.log.since(0)[1]) == (250.0, 1000, out.events)
    (change,) = [event for event in out.events if isinstance(event, SettingsChange)]
    assert change.detail == "sampled at 250 Hz, was 360 Hz"


def test_a_stream_that_can_go_on_no_more_says_so_and_goes_on_with_what_it_can():
    out = Collector()
    steps = [flat(0, 720, "band"), flat(40, 40, "band", 20.0), flat(1440, 1440, "band")]
    run(Script("band", steps), outputs=[out])
    raised = [event for event in out.events if isinstance(event, Alarm) and event.kind == "data_unreadable"]
    assert "A rate of 20 Hz cannot be taken" in raised[0].message
    assert [event.state for event in raised] == ["active", "inactive"]
    assert [e.state for e in out.events if isinstance(e, SourceStatus)] == ["unreadable", "streaming"]


def test_open_alarms_of_an_earlier_run_are_taken_over_at_another_rate():
    before = Stream("band", 360.0)
    before.process(SampleBlock(np.zeros((1, 3600)), 0, 360.0, "band"))
    state = {"alarms": before.alarms.snapshot(), "away_s": 5.0}
    monitor = Monitor(MonitorSettings(), [])
    monitor.remember({"band": state, "belt": {**state, "alarms": {"fs_hz": 0, "version": 1}}})
    for device in ("band", "belt"):
        monitor._feed(flat(0, 100, device, 500.0), live=True)
    kept = monitor.streams["band"].alarms
    assert [(alarm.kind, alarm.state) for alarm in kept.open_alarms()] == [("asystole", "latched")]
    assert monitor.streams["belt"].alarms.open_alarms() == []
    silent = SampleBlock(np.zeros((1, 5000)), 100, 500.0, "band")
    again = [
        a for a in monitor.streams["band"].process(silent) if isinstance(a, Alarm) and a.kind == "asystole"
    ]
    assert [a.known_at / 500 for a in again] == [pytest.approx(4.7, abs=0.05)]


def test_a_rate_that_cannot_be_served_is_said_once():
    out = Collector()
    run(Script("band", [flat(0, 20, "band", 20.0), flat(20, 20, "band", 20.0)]), outputs=[out])
    (status,) = [e for e in out.events if isinstance(e, SourceStatus)]
    assert status.state == "unreadable"
    assert "50 to 5000 Hz" in status.detail


def test_a_recording_at_a_rate_that_cannot_be_served_is_an_error_and_no_success():
    source = Script("film", [flat(0, 20, "film", 20.0)])
    source.live = False
    with pytest.raises(SignalError, match="20 Hz cannot be taken; 50 to 5000 Hz can"):
        run(source)


def test_a_monitor_in_a_thread_stops_when_told_and_flushes():
    out = Collector()
    thread = MonitorThread(Monitor(MonitorSettings(), [replay("replay:100?speed=1")], [out]))
    thread.start()
    deadline = time.monotonic() + 20
    while not out.events and time.monotonic() < deadline:
        time.sleep(0.02)
    thread.stop()
    assert not thread.running
    assert thread.error is None
    assert out.closed


def test_an_acknowledgement_from_another_thread_is_written_like_any_event():
    out = Collector()
    source = Script("band", [flat(0, 720, "band"), 2.7, 3.0])
    thread = MonitorThread(Monitor(MonitorSettings(), [source], [out]))
    thread.start()
    deadline = time.monotonic() + 20

    def states() -> list[str]:
        return [e.state for e in out.events if isinstance(e, Alarm) and e.kind == "signal_lost"]

    while not states() and time.monotonic() < deadline:
        time.sleep(0.02)
    thread.monitor.acknowledge("band", "signal_lost")
    while len(states()) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    thread.stop()
    assert states() == ["active", "acknowledged"]


def test_a_stream_at_which_nobody_looks_keeps_little_and_finds_the_same():
    shown, unseen = Collector(), Collector()
    looked_at = run(replay("replay:207?speed=max"), outputs=[shown], duration_s=300.0)
    hidden = run(replay("replay:207?speed=max"), outputs=[unseen], duration_s=300.0, shown=False)
    assert unseen.events == shown.events
    assert len(looked_at.streams["207"].log.since(0)[1]) == len(shown.events) > 1000
    assert len(hidden.streams["207"].log.since(0)[1]) == 500
    assert looked_at.streams["207"].ring.capacity == 120 * 360
    assert hidden.streams["207"].ring.capacity == 1


def test_the_window_gets_all_leads():
    monitor = run(replay("replay:207?speed=max"), duration_s=5.0, all_leads=True)
    assert len(monitor.streams["207"].shown_leads) == 2
