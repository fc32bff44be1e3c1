"""Looks whether all that the monitor needs is there, and says how to mend what is not."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ecgmon.firmware_bridge.broker import Broker
from ecgmon.monitor.core.errors import EcgmonError
from ecgmon.monitor.core.extras import install_command
from ecgmon.monitor.core.secrets import is_elsewhere
from ecgmon.monitor.inference.opening import open_classifier
from ecgmon.monitor.ingest.address import Address
from ecgmon.monitor.ingest.mqtt import broker_of
from ecgmon.monitor.ingest.registry import open_source
from ecgmon.monitor.recorder.disk import MEGABYTE, free_bytes
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.monitor.store.database import sqlite_path

Verdict = Literal["good", "warning", "fault"]

CONNECT_S = 3.0
EARLIEST_TIME = 1_767_225_600.0
"""Start of 2026: a clock before it was never set."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Parameters
    ----------
    verdict : {"good", "warning", "fault"}
        A fault keeps the monitor from its work.
    about : str
        What was looked at.
    text : str
        What was found.
    cure : str
        How to mend it.
    """

    verdict: Verdict
    about: str
    text: str
    cure: str = ""


def examine(settings: MonitorSettings) -> Iterator[Finding]:
    """Yield what all checks find for these settings; nothing is changed.

    Parameters
    ----------
    settings : MonitorSettings
        What the monitor would run with.
    """
    yield _machine()
    yield _clock()
    yield _model(settings)
    yield from _sources(settings)
    yield from _storage(settings)
    yield from _announcing(settings)


def _machine() -> Finding:
    bits = platform.architecture()[0]
    text = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    if bits != "64bit":
        return Finding("fault", "machine", f"{text} is a {bits} system", "Install a 64-bit system.")
    return Finding("good", "machine", text)


def _clock() -> Finding:
    if time.time() < EARLIEST_TIME:
        return Finding(
            "fault", "clock", time.strftime("it says %Y-%m-%d"), "Set it: sudo timedatectl set-ntp on"
        )
    command = shutil.which("timedatectl")
    if command is not None:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            answer = subprocess.run(
                [command, "show", "--property=NTPSynchronized", "--value"],
                capture_output=True,
                text=True,
                timeout=CONNECT_S,
                check=True,
            )
            if answer.stdout.strip() == "no":
                cure = "sudo timedatectl set-ntp on; without a network, fit a clock (RTC)"
                return Finding("warning", "clock", "is not set by the network", cure)
    return Finding("good", "clock", time.strftime("%Y-%m-%d %H:%M:%S %Z"))


def _model(settings: MonitorSettings) -> Finding:
    try:
        open_classifier(settings.pipeline.classifier)
    except EcgmonError as error:
        return Finding("fault", "model", str(error), "See 'ecgmon models'.")
    return Finding("good", "model", settings.pipeline.classifier.model or "the default one can be served")


def _sources(settings: MonitorSettings) -> Iterator[Finding]:
    if not settings.sources:
        yield Finding("fault", "source", "none is named", "Add sources = [...] to the settings.")
    for address in settings.sources:
        yield _source(address, settings)


def _source(text: str, settings: MonitorSettings) -> Finding:
    try:
        open_source(text, settings)  # refuses what the monitor would refuse; nothing is opened
    except EcgmonError as error:
        return Finding("fault", "source", str(error))
    address = Address.parse(text)
    if address.scheme in ("mqtt", "mqtts"):
        broker, _ = broker_of(address, settings.mqtt)
        return _reachable("source", broker.host, broker.port)
    if address.scheme == "serial" and "://" not in address.path:
        return _serial_port(Path(address.path))
    return Finding("good", "source", f"{address.scheme}: {address.path}")


def _serial_port(path: Path) -> Finding:
    if not path.exists():
        near = ", ".join(sorted(str(p) for p in path.parent.glob("tty[AU]*"))) or "none"
        return Finding("fault", "source", f"{path} is not there", f"Plug it in; ports now: {near}.")
    if not os.access(path, os.R_OK | os.W_OK):
        cure = "sudo usermod -aG dialout $USER, then log in again"
        return Finding("fault", "source", f"{path} may not be opened by this user", cure)
    return Finding("good", "source", f"{path} can be opened")


def _storage(settings: MonitorSettings) -> Iterator[Finding]:
    outputs = settings.outputs
    if outputs.store is None:
        yield Finding("warning", "event store", "there is none", "Add [outputs.store] to the settings.")
    else:
        path = sqlite_path(outputs.store.address)
        if path is not None and not is_elsewhere(outputs.store.address):
            yield _writable("event store", path.parent)
    if outputs.recorder is not None:
        yield _writable("recorder", outputs.recorder.folder)
        free_mb = free_bytes(outputs.recorder.folder) / MEGABYTE
        if free_mb < outputs.recorder.free_mb:
            cure = "Delete something, or lower free_mb in [outputs.recorder]."
            yield Finding("fault", "recorder", f"only {free_mb:.0f} MB of the disk are free", cure)
        else:
            yield Finding("good", "recorder", f"{free_mb:.0f} MB of the disk are free")


def _announcing(settings: MonitorSettings) -> Iterator[Finding]:
    outputs = settings.outputs
    if outputs.mqtt is not None:
        broker = Broker(outputs.mqtt.host, None, tls=False, settings=outputs.mqtt)
        yield _reachable("MQTT", broker.host, broker.port)
    needs: list[tuple[str, bool, str, str]] = [
        ("notifications", outputs.notify is not None, "apprise", "notify"),
        ("pins", outputs.gpio is not None, "gpiozero", "gpio"),
        ("EDF+", outputs.recorder is not None and outputs.recorder.edf, "edfio", "edf"),
    ]
    for about, wanted, package, extra in needs:
        if wanted:
            there = importlib.util.find_spec(package) is not None
            yield (
                Finding("good", about, f"{package} is installed")
                if there
                else Finding("fault", about, f"{package} is not installed", install_command(extra))
            )
    if not any((outputs.mqtt, outputs.notify, outputs.webhook, outputs.sound, outputs.gpio)):
        cure = "Add [outputs.notify], [outputs.mqtt] or [outputs.sound] to the settings."
        yield Finding("warning", "alarms", "nobody outside this machine is told", cure)


def _reachable(about: str, host: str, port: int) -> Finding:
    try:
        with socket.create_connection((host, port), timeout=CONNECT_S):
            return Finding("good", about, f"{host}:{port} answers")
    except OSError as error:
        reason = error.strerror or "no answer"
        cure = "Is the broker running? Are host and port right?"
        return Finding("fault", about, f"{host}:{port} does not answer ({reason})", cure)


def _writable(about: str, folder: Path) -> Finding:
    def attempt() -> None:
        there = folder
        while not there.exists():
            there = there.parent
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"x" * 4096)

    return _attempted(about, attempt, f"{folder} can be written", f"sudo chown $USER {folder}")


def _attempted(about: str, attempt: Callable[[], None], good: str, cure: str) -> Finding:
    try:
        attempt()
    except OSError as error:
        return Finding("fault", about, f"{error.filename or ''}: {error.strerror}".lstrip(": "), cure)
    return Finding("good", about, good)
