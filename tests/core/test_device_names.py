"""One name, one patient: devices of several sources, and those that were next to nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
import pytest

from ecgmon.monitor.core.events import Event, Forgotten, SampleBlock, SourceStatus
from ecgmon.monitor.core.names import device_name
from ecgmon.monitor.headless.open_alarms import StateFile
from ecgmon.monitor.headless.patient_memory import PatientMemory
from ecgmon.monitor.ingest.crowd import Crowd
from ecgmon.monitor.ingest.live_settings import MqttSettings
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.names import DeviceNames
from ecgmon.monitor.run.settings import MonitorSettings

FS_HZ = 250.0


class Hub:
    """A live source of several devices, known by more than their names."""

    live = True

    def __init__(self, name: str, items: Sequence[SampleBlock | SourceStatus] = ()) -> None:
        self.name = name
        self._items = items

    def identity(self, device: str) -> str:
        return f"{device} of {self.name}"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[SampleBlock | SourceStatus]:
        for item in self._items:
            yield item
            await asyncio.sleep(0)


class Collected:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def write(self, events: Sequence[Event]) -> None:
        self.events += events


def block(device: str, start: int = 0, leads: tuple[str, ...] = ("ECG",)) -> SampleBlock:
    return SampleBlock(np.zeros((len(leads), 50)), start, FS_HZ, device, leads)


def news(kind: type[SourceStatus], device: str, **fields: str) -> SourceStatus:
    return kind(**{"sample": 0, "time_s": 0.0, "known_at": 0, "state": "ended", "device": device, **fields})


def name_of(names: DeviceNames, source: str, device: str) -> str:
    return names.told_apart(source, block(device)).device


@pytest.mark.parametrize("hub_first", [False, True])
def test_a_source_that_is_one_device_has_its_own_name_whoever_is_heard_first(hub_first):
    names = DeviceNames([Hub("bed1"), Hub("h:1883"), Hub("h:1884")])
    order = [("bed1", "bed1"), ("h:1883", "bed1"), ("h:1884", "bed1")]
    found = {
        source: name_of(names, source, device) for source, device in (order[::-1] if hub_first else order)
    }
    assert found == {"bed1": "bed1", "h:1883": "bed1@h:1883", "h:1884": "bed1@h:1884"}


def test_of_two_hubs_the_first_heard_keeps_a_name_and_what_is_kept_tells_whose_it_was():
    names = DeviceNames([Hub("a"), Hub("b")])
    assert [name_of(names, "a", "bed1"), name_of(names, "b", "bed1"), name_of(names, "b", "bed2")] == [
        *("bed1", "bed1@b", "bed2")
    ]
    assert names.origin("bed1") == "a bed1 of a"
    other = DeviceNames([Hub("a"), Hub("b")])
    assert name_of(other, "b", "bed1") == "bed1"
    assert other.origin("bed1") == "b bed1 of b"
    names.forget("bed1")
    assert name_of(names, "b", "bed1") == "bed1@b"
    assert name_of(names, "a", "bed1") == "bed1"


def test_what_comes_in_can_be_shown_whatever_a_source_calls_it():
    names = DeviceNames([Hub("a")])
    shown = names.told_apart("a", block("bed\n1", leads=("II\x1b[2J", "")))
    assert isinstance(shown, SampleBlock)
    assert shown.device == device_name("bed\n1")
    assert shown.leads == (r"II\x1b[2J", "ECG")
    told = names.told_apart("a", news(SourceStatus, "y" * 70_000, detail="\u202e" * 10_000))
    assert isinstance(told, SourceStatus)
    assert told.detail.isprintable()
    assert len(told.device) < 100
    assert len(told.detail) <= 600
    same = block("My Holter")
    assert names.told_apart("a", same) is same


async def test_two_hubs_with_a_bed_of_the_same_name_are_two_streams_and_a_forgotten_one_leaves_none():
    a = Hub("a", [block("bed1", 50 * n) for n in range(5)])
    gone = replace(block("x"), samples_mv=np.zeros((1, 50)))
    b = Hub(
        "b", [*(block("bed1", 50 * n) for n in range(3)), gone, news(Forgotten, "x"), news(SourceStatus, "z")]
    )
    collected = Collected()
    monitor = Monitor(MonitorSettings(), [a, b], [collected])
    await monitor.run()
    assert {name: stream.pipeline.processed for name, stream in monitor.streams.items()} == {
        "bed1": 250,
        "bed1@b": 150,
    }
    assert [event.device for event in collected.events if isinstance(event, Forgotten)] == ["x"]
    assert "x" not in monitor.awaited


def test_what_was_learned_or_open_is_not_handed_to_another_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def run(hub: Hub) -> Monitor:
        monitor = Monitor(MonitorSettings(), [hub, Hub("other")])
        await monitor.run()
        return monitor

    first = asyncio.run(run(Hub("a", [block("bed1", 50 * n) for n in range(5)])))
    second = asyncio.run(run(Hub("b", [block("bed1")])))
    PatientMemory(tmp_path, 1, 600, origin=first.origin).save_all(first.streams)
    assert PatientMemory(tmp_path, 1, 600, origin=first.origin).load("bed1") is not None
    assert PatientMemory(tmp_path, 1, 600, origin=second.origin).load("bed1") is None
    first.streams["bed1"].act(lambda engine: engine.report("storage_full", True, "full"))
    state = StateFile(tmp_path / "state.json", origin=first.origin)
    state.save(first.streams)
    for monitor, taken in ((first, ["bed1"]), (second, [])):
        stream, given = monitor.streams["bed1"], []
        monkeypatch.setattr(stream, "take_over", lambda _, given=given: given.append("bed1") or [])
        monitor.remember(state.load())
        monitor._resume(stream)
        assert given == taken


def test_a_device_behind_a_broker_is_known_by_topic_and_the_name_in_its_messages():
    crowd = Crowd("ecg/+/raw", MqttSettings(), frozenset(), "h")
    message = json.dumps({"device": "sn1", "fs_hz": 250, "samples": [0.1] * 50}).encode()
    crowd.take("ecg/bed1/raw", message, retained=False, now_s=0.0)
    (inbox,) = crowd
    assert inbox.identity == ("ecg/bed1/raw", "sn1")
