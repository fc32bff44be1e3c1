"""Source addresses are taken apart as written, or refused with what is allowed."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from ecgmon.firmware_bridge.broker_settings import BrokerSettings
from ecgmon.monitor.cli.brokers import broker_at
from ecgmon.monitor.core.errors import UsageError
from ecgmon.monitor.ingest.address import Address
from ecgmon.monitor.ingest.registry import open_source, open_sources
from ecgmon.monitor.ingest.settings import ReplaySettings, SourceSettings


def test_a_replay_address_has_a_record_and_options() -> None:
    address = Address.parse("replay:svdb/800?speed=max&channel=1")
    assert (address.scheme, address.path) == ("replay", "svdb/800")
    assert address.options == {"speed": "max", "channel": "1"}


def test_a_network_address_has_host_port_and_topic_with_wildcards() -> None:
    address = Address.parse("mqtt://broker.local:1884/ecg/+/raw?qos=1")
    assert (address.scheme, address.host, address.port) == ("mqtt", "broker.local", 1884)
    assert (address.path, address.options) == ("ecg/+/raw", {"qos": "1"})
    assert Address.parse("mqtts://h/ecg/#").path == "ecg/#"


def test_a_port_address_keeps_its_leading_slash() -> None:
    address = Address.parse("serial:/dev/ttyUSB0?device=cyton&baud=115200")
    assert address.path == "/dev/ttyUSB0"
    assert address.options == {"device": "cyton", "baud": "115200"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("200", "is not a source address"),
        ("", "is not a source address"),
        ("replay:", "does not say what to open"),
        ("mqtt://host:99999/x", "impossible host or port"),
        ("mqtt://user:hush1@host/x", "no user or password"),
        ("replya:200", r"Did you mean replay:\?"),
        ("ftp://host/x", "Known: replay:"),
        ("replay:200?speed=fast", "speed=fast is refused: must be 'max' or a number above 0"),
        ("replay:200?speed=-1", "speed=-1 is refused"),
        ("replay:200?chunk_samples=0", "chunk_samples=0 is refused"),
        ("replay:200?sped=2", r"unknown option 'sped'. Did you mean speed\? Known: .*speed"),
    ],
)
def test_a_bad_address_is_refused_in_words(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        open_source(text, SourceSettings())


@pytest.mark.parametrize(
    "text",
    [
        "mqtt://user:hush1@host/x",
        "mqtt://user:hush1@host:99999/x",
        "mqtt://user:hush1/x@host/x",
        "mqtt://user:a?hush1@host:port/x",
        "mqtt://[user:hush1@host/x",
        "MQTT://user:hush1@host/x",
        "Mqtt://host/x?user=me&password=hush1",
        "mqtt:?password=hush1",
        "mqqt://host/x?user=me&password=hush1",
        "mqtt://host/x?user=me&password=hush1&qos=9",
    ],
)
def test_a_password_in_an_address_is_not_repeated(text: str) -> None:
    with pytest.raises(UsageError) as refusal:
        open_source(text, SourceSettings())
    assert "hush1" not in "".join(traceback.format_exception(refusal.value))


@pytest.mark.parametrize("url", ["mqtt://me:hush1@host:port", "mqtt://me:hush1@host", "htp://me:hush1@host"])
def test_a_password_in_the_address_of_a_broker_is_not_repeated(url: str) -> None:
    with pytest.raises(UsageError) as refusal:
        broker_at(url, BrokerSettings())
    assert "hush1" not in "".join(traceback.format_exception(refusal.value))


def test_options_of_an_address_win_over_the_defaults() -> None:
    defaults = ReplaySettings(speed=5.0, channel=1, data_dir=Path("there"))
    settings = Address.parse("replay:200?speed=2x&channel=V1").apply(defaults)
    assert (settings.speed, settings.channel, settings.data_dir) == (2.0, "V1", Path("there"))


def test_two_sources_of_one_name_are_refused_until_named_apart() -> None:
    with pytest.raises(UsageError, match="both named '200'"):
        open_sources(("replay:200", "replay:200?channel=1"), SourceSettings())
    sources = open_sources(("replay:200", "replay:200?channel=1&device=bed2"), SourceSettings())
    assert [source.name for source in sources] == ["200", "bed2"]
