"""The hint for a missing extra is a command that works from where the user is."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ecgmon.monitor.core import extras
from ecgmon.monitor.core.errors import MissingExtraError
from ecgmon.monitor.core.extras import install_command, missing_extra, require


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the package came from a wheel."""
    monkeypatch.setattr(extras, "_checkout", lambda: None)


def with_pip(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: object() if there else None)


def test_an_installed_package_gets_its_extra_by_the_python_that_runs(
    installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_pip(monkeypatch, True)
    monkeypatch.chdir("/")
    words = shlex.split(install_command("sim"))
    assert words[1:] == ["-m", "pip", "install", "ecgmon[sim]"]
    assert Path("/", words[0]) == Path(sys.executable)


def test_an_environment_without_pip_is_served_by_uv(installed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with_pip(monkeypatch, False)
    words = shlex.split(install_command("gui"))
    assert words[:4] == ["uv", "pip", "install", "--python"]
    assert words[-1] == "ecgmon[gui]"


def test_a_checkout_installs_itself_with_short_paths_from_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    with_pip(monkeypatch, True)
    root = Path(extras.__file__).resolve().parents[2]
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "executable", str(root / ".venv" / "bin" / "python"))
    assert install_command("sim") == ".venv/bin/python -m pip install -e '.[sim]'"


def test_a_checkout_is_named_in_full_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_pip(monkeypatch, True)
    monkeypatch.chdir(tmp_path)
    root = Path(extras.__file__).resolve().parents[2]
    assert shlex.split(install_command("sim"))[-2:] == ["-e", f"{root}[sim]"]


def test_a_python_in_a_folder_with_a_blank_is_quoted(
    installed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_pip(monkeypatch, True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", "/home/my ecg/.venv/bin/python")
    assert shlex.split(install_command("sim"))[0] == "/home/my ecg/.venv/bin/python"


def test_the_python_named_is_one_that_runs() -> None:
    python = shlex.split(install_command("sim"))
    name = python[0] if python[0] != "uv" else python[4]
    done = subprocess.run([name, "-c", "import ecgmon"], capture_output=True, check=False)
    assert done.returncode == 0


def test_a_deleted_working_folder_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert "[sim]'" in install_command("sim")


def test_the_error_says_what_needs_which_package() -> None:
    error = missing_extra("Reading EDF files", "edfio", "edf")
    assert str(error).startswith(
        "Reading EDF files needs the package edfio, which is not installed. Install it: "
    )
    assert error.exit_code == 4


def test_nothing_is_refused_where_all_packages_are_there() -> None:
    require("Reading", "sim", "json", "numpy")


def test_the_first_package_that_is_missing_is_named_with_its_extra() -> None:
    with pytest.raises(MissingExtraError, match=r"Training needs the package no_such_part.*\[train\]'"):
        require("Training", "train", "json", "no_such_part", "neither_this")
