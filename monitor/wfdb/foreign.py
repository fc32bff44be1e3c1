"""Lets the wfdb package read what is not read here, in a process of its own that ends at once."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import IO

import numpy as np

from ecgmon.monitor.core.errors import MissingExtraError
from ecgmon.monitor.core.extras import missing_extra
from ecgmon.monitor.wfdb.formats import Samples
from ecgmon.monitor.wfdb.header import DamagedError, Header

_READER = "ecgmon.monitor.wfdb.foreign_reader"
_TIMEOUT_S = 300.0


def read_with_wfdb(stem: Path, header: Header) -> list[Samples | None]:
    """Read the signals of a segment as they are stored.

    The wfdb package brings pandas, which is too large to keep beside a running monitor.

    Raises
    ------
    MissingExtraError
        The wfdb package is not installed.
    DamagedError
        It cannot read them either.
    """
    with tempfile.TemporaryFile() as answer:
        try:
            result = subprocess.run(
                # -P: a folder named like one of the packages, where the user happens to be, is not imported
                [sys.executable, "-P", "-m", _READER, str(stem)],
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=answer,
                stderr=subprocess.PIPE,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise DamagedError(f"the wfdb package did not read it within {_TIMEOUT_S:.0f} s") from error
        if result.returncode == MissingExtraError.exit_code:
            formats = ", ".join(sorted({str(signal.format) for signal in header.signals}))
            raise missing_extra(f"Reading signals of format {formats}", "wfdb", "sim")
        if result.returncode != 0:
            lines = result.stderr.decode(errors="replace").strip().splitlines()
            raise DamagedError(lines[-1] if lines else "the wfdb package stopped")
        answer.seek(0)
        return _unpack(answer, len(header.signals))


def _environment() -> dict[str, str]:
    """Return the environment of a child that finds this package and needs one thread."""
    spec = importlib.util.find_spec("ecgmon")
    assert spec is not None
    assert spec.origin is not None
    root = str(Path(spec.origin).resolve().parent.parent)
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}


def _unpack(answer: IO[bytes], n_signals: int) -> list[Samples | None]:
    try:
        with np.load(answer, allow_pickle=False) as arrays:
            return [arrays[f"signal_{number}"] for number in range(n_signals)]
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DamagedError("the wfdb package's answer is damaged") from error
