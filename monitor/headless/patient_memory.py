"""Keeps what was learned of each patient over a restart of the program, one small file a device."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ecgmon.monitor.core.files import replace_file
from ecgmon.monitor.core.names import path_name
from ecgmon.monitor.core.state import Snapshot
from ecgmon.monitor.run.stream import Stream

LOG = logging.getLogger(__name__)

VERSION = 1

AT_ONCE = 10
"""One in so many devices is written at a time, so that a ward's files do not hold up its signal."""

ARRAY = "__array__"
"""Key that makes an object of the file an array."""


class PatientMemory:
    """What the pipelines of all devices have learned; one file each, replaced whole.

    Parameters
    ----------
    folder : Path
        Where the files lie.
    every_s : float
        How often each is written.
    fresh_s : float
        What is older is not taken up again.
    wall, steady : callable
        The clocks, in seconds.
    origin : callable
        Returns who has a device's name; what was learned of another is not taken up.
    """

    def __init__(
        self,
        folder: Path,
        every_s: float,
        fresh_s: float,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        origin: Callable[[str], str] = lambda _: "",
    ) -> None:
        self._origin = origin
        self._folder = folder
        self._every_s, self._fresh_s = every_s, fresh_s
        self._wall, self._steady = wall, steady
        self._written: dict[str, float] = {}
        self._warned = False

    def save(self, streams: Mapping[str, Stream]) -> None:
        """Write what is due, the most overdue first, and leave the rest for the next call."""
        now = self._steady()
        since = {name: now - self._written.setdefault(name, now) for name in streams}
        due = sorted((name for name in since if since[name] >= self._every_s), key=since.__getitem__)
        at_once = 1 + len(streams) // AT_ONCE
        self._write({name: streams[name] for name in due[::-1][:at_once]})

    def save_all(self, streams: Mapping[str, Stream]) -> None:
        """Write every device's file now."""
        self._write(streams)

    def load(self, device: str) -> Snapshot | None:
        """Return what was learned of a device's patient, and ``away_s``, the seconds since.

        None if nothing is there that can be used.
        """
        path = self._path(device)
        try:
            body = path.read_text("utf-8")
            digest, _, text = body.partition("\n")
            sound = int(digest, 16) == zlib.crc32(text.encode())
            whole = json.loads(text, object_hook=_from_plain) if sound else {}
            fits = (whole["version"], whole["device"]) == (VERSION, device)
            fits &= whole.get("origin", "") in ("", self._origin(device))
            fresh = abs(self._wall() - whole["at"]) <= self._fresh_s
            away_s = max(0.0, self._wall() - whole["at"])
            memory: Snapshot = {**whole["learned"], "away_s": away_s}
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            LOG.warning("%s is damaged; the monitor begins without it.", path)
            return None
        return memory if fits and fresh else None

    def forget_old(self) -> None:
        """Delete the files of devices that have not been heard for long."""
        with contextlib.suppress(OSError):
            for path in self._folder.glob("*.json"):
                if self._wall() - path.stat().st_mtime > self._fresh_s:
                    path.unlink()

    def _path(self, device: str) -> Path:
        return self._folder / f"{path_name(device)}.json"

    def _write(self, streams: Mapping[str, Stream]) -> None:
        for name, stream in streams.items():
            whole = {
                "version": VERSION,
                "device": name,
                "origin": self._origin(name),
                "at": self._wall(),
                "learned": stream.pipeline.patient_memory(),
            }
            text = json.dumps(whole, default=_to_plain).encode()
            self._written[name] = self._steady()
            try:
                replace_file(self._path(name), b"%08x\n%s" % (zlib.crc32(text), text), mode=0o600)
            except OSError as error:
                if not self._warned:
                    LOG.warning("What was learned cannot be kept in %s: %s.", self._folder, error.strerror)
                self._warned = True
                return
            self._warned = False


def _to_plain(value: Any) -> Any:
    """Return an array or a number of numpy as what JSON can hold."""
    if isinstance(value, np.ndarray):
        data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode("ascii")
        return {ARRAY: data, "dtype": value.dtype.str, "shape": value.shape}
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be kept")


def _from_plain(value: dict[str, Any]) -> Any:
    """Undo `_to_plain`; arrays may be written to."""
    if ARRAY not in value:
        return value
    data = np.frombuffer(base64.b64decode(value[ARRAY]), dtype=np.dtype(value["dtype"]))
    return data.reshape(value["shape"]).copy()
