"""Many devices on one subscription: who is who, who is let in, and who pays for a flood."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ecgmon.monitor.core.events import Forgotten, SourceStatus
from ecgmon.monitor.ingest import crowd as crowds
from ecgmon.monitor.ingest.crowd import Crowd
from ecgmon.monitor.ingest.inbox import MESSAGES_HZ
from ecgmon.monitor.ingest.live_settings import MqttSettings
from ecgmon.monitor.ingest.topics import refusal_of

RATE_HZ = 250


def message(at: int = 0, **fields: Any) -> bytes:
    return json.dumps({"fs_hz": RATE_HZ, "seq": at, "samples": [0.1] * 50, **fields}).encode()


def crowd_of(subscribed: str = "ecg/+/raw", known: frozenset[str] = frozenset(), **settings: Any) -> Crowd:
    return Crowd(subscribed, MqttSettings.model_validate(settings), known, "broker")


class Wire:
    """Hands messages to a crowd at times of its own."""

    def __init__(self, crowd: Crowd) -> None:
        self.crowd, self.now_s = crowd, 100.0
        crowd.watch.verdict(0.0, self.now_s, self.now_s)
        self.said: list[SourceStatus] = []

    def send(self, name: str, payload: bytes, *, retained: bool = False) -> None:
        self.crowd.take(f"ecg/{name}/raw", payload, retained=retained, now_s=self.now_s)

    def pass_time(self, seconds: float) -> Iterator[float]:
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            yield self.now_s
            self.now_s += 0.2
            self.crowd.settled(self.now_s)
            self.said += self.crowd.news(self.now_s)

    def stream(self, seconds: float, *names: str, **fields: Any) -> None:
        for at, _ in enumerate(self.pass_time(seconds)):
            for name in names:
                self.send(name, message(at, **fields))

    def flood(self, behind_s: float) -> list[str] | None:
        return self.crowd.watch.verdict(behind_s, self.now_s, self.now_s)

    @property
    def names(self) -> list[str]:
        return sorted(inbox.name for inbox in self.crowd)

    def told(self, device: str) -> list[str]:
        return [f"{said.state}: {said.detail}" for said in self.said if said.device == device]


def test_two_beds_on_one_topic_are_two_devices_whichever_speaks_first():
    for order in (("a", "b"), ("b", "a")):
        wire = Wire(crowd_of())
        for at, _ in enumerate(wire.pass_time(3)):
            for device in order:
                wire.send("gateway", message(at, device=device))
        assert wire.names == ["gateway~a", "gateway~b"]
        assert all(len(inbox.take()) == 1 for inbox in wire.crowd)


def test_a_topic_with_one_device_is_called_as_the_topic_whatever_the_device_calls_itself():
    wire = Wire(crowd_of())
    wire.stream(2, "bed1", device="sn-4711")
    wire.stream(2, "bed2", device="bed2")
    wire.stream(2, "bed3")
    wire.send("bed1", b'{"device": "sn-4711", "samp')
    assert wire.names == ["bed1", "bed2", "bed3"]
    wire.stream(2, "bed1", device="sn-4712")
    assert wire.names == ["bed1", "bed1~sn-4712", "bed2", "bed3"]


@pytest.mark.parametrize(
    "devices", [("bed 1", "bed-1"), ("b\x1b[1m", "b"), ("x" * 70_000, "x" * 69_999 + "y")]
)
def test_names_in_messages_that_look_alike_are_two_devices(devices):
    wire = Wire(crowd_of("ecg/all/raw"))
    for at, _ in enumerate(wire.pass_time(1)):
        for device in devices:
            wire.send("all", message(at, device=device))
    names = wire.names
    assert len(set(names)) == 2
    assert all(name.isprintable() and len(name) < 100 for name in names)


@pytest.mark.parametrize(
    ("payload", "why"),
    [(b"\xff" * 40, "refused"), (b"{", "refused"), (b"", "refused"), (b"0" * 2_000_000, "max_message_bytes")],
)
def test_messages_of_which_nothing_comes_are_told_of_within_five_seconds(payload, why):
    wire = Wire(crowd_of())
    for _ in wire.pass_time(5):
        wire.send("bed1", payload)
    (told,) = wire.told("bed1")
    assert told.startswith("unreadable: messages arrive")
    assert why in told
    wire.stream(3, "bed1")
    assert wire.told("bed1")[1:] == ["streaming: its messages can be read again"]


def test_what_a_broker_kept_is_not_live():
    wire = Wire(crowd_of())
    wire.send("bed1", message(), retained=True)
    list(wire.pass_time(2))
    assert wire.names == []
    assert wire.told("broker") == ["streaming: 1 retained messages left aside: what a broker kept is old"]


def test_a_flood_costs_its_sender_the_service_and_nobody_else():
    wire = Wire(crowd_of(queue_samples=1000))
    for at, _ in enumerate(wire.pass_time(12)):
        for _ in range(1000):
            wire.send("flood", b"x")
        wire.send("good", message(at))
    (flood,) = (inbox for inbox in wire.crowd if inbox.name == "flood")
    assert wire.now_s < flood.shut_until_s
    assert f"more than {MESSAGES_HZ:g} messages" in wire.told("flood")[-1]
    (good,) = (inbox for inbox in wire.crowd if inbox.name == "good")
    assert sum(block.samples_mv.shape[1] for block in good.take()) == 1000
    assert wire.flood(behind_s=0.0) == ["ecg/good/raw"]
    wire.stream(1, "good")
    assert wire.flood(behind_s=5.0) is None


def test_one_who_sends_fast_is_a_flood_only_where_more_comes_than_can_be_read():
    for behind_s, told in ((0.0, None), (1.0, ["ecg/good/raw", "ecg/icu-1/raw"])):
        wire = Wire(crowd_of(known=frozenset({"icu-1"})))
        for at, _ in enumerate(wire.pass_time(2)):
            for part in range(100):
                wire.send("fast", message(100 * at + part))
            wire.send("good", message(at))
        assert wire.flood(behind_s) == told


def test_one_sample_a_message_is_no_flood_while_a_backlog_is_read():
    wire = Wire(crowd_of())
    wire.send("each", message(0, samples=[0.1]))
    for stalled_s, behind_s in ((2.0, 0.05), (0.1, 0.2), (0.1, 0.3), (0.1, 0.4)):
        for at in range(130):  # 520 messages in 2.3 s, most of which waited
            wire.send("each", message(at, samples=[0.1]))
        wire.now_s += stalled_s
        assert wire.flood(behind_s) is None
    (each,) = wire.crowd
    assert wire.now_s > each.shut_until_s


def test_who_floods_is_found_out_however_long_more_has_come_than_could_be_read():
    wire = Wire(crowd_of())
    for at, _ in enumerate(wire.pass_time(30)):
        wire.send("good", message(at))
        wire.flood(behind_s=wire.now_s - 100.0 + 0.1)
    for _ in wire.pass_time(3):
        for part in range(200):
            wire.send("fast", message(part))
        wire.flood(behind_s=wire.now_s - 100.0)
    shut = {inbox.name for inbox in wire.crowd if wire.now_s < inbox.shut_until_s}
    assert shut == {"fast"}


def test_a_bed_is_heard_on_though_another_floods_its_topic_for_as_long_as_that_can_be():
    wire = Wire(crowd_of())
    for at, _ in enumerate(wire.pass_time(2)):
        for part in range(100):
            wire.send("bed1", message(100 * at + part, device="fast"))
        wire.send("bed1", message(at, device="slow"))
        wire.send("good", message(at))
    assert wire.flood(behind_s=0.5) is None
    for part in range(1000):
        wire.send("bed1", message(part, device="fast"))
    wire.now_s += 0.1
    assert wire.flood(behind_s=4.0) == ["ecg/good/raw"]


def test_a_backlog_of_half_an_hour_is_no_flood():
    wire = Wire(crowd_of(queue_samples=1_000_000))
    for at in range(9000):
        wire.send("bridge", message(at))
        wire.now_s += 1e-3
    (inbox,) = wire.crowd
    assert inbox.refused == 0
    turns = 0
    while inbox.waits:
        assert sum(block.samples_mv.shape[1] for block in inbox.take()) <= 5050
        turns += 1
    assert turns > 100


def test_invented_names_leave_room_for_beds():
    wire = Wire(crowd_of(known=frozenset({"icu-1"}), max_devices=100))
    for at, _ in enumerate(wire.pass_time(4)):
        for number in range(500):
            wire.send(f"x{at}-{number}", b"x")
        wire.send("bed7", message(at))
        wire.send("icu-1", message(at))
    assert {"bed7", "icu-1"} <= set(wire.names)
    assert len(wire.crowd) <= 70
    assert "too many new names" in wire.told("broker")[0]
    assert wire.told("broker")[0].startswith("unreadable: ")


def test_a_known_bed_gets_a_place_where_none_is_left_and_an_idle_name_loses_its_own():
    wire = Wire(crowd_of(known=frozenset({"icu-1"}), max_devices=2))
    wire.stream(1, "a")
    wire.stream(1, "a", "b")
    wire.stream(1, "a", "b", "c")
    assert wire.names == ["a", "b"]
    wire.stream(1, "icu-1")
    assert wire.names == ["a", "icu-1"]
    gone = [said for said in wire.said if isinstance(said, Forgotten)]
    assert [said.device for said in gone] == ["b"]


def test_a_name_that_gave_next_to_nothing_is_forgotten_when_it_falls_silent():
    wire = Wire(crowd_of())
    wire.send("once", b"x")
    wire.stream(crowds.FORGET_AFTER_S + 5, "bed1")
    assert wire.names == ["bed1"]
    for inbox in wire.crowd:
        while inbox.waits:
            inbox.take()
    list(wire.pass_time(crowds.FORGET_AFTER_S + 5))
    assert wire.names == ["bed1"]


def test_a_machine_with_too_much_to_do_sends_away_who_came_last():
    wire = Wire(crowd_of(known=frozenset({"known"})))
    wire.stream(1, "first")
    wire.stream(1, "first", "last")
    wire.stream(1, "first", "last", "known")
    for at, _ in enumerate(wire.pass_time(crowds.OVERLOADED_FOR_S + 2)):
        wire.crowd.late(crowds.OVERLOADED_S + 1, wire.now_s)
        if at >= 5 * crowds.OVERLOADED_FOR_S:
            wire.send("newcomer", message(at))
    assert "newcomer" not in wire.names
    assert "too much to do" in wire.told("last")[-1]
    assert not any("too much to do" in told for told in wire.told("known"))


def test_a_fault_of_the_program_shuts_out_the_device_that_shows_it(monkeypatch, caplog):
    wire = Wire(crowd_of())
    wire.stream(1, "good", "bad")
    (bad,) = (inbox for inbox in wire.crowd if inbox.name == "bad")
    monkeypatch.setattr(bad.payloads, "decode", lambda _: 1 / 0)
    wire.stream(2, "good", "bad")
    assert "cannot be processed (ZeroDivisionError)" in wire.told("bad")[-1]
    assert wire.told("good") == []
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("topic", "refused"),
    [
        ("ecg/+/raw", ""),
        ("#", ""),
        ("$SYS/#", ""),
        ("", "empty"),
        ("a/#/b", "last"),
        ("a/b+", "slashes"),
        ("a#", "last"),
    ],
)
def test_a_topic_that_no_broker_takes_is_refused_beforehand(topic, refused):
    assert refused in refusal_of(topic)
    assert bool(refused) == bool(refusal_of(topic))
