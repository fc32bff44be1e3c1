"""The output says in plain words what is wrong with its broker, and goes on when it is mended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from certificates import Authority
from mosquitto import Mosquitto, free_port

from ecgmon.monitor.core.events import HeartRate
from ecgmon.monitor.headless.sharing import part_of
from ecgmon.monitor.outputs.mqtt import MqttSink
from ecgmon.monitor.outputs.mqtt_settings import MqttSettings
from ecgmon.monitor.outputs.queued import QueuedOutput
from ecgmon.monitor.run.settings import MonitorSettings

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
"""paho closes the socket of a failed handshake only by letting go of it."""

RATE = HeartRate(sample=0, time_s=0.0, known_at=0, bpm=60.0)


def wait_for(condition: Callable[[], object], seconds: float = 15.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


def output(port: int, **keys: object) -> QueuedOutput:
    settings = MqttSettings.model_validate({"host": "127.0.0.1", "port": port, "retry_s": 1, **keys})
    return QueuedOutput(MqttSink(settings), first_pause_s=0.1)


def test_a_wrong_password_is_an_alarm_in_plain_words_within_seconds(guarded: Mosquitto) -> None:
    began = time.monotonic()
    with output(guarded.port, user="nurse", password="wr0ng") as mqtt:
        mqtt.write([RATE])
        assert wait_for(lambda: mqtt.problem)
        problem = mqtt.problem or ""
    assert "refuses user name or password" in problem
    assert "wr0ng" not in problem
    assert time.monotonic() - began < 8.0


def test_an_expired_certificate_is_an_alarm_that_says_so(expired: Mosquitto, authority: Authority) -> None:
    with output(expired.port, tls=True, ca_file=authority.file) as mqtt:
        mqtt.write([RATE])
        assert wait_for(lambda: mqtt.problem)
        assert "certificate has expired" in (mqtt.problem or "")


@pytest.fixture
def late(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that is not there yet."""
    server = Mosquitto(tmp_path, port=free_port())
    yield server
    server.kill()


def test_a_broker_that_comes_late_gets_what_waited(late: Mosquitto) -> None:
    with output(late.port) as mqtt:
        mqtt.write([RATE])
        assert wait_for(lambda: mqtt.problem)
        assert f"There is no broker at 127.0.0.1:{late.port}" in (mqtt.problem or "")
        late.start()
        assert wait_for(lambda: mqtt.problem is None and not len(mqtt.mailbox))


def test_a_password_that_is_mended_is_not_needed_again(tmp_path: Path, late: Mosquitto) -> None:
    """What is read from a file at the start need not stay there: containers take secrets away."""
    (tmp_path / "pw").write_text("anything")
    late.start()
    with output(late.port, user="u", password=f"file:{tmp_path}/pw") as mqtt:
        mqtt.write([RATE])
        assert wait_for(lambda: not len(mqtt.mailbox))
        (tmp_path / "pw").unlink()
        late.kill()
        late.start()
        mqtt.write([HeartRate(sample=1, time_s=1.0, known_at=1, bpm=61.0)])
        assert wait_for(lambda: not len(mqtt.mailbox) and mqtt.problem is None)


def test_workers_of_a_ward_have_names_of_their_own_at_a_broker() -> None:
    """Of two clients of one name a broker throws one out, for ever in turn."""
    settings = MonitorSettings.model_validate(
        {
            "sources": ["mqtt://h/ecg/+/raw"],
            "mqtt": {"client_id": "ward"},
            "outputs": {"mqtt": {"client_id": "told"}},
            "service": {"workers": 2},
        }
    )
    parts = [part_of(settings, place, 2) for place in range(2)]
    assert [part.mqtt.client_id for part in parts] == ["ward-0", "ward-1"]
    assert [part.outputs.mqtt and part.outputs.mqtt.client_id for part in parts] == ["told-0", "told-1"]
    unnamed = part_of(MonitorSettings.model_validate({"service": {"workers": 2}}), 1, 2)
    assert unnamed.mqtt.client_id is None


def test_keys_of_the_output_have_defaults_that_suit_an_output() -> None:
    settings = MqttSettings()
    assert (settings.host, settings.port, settings.protocol) == ("localhost", None, "3.1.1")
    assert (settings.keepalive_s, settings.retry_s) == (20, 30.0)
