"""The queue between the monitor and what announces: it never waits and loses no alarm."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

import pytest
from wire_helpers import wait_for

from ecgmon.monitor.core.events import Alarm, Event, HeartRate
from ecgmon.monitor.outputs.queued import Mailbox, Message, QueuedOutput, Sink


class Recorder(Sink):
    """A sink that fails or hangs when told to."""

    name = "Recorder"

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.broken = False
        self.gate = threading.Event()
        self.gate.set()

    def messages(self, event: Event) -> Iterable[Message]:
        if isinstance(event, Alarm):
            yield Message("alarm", event.message, lasting=True)
        elif isinstance(event, HeartRate):
            yield Message("hr", f"hr {event.bpm:.0f}")

    def send(self, message: Message) -> None:
        self.gate.wait()
        if self.broken:
            raise ConnectionError("away")
        self.sent.append(message.body)


def rate(bpm: float) -> HeartRate:
    return HeartRate(sample=0, time_s=0, known_at=0, bpm=bpm)


@pytest.fixture
def sink() -> Recorder:
    return Recorder()


def test_messages_are_delivered_in_order(sink, make_alarm):
    with QueuedOutput(sink) as output:
        output.write([make_alarm(message=f"{i}") for i in range(100)])
    assert sink.sent == [f"{i}" for i in range(100)]


def test_every_alarm_survives_an_outage_and_of_the_rest_the_newest(sink, make_alarm):
    sink.broken = True
    with QueuedOutput(sink, first_pause_s=0.01) as output:
        for i in range(20):
            output.write([make_alarm(message=f"alarm {i}"), rate(60 + i)])
        assert wait_for(lambda: output.problem is not None)
        assert output.problem == "Recorder does not work: ConnectionError"
        sink.broken = False
        assert wait_for(lambda: len(sink.sent) == 21)
        assert wait_for(lambda: output.problem is None)
    assert sink.sent == [*(f"alarm {i}" for i in range(20)), "hr 79"]


def test_writing_to_an_output_that_hangs_takes_no_time(sink, make_alarm):
    sink.gate.clear()
    with QueuedOutput(sink) as output:
        begin = time.perf_counter()
        for _ in range(1000):
            output.write([make_alarm(), rate(60)])
        assert time.perf_counter() - begin < 0.5
        sink.gate.set()


def test_an_output_that_hangs_does_not_keep_the_program_from_ending(sink, make_alarm, monkeypatch):
    monkeypatch.setattr("ecgmon.monitor.outputs.queued.DRAIN_S", 0.1)
    sink.gate.clear()
    begin = time.perf_counter()
    with QueuedOutput(sink) as output:
        output.write([make_alarm()])
    assert time.perf_counter() - begin < 1.0
    sink.gate.set()


def test_a_long_outage_keeps_a_bounded_number_of_alarms():
    box = Mailbox(lasting=3, states=2)
    for i in range(5):
        box.put(Message("a", i, lasting=True))
        box.put(Message(f"s{i}", -i))
    assert box.dropped == 2
    taken = [box.take() for _ in range(5)]
    assert [message.body for message in taken if message is not None] == [2, 3, 4, -3, -4]


def test_a_message_put_back_gives_way_to_a_newer_one():
    box = Mailbox()
    box.put(Message("hr", 60))
    old = box.take()
    assert old is not None
    box.put(Message("hr", 61))
    box.put_back(old)
    assert len(box) == 1
    newest = box.take()
    assert newest is not None
    assert newest.body == 61
