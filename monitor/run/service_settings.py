"""How the monitor lives as a service: where it answers, and where it keeps its state."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from ecgmon.monitor.core.config import Settings


def default_socket() -> Path:
    """Return where the service answers: systemd's runtime directory, else the user's own."""
    folder = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    if folder:
        return Path(folder) / "ecgmon.sock"
    from platformdirs import user_runtime_path  # noqa: PLC0415 - a run that is no service does without it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a system that names no such directory is served as well
        return user_runtime_path("ecgmon") / "ecgmon.sock"


def default_state() -> Path:
    """Return where state is kept over restarts: systemd's state directory, else the user's own."""
    folder = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    if folder:
        return Path(folder) / "state.json"
    from platformdirs import user_state_path  # noqa: PLC0415

    return user_state_path("ecgmon") / "state.json"


class ServiceSettings(Settings):
    """Settings of the service.

    Parameters
    ----------
    socket : Path
        Local socket on which ``ecgmon status`` and its like are answered. Nothing listens
        on the network.
    state : Path
        File in which open alarms survive a restart; what was learned of each patient lies in a
        folder beside it.
    workers : int
        Processes among which the devices are dealt out; see `ecgmon.monitor.headless.ward`.
    state_every_s : float
        How often it is seen whether open alarms have changed.
    memory_every_s : float
        How often what was learned of a patient is written.
    memory_for_s : float
        What was learned is taken up again if no more time than this has passed: after longer,
        somebody else may wear the device.
    """

    renamed: ClassVar = {"learned_every_s": "memory_every_s", "learned_for_s": "memory_for_s"}

    socket: Path = Field(default_factory=default_socket)
    state: Path = Field(default_factory=default_state)
    workers: int = Field(default=1, ge=1, le=64)
    state_every_s: float = Field(default=1.0, ge=0.2, le=600)
    memory_every_s: float = Field(default=60.0, ge=0.2, le=3600)
    memory_for_s: float = Field(default=600.0, ge=0, le=86_400)
