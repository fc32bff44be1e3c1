"""One set of keys opens a real broker for input, bridge and output, and fails alike for all three."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority
from mosquitto import Mosquitto, free_port
from ways_in import PASSWORD, USER, WAYS_IN, WayIn

from ecgmon.firmware_bridge.errors import BrokerCertificateError, BrokerRefusedError, BrokerUnreachableError
from ecgmon.monitor.core.errors import SettingsError

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
"""paho closes the socket of a failed handshake only by letting go of it."""


@pytest.fixture(params=WAYS_IN)
def way_in(request: pytest.FixtureRequest) -> Iterator[WayIn]:
    yield WAYS_IN[request.param]
    gc.collect()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait shorter for a broker on this machine than for one somewhere."""
    monkeypatch.setattr("ecgmon.firmware_bridge.broker.ANSWER_S", 1.5)
    monkeypatch.setattr("ecgmon.monitor.outputs.mqtt.CONNECT_S", 1.5)


def mutual(authority: Authority, name: str = "client") -> dict[str, Any]:
    return {
        "tls": True,
        "ca_file": authority.file,
        "cert_file": authority.folder / f"{name}.pem",
        "key_file": authority.key(name),
    }


@pytest.mark.parametrize("form", ["text", "env", "file"])
def test_a_password_may_stand_in_three_places(
    form: str, way_in: WayIn, guarded: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECG_USER", USER)
    monkeypatch.setenv("ECG_PASSWORD", PASSWORD)
    (tmp_path / "user").write_text(f"{USER}\n")
    (tmp_path / "password").write_text(f"{PASSWORD}\r\nwritten on the first of May\n")
    user, password = {
        "text": (USER, PASSWORD),
        "env": ("env:ECG_USER", "env:ECG_PASSWORD"),
        "file": (f"file:{tmp_path}/user", f"file:{tmp_path}/password"),
    }[form]
    way_in(guarded.port, {"user": user, "password": password}, tmp_path)


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize("keys", [{"user": USER, "password": "wr0ng"}, {"user": "wr0ng"}, {}])
def test_a_wrong_or_missing_password_is_told_without_showing_it(
    keys: dict[str, Any], protocol: str, way_in: WayIn, guarded: Mosquitto, tmp_path: Path
) -> None:
    with pytest.raises(BrokerRefusedError, match="refuses user name or password") as caught:
        way_in(guarded.port, {**keys, "protocol": protocol}, tmp_path)
    assert caught.value.exit_code == 25
    assert f"127.0.0.1:{guarded.port}" in str(caught.value)
    assert "wr0ng" not in str(caught.value)


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_certificates_on_both_sides_open_the_door(
    protocol: str, way_in: WayIn, encrypted: Mosquitto, authority: Authority, tmp_path: Path
) -> None:
    way_in(encrypted.port, {**mutual(authority), "protocol": protocol}, tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ca_file": None}, r"is not trusted: self-signed certificate in certificate chain\. Name.*ca_file"),
        ({"cert_file": None, "key_file": None}, "wants a certificate of ours. Set cert_file and key_file"),
    ],
    ids=["unknown authority", "no certificate of ours"],
)
def test_a_missing_certificate_is_told_with_the_key_to_set(
    change: dict[str, Any],
    told: str,
    way_in: WayIn,
    encrypted: Mosquitto,
    authority: Authority,
    tmp_path: Path,
) -> None:
    with pytest.raises(BrokerCertificateError, match=told) as caught:
        way_in(encrypted.port, {**mutual(authority), **change}, tmp_path)
    assert caught.value.exit_code == 26


def test_a_wrong_authority_is_told(
    way_in: WayIn, encrypted: Mosquitto, authority: Authority, stranger: Authority, tmp_path: Path
) -> None:
    with pytest.raises(BrokerCertificateError, match=r"is not trusted.*ca_file"):
        way_in(encrypted.port, {**mutual(authority), "ca_file": stranger.file}, tmp_path)


