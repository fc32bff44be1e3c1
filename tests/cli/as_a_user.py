"""Runs the command line as a user does: in a process of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]

Ecgmon = Callable[..., subprocess.CompletedProcess[str]]


def environment(**changes: str) -> dict[str, str]:
    """Return an environment without displays or data folders."""
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "ECGMON_DATA", "COLUMNS")
    kept = {key: value for key, value in os.environ.items() if key not in hidden}
    path = os.pathsep.join(filter(None, (changes.pop("PYTHONPATH", ""), str(ROOT))))
    return {**kept, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", **changes}
