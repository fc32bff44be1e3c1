"""The queue between the monitor and what announces: it never waits and loses no alarm."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

import pytest
from wire_helpers import wait_for

from ecgmon.monitor.core.events import Alarm, Event, HeartRate
from ecgmon.monitor.outputs.mailbox import RANKS, Mailbox, Message, Rank
from ecgmon.monitor.outputs.queued import QueuedOutput, RefusedError, Sink


class Recorder(Sink):
    """A sink that fails or hangs when told to."""

    name = "Recorder"

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.broken = False
        self.refused: set[str] = set()
        self.gate = threading.Event()
        self.gate.set()

    def messages(self, event: Event) -> Iterable[Message]:
        if isinstance(event, Alarm):
            yield Message("alarm", event.message, RANKS[event.priority])
        elif isinstance(event, HeartRate):
            yield Message("hr", f"hr {event.bpm:.0f}")

    def send(self, message: Message) -> None:
        self.gate.wait()
        if message.body in self.refused:
            raise RefusedError("refused for ever")
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


def taken(box: Mailbox) -> list[object]:
    found = [box.take() for _ in range(len(box))]
    return [message.body for message in found if message is not None]


def test_the_urgent_goes_first_and_states_of_alarms_before_beats_and_rates():
    box = Mailbox()
    for rank in reversed(Rank):
        box.put(Message(f"{rank}", f"{rank.name} 1", rank))
        box.put(Message(f"{rank}", f"{rank.name} 2", rank))
    alarms = [f"{name} {i}" for name in ("HIGH", "MEDIUM", "LOW") for i in (1, 2)]
    assert taken(box) == [*alarms, "ALARM_STATE 2", "STATE 2"]


def test_a_long_outage_keeps_a_bounded_number_and_every_alarm_of_high_priority():
    box = Mailbox(alarms=3, states=2)
    dropped = []
    for i in range(3):
        for rank in (Rank.LOW, Rank.MEDIUM, Rank.HIGH, Rank.HIGH):
            dropped += [message.body for message in box.put(Message("a", f"{rank.name} {i}", rank))]
        for rank in (Rank.STATE, Rank.ALARM_STATE):
            box.put(Message(f"{rank.name} {i}", f"{rank.name} {i}", rank))
    assert dropped[:4] == ["LOW 0", "LOW 1", "MEDIUM 0", "MEDIUM 1"]
    assert taken(box) == [*(f"HIGH {i}" for i in range(3) for _ in "ab"), "ALARM_STATE 1", "ALARM_STATE 2"]


def test_what_is_dropped_is_told(sink, make_alarm, monkeypatch):
    output = QueuedOutput(sink)
    output.mailbox = Mailbox(alarms=2)
    output.write([make_alarm(priority=priority) for priority in ("low", "high", "high", "low")])
    assert output.problem == "Recorder: messages not delivered: 2 low ones dropped because too many wait"
    monkeypatch.setattr("ecgmon.monitor.outputs.queued.ASIDE_SHOWN_S", -1.0)
    assert output.problem is None


def test_what_is_refused_for_ever_or_too_old_holds_up_nobody(sink, make_alarm):
    sink.refused = {"1"}
    with QueuedOutput(sink, too_old_s=100.0) as output:
        sink.gate.clear()
        output.write([make_alarm(message=f"{i}") for i in range(3)])
        output.mailbox.put(Message("alarm", "old", Rank.LOW, made=time.time() - 101))
        sink.gate.set()
        assert wait_for(lambda: sum(output.set_aside.values()) == 2)
        assert output.problem == "Recorder: messages not delivered: 1 refused for ever, 1 too old"
    assert sink.sent == ["0", "2"]


def test_an_alarm_of_high_priority_is_tried_at_once_behind_a_failure_and_a_flood(sink, make_alarm):
    sink.broken = True
    with QueuedOutput(sink, first_pause_s=60.0) as output:
        output.write([make_alarm(message=f"{i}", priority="low") for i in range(100)])
        assert wait_for(lambda: output.problem is not None)
        sink.broken = False
        output.write([make_alarm(message="asystole")])
        assert wait_for(lambda: len(sink.sent) == 101)
    assert sink.sent[0] == "asystole"


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