def test_an_expired_certificate_of_the_broker_is_told(
    way_in: WayIn, expired: Mosquitto, authority: Authority, tmp_path: Path
) -> None:
    with pytest.raises(
        BrokerCertificateError, match=r"certificate has expired\. Is this machine's clock right"
    ):
        way_in(expired.port, {"tls": True, "ca_file": authority.file}, tmp_path)


def test_an_expired_certificate_of_ours_is_told(
    way_in: WayIn, encrypted: Mosquitto, authority: Authority, tmp_path: Path
) -> None:
    with pytest.raises(BrokerCertificateError, match="says that our certificate has expired"):
        way_in(encrypted.port, mutual(authority, "past"), tmp_path)


def test_a_certificate_of_ours_by_a_stranger_is_told(
    way_in: WayIn, encrypted: Mosquitto, authority: Authority, stranger: Authority, tmp_path: Path
) -> None:
    with pytest.raises(BrokerCertificateError, match="does not trust our certificate"):
        way_in(encrypted.port, {**mutual(stranger), "ca_file": authority.file}, tmp_path)


def test_a_certificate_for_another_host_is_told(
    way_in: WayIn, misnamed: Mosquitto, authority: Authority, tmp_path: Path
) -> None:
    with pytest.raises(BrokerCertificateError, match=r"IP address mismatch.*Use the name"):
        way_in(misnamed.port, {"tls": True, "ca_file": authority.file}, tmp_path)


def test_tls_where_there_is_none_is_told(
    way_in: WayIn, guarded: Mosquitto, authority: Authority, tmp_path: Path
) -> None:
    with pytest.raises(BrokerCertificateError, match="Does it speak TLS on this port"):
        way_in(guarded.port, {"tls": True, "ca_file": authority.file}, tmp_path)


def test_no_tls_where_it_is_wanted_is_told(way_in: WayIn, expired: Mosquitto, tmp_path: Path) -> None:
    with pytest.raises(BrokerCertificateError, match=r"speaks TLS only\. Write mqtts://"):
        way_in(expired.port, {}, tmp_path)


@pytest.mark.parametrize("name", ["input", "output"])
def test_nobody_there_is_told_with_the_address(name: str, tmp_path: Path) -> None:
    port = free_port()
    with pytest.raises(BrokerUnreachableError, match=f"no broker at 127.0.0.1:{port}") as caught:
        WAYS_IN[name](port, {}, tmp_path)
    assert caught.value.exit_code == 27


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"user": "u", "password": "env:NO_SUCH_VARIABLE"}, "password: the environment variable NO_SUCH"),
        ({"user": "file:/nowhere/user"}, "user: the secret in /nowhere/user cannot be read: No such file"),
        ({"tls": True, "ca_file": "/nowhere/ca.pem"}, "the certificates in /nowhere/ca.pem cannot be read"),
    ],
)
def test_what_settings_name_and_is_not_there_is_refused_at_the_start(
    keys: dict[str, Any], told: str, way_in: WayIn, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=told) as caught:
        way_in(free_port(), keys, tmp_path)
    assert caught.value.exit_code == 3
    assert "mqtt" in str(caught.value)


def test_a_key_with_a_pass_phrase_is_refused_in_place_of_asking(
    way_in: WayIn, authority: Authority, tmp_path: Path
) -> None:
    keys = {**mutual(authority), "key_file": authority.encrypted_key("client")}
    with pytest.raises(SettingsError, match="a key must have no pass phrase"):
        way_in(free_port(), keys, tmp_path)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"password": "x"}, "password needs user"),
        ({"key_file": "x.key"}, "key_file needs cert_file"),
        ({"client_id": ""}, "client_id"),
        ({"port": 0}, "port"),
        ({"keepalive_s": 0}, "keepalive_s"),
        ({"username": "x"}, "username"),
    ],
)
def test_keys_that_make_no_sense_are_refused_for_all_three(
    keys: dict[str, Any], told: str, way_in: WayIn, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=told):
        way_in(free_port(), keys, tmp_path)
