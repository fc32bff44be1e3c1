"""Finds out whether a window can be shown before Qt, which ends the program where it cannot."""

from __future__ import annotations

import importlib.util
import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from ecgmon.monitor.core.platform import local_socket

BINDING = "PyQt6"

PATIENCE_S = 20.0
CONNECT_S = 2.0
X_PORT = 6000
X_FOLDER = "/tmp/.X11-unix"  # noqa: S108 - where the X protocol has its sockets

SYSTEM_LIBRARIES = (
    "Qt needs libraries of the system: sudo apt-get install libegl1 libgl1 libdbus-1-3 libfontconfig1 "
    "libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0"
)


def qt_binding() -> str | None:
    """Return the name of the Qt binding that the window uses; None if it is not installed."""
    return BINDING if importlib.util.find_spec(BINDING) else None


def display_named(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether anything says that there is a display."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return _always_there() or any(environment.get(name) for name in names)


def _always_there() -> bool:
    return sys.platform in ("darwin", "win32")


def display_problem(environment: Mapping[str, str] = os.environ) -> str:
    """Say why no window can be shown; empty if one can.

    Sockets of the display are tried first. Then Qt itself is tried in a process of its own,
    as it aborts where a display refuses it or a library of the system is missing.

    Parameters
    ----------
    environment : mapping of str to str
        Variables that name the display.
    """
    if _always_there():
        return ""
    if not display_named(environment):
        return "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)"
    platform = environment.get("QT_QPA_PLATFORM", "").split(":")[0]
    if platform in ("", "xcb", "wayland"):
        answers = _sockets(environment)
        if answers and not any(answers.values()):
            return f"nothing answers at {' or '.join(answers)}"
    return _qt_problem(environment)


def _sockets(environment: Mapping[str, str]) -> dict[str, bool]:
    """Return which of the displays named answers."""
    answers: dict[str, bool] = {}
    wayland, display = environment.get("WAYLAND_DISPLAY"), environment.get("DISPLAY")
    if wayland:
        path = Path(environment.get("XDG_RUNTIME_DIR", "")) / wayland
        answers[f"WAYLAND_DISPLAY {wayland}"] = _answers_locally(str(path))
    if display:
        answers[f"DISPLAY {display}"] = _x_answers(display)
    return answers


def _x_answers(display: str) -> bool:
    found = re.fullmatch(r"(?P<host>.*?):(?P<number>\d+)(\.\d+)?", display)
    if found is None:
        return False
    host, number = found["host"], int(found["number"])
    if host not in ("", "unix"):
        return _answers(socket.socket(socket.AF_INET), (host, X_PORT + number))
    path = f"{X_FOLDER}/X{number}"
    return any(_answers_locally(name) for name in (path, f"\0{path}"))


def _answers_locally(path: str) -> bool:
    return _answers(local_socket("a display behind a local socket"), path)


def _answers(link: socket.socket, address: str | tuple[str, int]) -> bool:
    with link:
        link.settimeout(CONNECT_S)
        try:
            link.connect(address)
        except OSError:
            return False
    return True


def _qt_problem(environment: Mapping[str, str]) -> str:
    code = f"from {BINDING}.QtGui import QGuiApplication as A; A([])"
    try:
        tried = subprocess.run(
            [sys.executable, "-P", "-c", code],
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "the display does not answer"
    if tried.returncode == 0:
        return ""
    return _reason(tried.stderr)


def _reason(words: str) -> str:
    """Return what of Qt's last words tells a person something."""
    lines = [line.strip().rstrip(".") for line in words.splitlines() if line.strip()]
    refused = [line for line in lines if "uthori" in line or "could not connect" in line]
    if refused:
        return refused[0]
    libraries = [line for line in lines if "is needed to load" in line or "cannot open shared object" in line]
    return f"{libraries[0]}. {SYSTEM_LIBRARIES}" if libraries else (lines or ["Qt cannot use it"])[0]
