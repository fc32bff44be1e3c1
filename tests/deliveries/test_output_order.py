"""Outputs are told in an order in which nothing is announced before it is stored."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from ecgmon.monitor.core.events import Event, SampleBlock
from ecgmon.monitor.outputs.build import build_outputs
from ecgmon.monitor.outputs.fan import OutputFan
from ecgmon.monitor.outputs.gpio import GpioSettings
from ecgmon.monitor.outputs.mqtt_settings import MqttSettings
from ecgmon.monitor.outputs.notify import NotifySettings, WebhookSettings
from ecgmon.monitor.outputs.settings import DeliverySettings
from ecgmon.monitor.outputs.sound import SoundSettings
from ecgmon.monitor.recorder.settings import RecorderSettings
from ecgmon.monitor.store.settings import StoreSettings


def test_the_store_comes_first_and_the_recorder_before_all_that_announces(tmp_path):
    settings = DeliverySettings(
        sound=SoundSettings(player=("true",)),
        mqtt=MqttSettings(),
        notify=NotifySettings(urls=("json://localhost",)),
        webhook=WebhookSettings(url="http://localhost"),
        recorder=RecorderSettings(folder=tmp_path),
        store=StoreSettings(address=str(tmp_path / "e.db")),
    )
    names = [type(output).__name__ for output in build_outputs(settings)]
    assert names[:2] == ["StoreOutput", "RecorderOutput"]
    assert sorted(names[2:]) == ["Annunciator", "QueuedOutput", "QueuedOutput", "Recipients"]


def test_nothing_is_built_that_was_not_asked_for():
    assert build_outputs(DeliverySettings()) == []
    assert GpioSettings().lamp_pin == 17


class Plain:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def write(self, events: Sequence[Event]) -> None:
        self.events += events


class Faulty(Plain):
    problem_kind = "output_failed"
    problem: str | None = None
    blocks = 0

    def take(self, _block: SampleBlock) -> None:
        self.blocks += 1


@pytest.fixture
def pair() -> tuple[Plain, Faulty]:
    return Plain(), Faulty()


def test_events_go_to_all_and_samples_to_those_that_want_them(pair, make_alarm):
    plain, faulty = pair
    fan = OutputFan([plain, faulty])  # type: ignore[list-item]
    fan.write([make_alarm()])
    fan.write([])
    fan.take(SampleBlock.__new__(SampleBlock))
    assert len(plain.events) == len(faulty.events) == 1
    assert faulty.blocks == 1


def test_problems_are_gathered_by_kind(pair):
    plain, faulty = pair
    other = Faulty()
    fan = OutputFan([plain, faulty, other])  # type: ignore[list-item]
    assert fan.problems() == {"output_failed": None}
    other.problem = "MQTT does not work"
    assert fan.problems() == {"output_failed": "MQTT does not work"}


def test_a_store_and_three_dead_outputs_take_little_time(tmp_path, make_alarm):
    settings = DeliverySettings(
        store=StoreSettings(address=str(tmp_path / "e.db")),
        mqtt=MqttSettings(host="127.0.0.1", port=1),
        webhook=WebhookSettings(url="http://127.0.0.1:1/"),
    )
    outputs = build_outputs(settings)
    for output in outputs:
        output.__enter__()
    fan = OutputFan(outputs)
    begin = time.perf_counter()
    for _ in range(20):
        fan.write([make_alarm()])
    assert time.perf_counter() - begin < 2.0
    for output in outputs:
        output.__exit__(None, None, None)
