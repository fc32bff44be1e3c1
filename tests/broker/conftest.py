"""Brokers that ask for a password, for TLS, or for a certificate of ours."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "ingest"))

from certificates import Authority
from mosquitto import BINARY, Mosquitto
from ways_in import PASSWORD, USER


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Issued: ``broker`` and ``client``, both good; ``old`` and ``past``, both expired; ``elsewhere``."""
    if BINARY is None:
        pytest.skip("mosquitto is not installed")
    authority = Authority(tmp_path_factory.mktemp("authority"))
    for name in ("broker", "client"):
        authority.issue(name)
    for name in ("old", "past"):
        authority.issue(name, last_day="20210101")
    authority.issue("elsewhere", address="DNS:broker.example")
    return authority


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another authority, which nobody here trusts; issued: ``client``."""
    authority = Authority(tmp_path_factory.mktemp("stranger"))
    authority.issue("client")
    return authority


def _started(folder: Path, *lines: str) -> Iterator[Mosquitto]:
    if BINARY is None:
        pytest.skip("mosquitto is not installed")
    server = Mosquitto(folder, *lines)
    server.start()
    yield server
    server.kill()


def _tls(authority: Authority, name: str) -> tuple[str, str]:
    return f"certfile {authority.folder / name}.pem", f"keyfile {authority.key(name)}"


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """A broker that asks for `USER` and `PASSWORD`, without TLS."""
    folder = tmp_path_factory.mktemp("guarded")
    passwords = folder / "passwords"
    passwords.touch(mode=0o600)
    subprocess.run(
        ["mosquitto_passwd", "-b", passwords, USER, PASSWORD], check=True, stderr=subprocess.DEVNULL
    )
    yield from _started(folder, "allow_anonymous false", f"password_file {passwords}")


@pytest.fixture(scope="session")
def encrypted(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Mosquitto]:
    """A broker that speaks TLS and asks for a certificate of ours."""
    lines = (*_tls(authority, "broker"), f"cafile {authority.file}", "require_certificate true")
    yield from _started(tmp_path_factory.mktemp("encrypted"), *lines, "allow_anonymous true")


@pytest.fixture(scope="session")
def expired(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Mosquitto]:
    """A broker whose certificate ended in 2021."""
    yield from _started(tmp_path_factory.mktemp("expired"), *_tls(authority, "old"))


@pytest.fixture(scope="session")
def misnamed(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Mosquitto]:
    """A broker whose certificate is for another host."""
    yield from _started(tmp_path_factory.mktemp("misnamed"), *_tls(authority, "elsewhere"))
