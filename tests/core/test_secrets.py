"""A secret is the text, a variable or the first line of a file; what is not there is named, never shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecgmon.monitor.core.errors import SettingsError
from ecgmon.monitor.core.secrets import LONGEST_BYTES, is_elsewhere, resolve
from ecgmon.monitor.run.settings import load_settings


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.text().filter(lambda text: not is_elsewhere(text)))
def test_any_other_text_is_the_secret_itself(text: str) -> None:
    assert resolve(text) == text


def test_a_variable_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECG_SECRET", " file:x ")
    assert resolve("env:ECG_SECRET") == " file:x "
    monkeypatch.setenv("ECG_SECRET", "")
    assert resolve("env:ECG_SECRET") == ""


@pytest.mark.parametrize(
    ("data", "secret"),
    [
        (b"s3cret", "s3cret"),
        (b"s3cret\n", "s3cret"),
        (b"s3cret\r\nnot this\r\n", "s3cret"),
        (b"  two words \n", "two words"),
        (b"\xef\xbb\xbfs3cret\n", "s3cret"),
        ("über\n".encode(), "über"),
        (b"env:X\n", "env:X"),
    ],
)
def test_of_a_file_the_first_line_counts(data: bytes, secret: str, tmp_path: Path) -> None:
    (tmp_path / "pw").write_bytes(data)
    assert resolve(f"file:{tmp_path}/pw") == secret


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "the first line of .*pw is empty"),
        (b"\ns3cret\n", "the first line of .*pw is empty"),
        (b"s3cret\xff\n", "it is not UTF-8 text"),
        (b"s3cret" * LONGEST_BYTES, "it holds more than 65536 bytes"),
    ],
)
def test_a_file_that_is_none_is_refused_without_showing_what_it_holds(
    data: bytes, told: str, tmp_path: Path
) -> None:
    (tmp_path / "pw").write_bytes(data)
    with pytest.raises(SettingsError, match=told) as caught:
        resolve(f"file:{tmp_path}/pw", "mqtt.password")
    assert str(caught.value).startswith("mqtt.password: ")
    assert "s3cret" not in str(caught.value)


def test_what_is_missing_is_named_with_its_key() -> None:
    with pytest.raises(
        SettingsError, match=r"outputs\.webhook\.token: the environment variable NOT_SET_AT_ALL"
    ):
        resolve("env:NOT_SET_AT_ALL", "outputs.webhook.token")
    with pytest.raises(SettingsError, match="the secret in /nowhere/pw cannot be read: No such file"):
        resolve("file:/nowhere/pw")


def test_folders_and_pipes_hold_no_secret_and_nothing_hangs(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SettingsError, match="it is a folder"):
        resolve(f"file:{tmp_path}")
    with pytest.raises(SettingsError, match="it is not an ordinary file"):
        resolve(f"file:{tmp_path}/pipe")


@pytest.mark.parametrize(
    "text",
    [
        "[mqtt]\nuser = 'u'\npassword = 1234567",
        "[mqtt]\nuser = 'u'\npassword = ['hunter2']",
        "[mqtt]\npassword = 'hunter2'",
        "[outputs.mqtt]\npassword = 'hunter2'",
        "[outputs.webhook]\nurl = 'ftp://hunter2'",
        "[outputs.webhook]\nurl = 'http://host'\ntoken = [1234567]",
        "[outputs.notify]\nurls = 'ntfy://hunter2'",
        "[outputs.notify]\nurls = [1234567]",
        "[outputs.store]\naddress = ['postgresql://me:hunter2@host']",
        "[mqtt]\nusername = 'hunter2'",
        "[mqtt]\npasswort = 'hunter2'",
    ],
)
def test_a_refusal_never_repeats_a_secret(text: str, tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path / "my.toml")
    assert "hunter2" not in str(caught.value)
    assert "1234567" not in str(caught.value)


def test_settings_that_are_printed_hide_what_is_secret(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text(
        '[mqtt]\nuser = "u"\npassword = "hunter2"\n'
        '[outputs.mqtt]\nuser = "u"\npassword = "hunter2"\n'
        '[outputs.webhook]\nurl = "http://host/hunter2"\ntoken = "hunter2"\n'
        '[outputs.notify]\nurls = ["ntfy://hunter2"]\nsecond = ["ntfy://hunter2"]\n'
    )
    assert "hunter2" not in repr(load_settings(tmp_path / "my.toml"))
