"""MQTT: what a subscriber of a real broker sees, before, during and after an outage."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from wire_helpers import Broker, wait_for

from ecgmon.monitor.core.events import Beat, Event, Forgotten, HeartRate, Quality, RhythmChange, SourceStatus
from ecgmon.monitor.outputs.mailbox import Message, Rank
from ecgmon.monitor.outputs.mqtt import MqttSink
from ecgmon.monitor.outputs.mqtt_settings import MqttSettings
from ecgmon.monitor.outputs.queued import QueuedOutput

PLACE = {"sample": 360, "time_s": 1.0, "known_at": 400}


class Subscriber:
    def __init__(self, port: int) -> None:
        self.seen: list[tuple[str, str, bool]] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        self.seen.append((message.topic, message.payload.decode(), message.retain))

    def topics(self) -> list[str]:
        return [topic for topic, _, _ in self.seen]

    def last(self, topic: str) -> Any:
        found = [text for name, text, _ in self.seen if name == topic]
        return found[-1] if found else None

    def publish(self, topic: str, text: str) -> None:
        self._client.publish(topic, text, qos=1, retain=True).wait_for_publish(5.0)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def subscriber(broker: Broker) -> Iterator[Subscriber]:
    subscriber = Subscriber(broker.port)
    yield subscriber
    subscriber.close()


def output(port: int) -> QueuedOutput:
    return QueuedOutput(MqttSink(MqttSettings(host="127.0.0.1", port=port)), first_pause_s=0.1)


def events() -> list[Event]:
    beat = Beat(
        **PLACE, symbol="V", aami="V", probabilities={"V": 0.9}, r_known_at=380, rr_s=0.8, quality=1.0
    )
    return [
        beat,
        HeartRate(**PLACE, bpm=72.0),
        RhythmChange(**PLACE, rhythm="AFIB"),
        Quality(**PLACE, index=0.9, reasons=()),
        SourceStatus(**PLACE, state="streaming", health={"battery_percent": 81.0}),
    ]


def test_each_sort_of_event_has_its_topic(broker, subscriber, make_alarm):
    with output(broker.port) as mqtt:
        mqtt.write([*events(), make_alarm()])
        wanted = {
            f"ecgmon/ecg/{name}"
            for name in (
                "beat",
                "hr",
                "rhythm",
                "quality",
                "status",
                "battery",
                "alarm",
                "problem",
                "alarms/asystole",
            )
        }
        assert wait_for(lambda: wanted <= set(subscriber.topics()))
    assert json.loads(subscriber.last("ecgmon/ecg/beat"))["symbol"] == "V"
    assert json.loads(subscriber.last("ecgmon/ecg/hr"))["bpm"] == 72.0
    assert json.loads(subscriber.last("ecgmon/ecg/alarm"))["kind"] == "asystole"
    assert subscriber.last("ecgmon/ecg/battery") == "81"


def test_who_subscribes_late_is_told_the_state(broker, make_alarm):
    with output(broker.port) as mqtt:
        mqtt.write([*events(), make_alarm()])
        assert wait_for(lambda: not len(mqtt.mailbox))
        late = Subscriber(broker.port)
        assert wait_for(lambda: late.last("ecgmon/ecg/problem") is not None)
        topics = {topic for topic, _, retained in late.seen if retained}
        late.close()
    assert "ecgmon/ecg/hr" in topics
    assert "ecgmon/ecg/rhythm" in topics
    assert "ecgmon/ecg/beat" not in topics
    assert "ecgmon/ecg/alarm" not in topics


def test_home_assistant_finds_the_device(broker, subscriber):
    with output(broker.port) as mqtt:
        mqtt.write(events())
        assert wait_for(lambda: subscriber.last("homeassistant/device/ecgmon_ecg/config") is not None)
    config = json.loads(subscriber.last("homeassistant/device/ecgmon_ecg/config"))
    assert config["availability_topic"] == "ecgmon/status"
    assert set(config["components"]) == {"heart_rate", "rhythm", "quality", "battery", "alarm"}
    assert config["components"]["alarm"]["device_class"] == "problem"
    assert len({part["unique_id"] for part in config["components"].values()}) == 5


def test_the_problem_is_on_while_any_alarm_is_open(broker, subscriber, make_alarm):
    with output(broker.port) as mqtt:
        for kind, state in (
            ("asystole", "active"),
            ("pause", "active"),
            ("pause", "inactive"),
            ("asystole", "latched"),
        ):
            mqtt.write([make_alarm(kind, state)])
        topic = "ecgmon/ecg/problem"
        assert wait_for(
            lambda: json.loads(subscriber.last(topic) or "{}").get("alarms") == {"asystole": "latched"}
        )
        mqtt.write([make_alarm("asystole", "inactive")])
        assert wait_for(lambda: json.loads(subscriber.last(topic))["problem"] == "OFF")


def test_the_monitor_says_when_it_comes_and_goes(broker, subscriber):
    with output(broker.port) as mqtt:
        mqtt.write(events())
        assert wait_for(lambda: subscriber.last("ecgmon/status") == "online")
    assert wait_for(lambda: subscriber.last("ecgmon/status") == "offline")


def test_alarms_of_an_outage_arrive_when_the_broker_is_back(broker, make_alarm, monkeypatch):
    monkeypatch.setattr("ecgmon.monitor.outputs.mqtt.CONNECT_S", 0.2)
    monkeypatch.setattr("ecgmon.monitor.outputs.mqtt.ACKNOWLEDGE_S", 2.0)
    with output(broker.port) as mqtt:
        mqtt.write(events())
        assert wait_for(lambda: not len(mqtt.mailbox))
        broker.stop()
        mqtt.write([make_alarm(message=f"{i}") for i in range(3)])
        assert wait_for(lambda: mqtt.problem is not None)
        broker.start()
        back = Subscriber(broker.port)

        def told() -> set[str]:
            return {json.loads(text)["message"] for name, text, _ in back.seen if name == "ecgmon/ecg/alarm"}

        assert wait_for(lambda: told() == {"0", "1", "2"}, 20)
        assert wait_for(lambda: back.last("ecgmon/ecg/rhythm") is not None)
        assert wait_for(lambda: mqtt.problem is None)
        back.close()


def test_a_device_name_cannot_break_out_of_its_topic(broker, subscriber):
    with output(broker.port) as mqtt:
        mqtt.write([HeartRate(**PLACE, bpm=60.0, device="a/#+b c")])
        assert wait_for(lambda: "ecgmon/a%2F%23%2Bb%20c/hr" in subscriber.topics())


def test_of_a_device_that_is_forgotten_the_broker_keeps_nothing(broker, subscriber):
    with output(broker.port) as mqtt:
        mqtt.write([HeartRate(**PLACE, bpm=60.0, device=name) for name in ("once", "stays")])
        assert wait_for(lambda: {"ecgmon/once/hr", "ecgmon/stays/hr"} <= set(subscriber.topics()))
        mqtt.write([Forgotten(**PLACE, state="ended", device="once")])
        assert wait_for(lambda: subscriber.last("ecgmon/once/hr") == "")
        assert wait_for(lambda: subscriber.last("homeassistant/device/ecgmon_once/config") == "")
        later = Subscriber(broker.port)
        assert wait_for(lambda: "ecgmon/stays/hr" in later.topics())
        assert not any("once" in topic for topic in later.topics())
        later.close()


def test_a_topic_that_mqtt_does_not_take_holds_up_nobody(broker, subscriber, make_alarm):
    with output(broker.port) as mqtt:
        mqtt.mailbox.put(Message("", ("ecgmon/#", "text", True, "ecg"), Rank.HIGH))
        mqtt.write([make_alarm()])
        assert wait_for(lambda: subscriber.last("ecgmon/ecg/problem") is not None)
        assert "MQTT does not take it" in (mqtt.problem or "")


def test_a_state_that_somebody_else_writes_over_is_published_again(broker, subscriber, make_alarm):
    topic = "ecgmon/ecg/problem"
    with output(broker.port) as mqtt:
        for i in range(30):  # its own texts that come back are no interference
            mqtt.write([make_alarm(), make_alarm(state="inactive"), make_alarm(f"kind_{i}")])
        assert wait_for(lambda: not len(mqtt.mailbox) and "kind_29" in (subscriber.last(topic) or ""))
        assert mqtt.problem is None
        subscriber.publish(topic, '{"problem": "OFF"}')
        assert wait_for(lambda: mqtt.problem == "MQTT: somebody else writes to its topics at the broker")
        assert wait_for(lambda: "kind_29" in subscriber.last(topic))


def test_a_password_is_never_shown():
    assert "hunter2" not in repr(MqttSettings(user="u", password="hunter2"))
