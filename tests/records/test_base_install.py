"""The base install plays its own records: no part of it asks for an extra, and nothing heavy is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXTRAS = ["apprise", "edfio", "fsspec", "gpiozero", "matplotlib", "onnx", "pandas", "psycopg", "pyarrow"]
EXTRAS += ["pyqtgraph", "PyQt6", "scipy", "shap", "soundfile", "torch", "wfdb"]

BLOCK = f"""
import importlib.abc, sys
class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {EXTRAS!r}:
            raise ModuleNotFoundError(f'No module named {{name!r}}', name=name)
sys.meta_path.insert(0, Block())
"""


def bare(code: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a Python that has only what the base install brings."""
    environment = {key: value for key, value in os.environ.items() if key != "ECGMON_DATA"}
    return subprocess.run(
        [sys.executable, "-c", BLOCK + code],
        capture_output=True,
        text=True,
        check=False,
        env={**environment, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        timeout=100,
    )


@pytest.mark.parametrize("record", ["100", "mitdb/232"])
def test_a_bundled_record_is_played_to_its_annotations(record: str, tmp_path: Path) -> None:
    command = ["replay", record, "--speed", "max", "--headless", "--json", "--duration", "20"]
    command += ["--annotations", str(tmp_path)]
    done = bare(f"from ecgmon.monitor.cli import main; sys.exit(main({command!r}))", tmp_path)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert sum(event["type"] == "beat" for event in events) > 15
    assert (tmp_path / f"{record.rpartition('/')[2]}.ecgmon").stat().st_size > 30


def test_signals_and_reference_of_every_bundled_record_are_read(tmp_path: Path) -> None:
    code = (
        "from ecgmon.sim.library import bundled_records\n"
        "from ecgmon.sim.record import read_record\n"
        "records = [read_record(name, download=False) for name in bundled_records()]\n"
        "print([r.n_samples for r in records], all(len(r.reference.samples) > 1500 for r in records))"
    )
    done = bare(code, tmp_path)
    assert done.stdout.strip() == "[650000, 650000, 650000, 650000] True", done.stderr


def test_an_edf_file_asks_for_its_extra_by_a_command(tmp_path: Path) -> None:
    (tmp_path / "holter.edf").write_bytes(
        b"0".ljust(236) + b"0       1       1   " + b"10".rjust(218).ljust(256)
    )
    code = (
        f"from ecgmon.monitor.cli import main; sys.exit(main(['replay', {str(tmp_path / 'holter.edf')!r}]))"
    )
    done = bare(code, tmp_path)
    assert done.returncode == 4
    assert "Reading EDF files needs the package edfio" in done.stderr
    assert "[edf]'" in done.stderr


def test_reading_a_record_imports_nothing_that_is_not_needed(tmp_path: Path) -> None:
    code = (
        "from ecgmon.sim.record import read_record\n"
        "read_record('200')\n"
        "heavy = 'pydantic sqlalchemy paho aiomqtt rich ssl urllib.request platformdirs'.split()\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    assert bare(code, tmp_path).stdout.strip() == "[]"
