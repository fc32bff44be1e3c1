"""Gives tests the command line as a user has it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from as_a_user import Ecgmon, environment


@pytest.fixture
def ecgmon(tmp_path: Path) -> Ecgmon:
    """Return a function that runs ``ecgmon`` with arguments."""

    def run(*arguments: str | Path, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ecgmon", *map(str, arguments)],
            cwd=tmp_path,
            env=environment(**changes),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def bundled_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the databases that this machine may hold."""
    monkeypatch.delenv("ECGMON_DATA", raising=False)
