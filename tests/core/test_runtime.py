"""ONNX Runtime leaves no identity of the machine behind, and is imported in one place."""

import os
import subprocess
import sys
from pathlib import Path

import ecgmon

ROOT = Path(ecgmon.__file__).resolve().parent.parent


def test_a_replay_leaves_no_identity_in_the_home_of_its_user(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_"))}
    command = ["-m", "ecgmon", "replay", "100", "--speed", "max", "--duration", "5", "--headless", "--quiet"]
    done = subprocess.run(
        [sys.executable, *command],
        env={**environment, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not [path for path in home.rglob("*") if "onnxruntime" in str(path).lower()]


def test_onnx_runtime_is_imported_in_one_place():
    rooms = (ROOT / room for room in ("monitor", "models", "sim", "firmware_bridge"))
    importing = [
        path for room in rooms for path in room.rglob("*.py") if "import onnxruntime" in path.read_text()
    ]
    assert [path.name for path in importing] == ["runtime.py"]
