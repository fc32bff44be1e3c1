"""What is imported is declared in pyproject.toml, what is declared is used, and the base is enough."""

from __future__ import annotations

import ast
import functools
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

MODULE_OF = {
    "pywavelets": "pywt",
    "paho-mqtt": "paho",
    "annotated-types": "annotated_types",
    "pyserial": "serial",
    "pyqt6": "PyQt6",
    "py-ecg-detectors": "ecgdetectors",
    "vg-beat-detectors": "vg_beat_detectors",
}
"""Module of a distribution that is called otherwise."""

NEVER_IMPORTED = {"psycopg", "lgpio"}
"""Drivers: SQLAlchemy and gpiozero import them."""

FLOORS = ("monitor", "models", "sim", "firmware_bridge")

OWN_EXTRA = {
    "monitor/explain": "explain",
    "monitor/dashboard": "gui",
    "models": "train",
    "models/background": "explain",
}
"""Folders that are only entered where an extra is installed."""


def module_of(requirement: str) -> str:
    """Return the module that a requirement such as ``pyserial>=3.5`` brings."""
    name = re.match(r"[\w.-]+", requirement)
    assert name is not None, requirement
    return MODULE_OF.get(name[0].lower(), name[0])


def modules_of(extra: str) -> set[str]:
    """Return the modules of an extra and of the extras that it names."""
    modules: set[str] = set()
    for requirement in PROJECT["optional-dependencies"][extra]:
        others = re.fullmatch(r"ecgmon\[([\w,]+)\]", requirement)
        if others is None:
            modules.add(module_of(requirement))
        else:
            modules.update(*(modules_of(other) for other in others[1].split(",")))
    return modules


BASE = {module_of(requirement) for requirement in PROJECT["dependencies"]}
ANY = BASE.union(*map(modules_of, PROJECT["optional-dependencies"]))


def foreign(name: str | None) -> str | None:
    """Return the top of a module's name, None if it is ours, Python's own or of the type checker."""
    top = (name or "").partition(".")[0]
    return None if not top or top in {"ecgmon", "_typeshed"} or top in sys.stdlib_module_names else top


def imports(tree: ast.AST, *, lazily: bool) -> Iterator[str]:
    """Yield the foreign modules that a tree imports, with ``lazily`` also those within functions."""
    for node in ast.iter_child_nodes(tree):
        if not lazily and is_later(node):
            continue
        if isinstance(node, ast.Import):
            yield from filter(None, (foreign(alias.name) for alias in node.names))
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from filter(None, [foreign(node.module)])
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            named = node.args[0]
            if isinstance(named, ast.Constant):
                yield from filter(None, [foreign(str(named.value))])
        yield from imports(node, lazily=lazily)


def is_later(node: ast.AST) -> bool:
    """Tell whether what stands in a node is not run when its module is imported."""
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.unparse(node.test)
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


@functools.cache
def imported(*folders: str, lazily: bool = True) -> dict[str, list[str]]:
    """Return the foreign modules that the files of some folders import, and which files do."""
    found: dict[str, list[str]] = {}
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for name in imports(ast.parse(path.read_text()), lazily=lazily):
                found.setdefault(name, []).append(str(path.relative_to(ROOT)))
    return found


def test_everything_that_the_program_imports_is_declared() -> None:
    undeclared = {name: files for name, files in imported(*FLOORS).items() if name not in ANY}
    assert undeclared == {}


def test_everything_that_the_benchmarks_import_is_in_their_extra() -> None:
    # atheris builds from source on most systems; the one file that needs it says how
    known = BASE | modules_of("bench") | modules_of("gui") | {"benchmarks", "atheris"}
    assert {name: files for name, files in imported("benchmarks").items() if name not in known} == {}


def test_everything_that_the_tests_import_is_in_their_extras() -> None:
    local = {path.stem for path in (ROOT / "tests").rglob("*.py")} | {"tests", "benchmarks", "ecgmon_example"}
    known = BASE | modules_of("dev") | modules_of("gui") | modules_of("train") | local
    assert {name: files for name, files in imported("tests").items() if name not in known} == {}


@pytest.mark.parametrize("requirement", PROJECT["dependencies"])
def test_nothing_is_installed_that_nobody_imports(requirement: str) -> None:
    assert module_of(requirement) in imported(*FLOORS)


@pytest.mark.parametrize("extra", sorted(set(PROJECT["optional-dependencies"]) - {"dev", "bench"}))
def test_an_extra_brings_nothing_that_nobody_imports(extra: str) -> None:
    assert modules_of(extra) - NEVER_IMPORTED <= set(imported(*FLOORS))


def test_no_extra_repeats_a_requirement() -> None:
    for extra, requirements in PROJECT["optional-dependencies"].items():
        names = [
            module_of(requirement) for requirement in requirements if not requirement.startswith("ecgmon[")
        ]
        assert len(names) == len(set(names)), extra


def folder_of(file: str) -> str:
    """Return the longest of the folders with an extra that a file lies in, or an empty text."""
    return max((folder for folder in OWN_EXTRA if file.startswith(f"{folder}/")), key=len, default="")


def test_the_base_install_imports_no_extra_before_it_is_asked_for() -> None:
    for name, files in imported(*FLOORS, lazily=False).items():
        for file in files:
            folder = folder_of(file)
            allowed = BASE | (modules_of(OWN_EXTRA[folder]) if folder else set())
            assert name in allowed, f"{file} imports {name} when it is imported"


def test_extras_that_are_told_to_install_exist() -> None:
    told: set[str] = set()
    for folder in FLOORS:
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text()
            told.update(re.findall(r"""missing_extra\([^()]*?["'](\w+)["']\)""", text))
            told.update(re.findall(r"""install_command\(["'](\w+)["']\)""", text))
            told.update(re.findall(r"""require\("[^"]+", "(\w+)",""", text))
    assert {"sim", "edf", "gui", "gpio", "notify", "explain", "train", "parquet", "postgresql"} <= told
    assert told <= set(PROJECT["optional-dependencies"])
