"""Installs packages of somebody else beside ecgmon, and runs the program as their user does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ecgmon.firmware_bridge.decoders import DECODERS
from ecgmon.monitor.alarms.catalogue import ALARMS
from ecgmon.monitor.cli import main
from ecgmon.monitor.inference.registry import MODELS, find_model
from ecgmon.monitor.ingest.registry import SOURCES
from ecgmon.monitor.outputs.registry import OUTPUTS
from ecgmon.sim.library import find_record
from ecgmon.sim.record import read_record

ROOT = Path(__file__).parents[2]
EXAMPLE = Path(__file__).parents[1] / "example_package"

Run = Callable[..., subprocess.CompletedProcess[str]]


def install(project: Path, target: Path) -> Path:
    """Build and install a project by pip, without a network, into a folder of its own."""
    words = ["install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target"]
    subprocess.run([sys.executable, "-m", "pip", *words, target, project], check=True, timeout=120)
    return target


@pytest.fixture(scope="session")
def example(tmp_path_factory) -> Path:
    """Return the folder into which the example package was installed, with a model of its own."""
    folder = tmp_path_factory.mktemp("example")
    project = shutil.copytree(EXAMPLE, folder / "project")
    (project / "conftest.py").unlink()
    package = project / "src" / "ecgmon_example"
    shutil.copy(find_model("arrhythminet-v2").path, package / "example-model.onnx")
    (package / "example-model.md").write_text("# example-model\n")
    return install(project, folder / "installed")


BROKEN_PROJECT = """
[build-system]
requires = ["setuptools>=70.1"]
build-backend = "setuptools.build_meta"
[project]
name = "ecgmon-broken"
version = "0.1"
[tool.setuptools]
py-modules = ["ecgmon_broken", "ecgmon_crashing"]
[project.entry-points."ecgmon.decoders"]
crashing = "ecgmon_crashing:DEVICE"
not-a-kind = "ecgmon_broken:NOT_A_KIND"
half = "ecgmon_broken:HALF"
cyton = "ecgmon_broken:HALF"
[project.entry-points."ecgmon.sources"]
crashing = "ecgmon_crashing:open"
nosource = "ecgmon_broken:open_nothing"
bursting = "ecgmon_broken:burst"
[project.entry-points."ecgmon.outputs"]
crashing = "ecgmon_crashing:OUTPUT"
hollow = "ecgmon_broken:HOLLOW"
bursting = "ecgmon_broken:BURSTING"
[project.entry-points."ecgmon.alarms"]
crashing = "ecgmon_crashing:ALARM"
hollow = "ecgmon_broken:HOLLOW_ALARM"
[project.entry-points."ecgmon.models"]
crashing = "ecgmon_crashing:MODEL"
missing-model = "ecgmon_broken:MODEL"
numbered = "ecgmon_broken:NUMBER"
[project.entry-points."ecgmon.pages"]
crashing = "ecgmon_crashing:PAGE"
half-page = "ecgmon_broken:Half"
"""

BROKEN_CODE = """
from ecgmon.firmware_bridge.device import DeviceKind
from ecgmon.monitor.alarms.kind import AlarmKind
from ecgmon.monitor.alarms.rules import AlarmRule
from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.outputs.kind import OutputKind

class Empty(Settings):
    "Nothing can be set."

class Half:
    def __init__(self, settings):
        pass
    def feed(self, data):
        return []

def burst(*_):
    raise RuntimeError("no such card")

NOT_A_KIND = {"title": "a dictionary"}
HALF = DeviceKind("Half a decoder", Empty, Half)
HOLLOW = OutputKind("Makes nothing", Empty, lambda settings, run: None)
BURSTING = OutputKind("Bursts", Empty, burst)
HOLLOW_ALARM = AlarmKind("Hollow", AlarmRule(), lambda rule, context: None)
MODEL = "/nowhere/model.onnx"
NUMBER = 7

def open_nothing(address, settings):
    return object()
"""


@pytest.fixture(scope="session")
def broken(tmp_path_factory) -> Path:
    """Return the folder of an installed package of which nothing works."""
    folder = tmp_path_factory.mktemp("broken")
    project = folder / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(BROKEN_PROJECT)
    (project / "ecgmon_broken.py").write_text(BROKEN_CODE)
    (project / "ecgmon_crashing.py").write_text("raise SystemExit('this module ends the program')\n")
    return install(project, folder / "installed")


@pytest.fixture
def in_process(monkeypatch, capsys) -> Callable[..., tuple[int, str]]:
    """Return a function that runs a command in this process, which is quick where it is refused at once."""

    def run(*words: str, beside: Path) -> tuple[int, str]:
        monkeypatch.syspath_prepend(beside)
        for registry in (DECODERS, SOURCES, OUTPUTS, ALARMS, MODELS):
            registry.__dict__.pop("_foreign", None)
        return main(list(words)), capsys.readouterr().err

    yield run
    monkeypatch.undo()
    for registry in (DECODERS, SOURCES, OUTPUTS, ALARMS, MODELS):
        registry.__dict__.pop("_foreign", None)
    for name in [name for name in sys.modules if name.startswith(("ecgmon_example", "ecgmon_broken"))]:
        del sys.modules[name]


@pytest.fixture
def ecgmon(tmp_path) -> Run:
    """Return a function that runs ``ecgmon`` with the packages of some folders installed."""

    def run(*words: str | Path, beside: tuple[Path, ...] = ()) -> subprocess.CompletedProcess[str]:
        hidden = ("DISPLAY", "WAYLAND_DISPLAY", "ECGMON_DATA", "COLUMNS")
        kept = {key: value for key, value in os.environ.items() if key not in hidden}
        path = os.pathsep.join(map(str, [*beside, ROOT]))
        return subprocess.run(
            [sys.executable, "-m", "ecgmon", *map(str, words)],
            cwd=tmp_path,
            env={**kept, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def belt_capture(example, tmp_path_factory) -> Path:
    """Return a file with what the example's belt sends while it measures record 100 from 820 s to 920 s."""
    sys.path.insert(0, str(example))
    try:
        from ecgmon_example.belt import encode
    finally:
        sys.path.remove(str(example))
    record = read_record(find_record("100", None))
    counts = np.round(record.samples_mv(820 * 360, 920 * 360, (0,))[0] * 200).astype(np.int16)
    path = tmp_path_factory.mktemp("capture") / "belt.bin"
    path.write_bytes(b"".join(encode(counts[at : at + 36], at // 36) for at in range(0, counts.size, 36)))
    return path
