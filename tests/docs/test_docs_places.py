"""Every path, link, module and option that a page names is there, and no page uses a word given up."""

from __future__ import annotations

import importlib
import re
from functools import cache
from pathlib import Path

import pytest
from doc_text import PAGES, ROOT, SETTINGS, Line, anchors, links, name_of, spans

from ecgmon.monitor.cli.app import build_app

SPANS = [line for page in PAGES for line in spans(page)]
ROOMS = "monitor|models|sim|firmware_bridge|tests|docs|configs|benchmarks|scripts|ecgmon|\\.ci|\\.github"
PLACE = re.compile(rf"((?:{ROOMS})(?:/[\w.*-]+)*)/?(?::(\w+))?")
MADE = {"docs/api"}
"""Made by a command."""

OTHERS = {"--system-site-packages"}
"""Options of other programs."""

GIVEN_UP = {
    "unlike beat": "atypical beat",
    "ground rhythm": "base rhythm",
    "likeness": "correlation",
    "the judge": "classifier",
    "the namer": "classifier",
    "hushed": "muted",
    "username_env": "user",
    "password_file": "password",
    "learned_every_s": "memory_every_s",
    "sim/splits": "monitor/core/ecg_codes.py",
    "monitor/pipeline.py": "monitor/pipeline/pipeline.py",
    "atrial_model": "models/zoo/af.json",
    "fibrillation.onnx": "models/zoo/vf.onnx",
    "ecgmon.models.vf": "ecgmon train vf",
    "from ecgmon.sim.record import": "from ecgmon import read_record",
}
"""Words and paths of the first version, and what stands in their place."""


@cache
def file_names() -> frozenset[str]:
    """Return the names of all files of the project."""
    return frozenset(
        file.name
        for place in ("monitor", "models", "sim", "firmware_bridge", "tests", "docs", "configs", "benchmarks")
        for file in (ROOT / place).rglob("*")
    ) | {file.name for file in ROOT.iterdir()}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target, anchor in links(page):
        place = (page.parent / target).resolve() if target else page
        assert place.exists(), f"{name_of(page)} links to {target}"
        if anchor:
            assert anchor in anchors(place), f"{name_of(page)} links to {target}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    for line in spans(page):
        named = PLACE.fullmatch(line.text)
        if named is None or named[1] in MADE or named[1] == "ecgmon":
            continue
        found = list(ROOT.glob(named[1].replace("/NAME", "/*")))
        assert found, f"{line.page} names {line.text}"
        if named[2]:
            assert re.search(rf"\b{named[2]}\b", found[0].read_text()), f"{line.page} names {line.text}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_of_ours_that_a_page_names_without_its_folder_exists(page: Path) -> None:
    for line in spans(page):
        for name in re.findall(r"(?<![\w/.-])([a-z_0-9]+\.(?:py|md))\b", line.text):
            assert name in file_names(), f"{line.page} names {line.text}"


@pytest.mark.parametrize("line", [line for line in SPANS if line.text.startswith("ecgmon.")], ids=str)
def test_every_module_and_name_that_a_page_names_can_be_imported(line: Line) -> None:
    if not re.fullmatch(r"ecgmon(\.\w+)+", line.text):
        return
    words = line.text.split(".")
    if words[1] not in ("monitor", "models", "sim", "firmware_bridge"):
        return
    for length in range(len(words), 1, -1):
        try:
            found: object = importlib.import_module(".".join(words[:length]))
        except ModuleNotFoundError as error:
            if not line.text.startswith(str(error.name)):
                return  # needs torch or another package that is not installed
            continue
        for attribute in words[length:]:
            found = getattr(found, attribute)
        return
    pytest.fail(f"{line.page} names {line.text}")


@cache
def known_options() -> frozenset[str]:
    """Return the options of all commands, trainings and benchmarks."""
    app = build_app()
    apps = [app[name] for name in app if not name.startswith("-")]
    apps += [app["evaluate"][name] for name in app["evaluate"] if not name.startswith("-")]
    callable_apps = (each for each in apps if each.default_command is not None)
    known = {
        name
        for each in callable_apps
        for argument in each.assemble_argument_collection()
        for name in argument.names
    }
    files = [ROOT / "models/common/command.py", *(ROOT / "benchmarks").rglob("*.py")]
    source = "".join(file.read_text() for file in files)
    return frozenset(known | set(re.findall(r'"(--[a-z-]+)"', source)) | {"--help", "--version", "--debug"})


@pytest.mark.parametrize(
    "line", [line for line in SPANS if re.fullmatch(r"--[a-z][a-z-]+( \S+)*", line.text)], ids=str
)
def test_every_option_that_a_page_names_is_one_of_some_command(line: Line) -> None:
    for option in re.findall(r"--[a-z-]+", line.text):
        assert option in known_options() | OTHERS


@pytest.mark.parametrize("page", [*PAGES, *SETTINGS], ids=name_of)
def test_no_page_uses_a_name_that_was_given_up(page: Path) -> None:
    text = " ".join(page.read_text("utf-8").split()).lower()
    if name_of(page) == "docs/settings.md":
        text = text.partition("## former keys")[0]
    for word, now in GIVEN_UP.items():
        assert word not in text, f"{name_of(page)} says {word!r}; it is {now!r} now"


@pytest.mark.parametrize("page", [*PAGES, *SETTINGS], ids=name_of)
def test_no_page_names_a_folder_of_somebodys_machine(page: Path) -> None:
    strangers = re.findall(r"(?<![\w.])/(?:work|home|root|Users)/\S*", page.read_text("utf-8"))
    assert not strangers
