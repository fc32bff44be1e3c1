"""Keeps open alarms over a restart of the program."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ecgmon.monitor.core.events import AlarmState
from ecgmon.monitor.core.files import replace_file
from ecgmon.monitor.run.stream import Stream

LOG = logging.getLogger(__name__)

VERSION = 1

REFRESH_S = 60.0
"""Seconds after which the state of alarms that stay open is written again."""


class StateFile:
    """The alarm engines of all devices in one small file, replaced whole.

    Parameters
    ----------
    path : Path
        The file.
    wall : callable
        Returns the wall-clock time in seconds since 1970.
    origin : callable
        Returns who has a device's name; alarms of another are not taken over.
    """

    def __init__(
        self,
        path: Path,
        wall: Callable[[], float] = time.time,
        origin: Callable[[str], str] = lambda _: "",
    ) -> None:
        self._origin = origin
        self._path = path
        self._wall = wall
        self._open: dict[str, list[tuple[str, AlarmState]]] = {}
        self._at = 0.0
        self._warned = False

    def save(self, streams: Mapping[str, Stream]) -> None:
        """Write the state if an open alarm has changed, and now and then while one is open.

        A disk that cannot be written is told once; the monitor goes on.
        """
        alarms = {name: stream.alarms.open_alarms() for name, stream in streams.items()}
        open_now = {name: [(a.kind, a.state) for a in found] for name, found in alarms.items() if found}
        fresh = self._wall() - self._at < REFRESH_S
        if open_now == self._open and (fresh or not open_now):
            return
        devices = {
            name: {
                "fs_hz": streams[name].fs_hz,
                "alarms": streams[name].alarms.snapshot(),
                "origin": self._origin(name),
            }
            for name in open_now
        }
        if self._write({"version": VERSION, "at": self._wall(), "devices": devices}):
            self._open, self._at = open_now, self._wall()

    def load(self) -> dict[str, Any]:
        """Return the state of each device; empty if there is none that can be used."""
        try:
            state = json.loads(self._path.read_text("utf-8"))
            if state["version"] != VERSION:
                return {}
            away_s = max(0.0, self._wall() - state["at"])
            return {name: {**device, "away_s": away_s} for name, device in state["devices"].items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            LOG.warning("%s is damaged; the monitor begins without it.", self._path)
            return {}

    def _write(self, state: dict[str, Any]) -> bool:
        try:
            replace_file(self._path, json.dumps(state).encode(), mode=0o600)
        except OSError as error:
            if not self._warned:
                LOG.warning("State cannot be kept in %s: %s.", self._path, error.strerror)
            self._warned = True
            return False
        self._warned = False
        return True
