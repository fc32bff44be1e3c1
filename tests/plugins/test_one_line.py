"""A part of our own is one file and at most one line elsewhere, and so is a new one."""

from __future__ import annotations

import ast
import difflib
import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ecgmon.firmware_bridge.decoders import DECODERS
from ecgmon.monitor.alarms.catalogue import ALARMS
from ecgmon.monitor.ingest.registry import SOURCES
from ecgmon.monitor.outputs.registry import OUTPUTS

ROOT = Path(__file__).parents[2]
FLOORS = ("monitor", "firmware_bridge")

REGISTRIES = {"decoder": DECODERS, "source": SOURCES, "output": OUTPUTS, "alarm": ALARMS}


def parts() -> list[tuple[str, str, str]]:
    """Return kind, name and where it is found, of all parts of our own."""
    return [
        (kind, name, registry._own[name])
        for kind, registry in REGISTRIES.items()
        for name in registry.own_names()
    ]


@functools.cache
def code_lines() -> list[tuple[str, int, str]]:
    """Return file, line and text of every constant of the code; docstrings say nothing to a program."""
    files = [path for floor in FLOORS for path in (ROOT / floor).rglob("*.py")]
    assert len(files) > 150
    found = []
    for path in files:
        tree = ast.parse(path.read_text())
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts = (
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
        )
        found += [(str(path.relative_to(ROOT)), node.lineno, node.value) for node in texts]
    return found


def lines_with(wanted: str, where: str) -> set[str]:
    """Return the lines of code outside a part's own file that hold a text."""
    own_file = where.partition(":")[0].removeprefix("ecgmon.").replace(".", "/") + ".py"
    return {f"{file}:{line}" for file, line, text in code_lines() if text == wanted and file != own_file}


@pytest.mark.parametrize(("kind", "name", "where"), parts(), ids=lambda text: text.rpartition(":")[2])
def test_one_line_elsewhere_knows_a_part(kind, name, where):
    lines = lines_with(where, where)
    rows = sum(place == where for place in REGISTRIES[kind]._own.values())
    assert len(lines) == rows, lines
    assert rows == 1 or name in {"mqtt", "mqtts"}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *(("decoder", name) for name in ("openview", "cyton", "bitalino", "polar")),
        ("output", "webhook"),
        *(("alarm", name) for name in ("extreme_bradycardia", "heart_rate_low", "signal_lost")),
    ],
)
def test_not_even_its_name_stands_anywhere_else(kind, name):
    assert len(lines_with(name, REGISTRIES[kind]._own[name])) == 1


NEW = {
    "firmware_bridge/decoders/belt.py": "belt.py",
    "monitor/ingest/capture.py": "capture.py",
    "monitor/outputs/tally.py": "tally.py",
    "monitor/alarms/atrial_beats.py": "atrial_beats.py",
}
ROWS = {
    "firmware_bridge/decoders/__init__.py": '"belt": "ecgmon.firmware_bridge.decoders.belt:DEVICE",',
    "monitor/ingest/registry.py": '"capture": "ecgmon.monitor.ingest.capture:open_capture",',
    "monitor/outputs/registry.py": '"tally": "ecgmon.monitor.outputs.tally:OUTPUT",',
    "monitor/alarms/catalogue.py": '"atrial_beats": "ecgmon.monitor.alarms.atrial_beats:ALARM",',
}


@pytest.fixture
def grown(tmp_path) -> Path:
    """Return a folder with a copy of the program that has four more parts: a file and a line each."""
    house = tmp_path / "ecgmon"
    skipped = shutil.ignore_patterns("__pycache__", "records", "dashboard", "evaluation", "*.png")
    for room in ("monitor", "firmware_bridge", "sim", "models/zoo"):
        shutil.copytree(ROOT / room, house / room, ignore=skipped)
    for file in ("__init__.py", "__main__.py"):
        shutil.copy(ROOT / "ecgmon" / file, house)
    shutil.copy(ROOT / "models" / "__init__.py", house / "models")
    for place, example in NEW.items():
        shutil.copy(ROOT / "tests/example_package/src/ecgmon_example" / example, house / place)
    for file, row in ROWS.items():
        before = (ROOT / file).read_text()
        table = before.index('": "ecgmon.')
        line = before.rindex("\n", 0, table) + 1
        after = f"{before[:line]}        {row}\n{before[line:]}"
        (house / file).write_text(after)
        changes = [one for one in difflib.ndiff(before.splitlines(), after.splitlines()) if one[0] in "+-"]
        assert changes == [f"+         {row}"]
    return tmp_path


def test_a_new_part_of_each_kind_is_a_file_and_a_line(grown, belt_capture, tmp_path):
    (tmp_path / "my.toml").write_text(
        '[outputs.tally]\npath = "tally.json"\n[alarms.atrial_beats]\nlimit_per_min = 1\n'
    )
    source = f"capture:{belt_capture}?device=belt"
    done = subprocess.run(
        [sys.executable, "-m", "ecgmon", "run", "--source", source, "--config", "my.toml", "--json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(grown)},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert any(event["type"] == "alarm" and event["kind"] == "atrial_beats" for event in events)
    tally = json.loads((tmp_path / "tally.json").read_text())["capture"]
    assert tally["Beat"] == sum(event["type"] == "beat" for event in events) > 110
    assert tally["atrial_beats active"] >= 1
