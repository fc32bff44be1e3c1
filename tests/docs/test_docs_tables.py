"""Tables and lists of the pages say what the tree, the contracts and the program say."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest
from doc_text import PAGES, ROOT, name_of, table

from ecgmon.firmware_bridge import errors as device_errors
from ecgmon.monitor.cli.app import build_app
from ecgmon.monitor.cli.commands.train import TRAININGS
from ecgmon.monitor.cli.entry import BROKEN_PIPE_EXIT_CODE, INTERRUPTED_EXIT_CODE
from ecgmon.monitor.core import errors, platform
from ecgmon.monitor.core.version import __version__

ARCHITECTURE = ROOT / "docs/architecture.md"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def _floors() -> list[set[str]]:
    """Return the rooms of each floor of the contracts, from the ground up."""
    layers = PYPROJECT["tool"]["importlinter"]["contracts"][0]["layers"]
    named = [{room.strip() for room in layer.split("|")} for layer in reversed(layers)]
    return [{room.removeprefix("ecgmon.").replace(".", "/") for room in floor} for floor in named]


def _rooms() -> list[set[str]]:
    rows = table(ARCHITECTURE, "pyproject.toml`.\n")
    return [{room.strip("/") for room in re.findall(r"`([^`]+)`", row[0])} for row in rows]


def test_the_table_of_rooms_is_the_contract_of_floors() -> None:
    assert _rooms() == _floors()


def test_every_folder_of_code_is_in_the_table_of_rooms() -> None:
    told = set().union(*_rooms()) | {"models/zoo"}
    folders = {
        folder.relative_to(ROOT).as_posix()
        for house in ("monitor", "models")
        for folder in (ROOT / house).iterdir()
        if (folder / "__init__.py").is_file()
    }
    assert folders <= told
    assert told - folders == {"sim", "firmware_bridge"}


def test_files_that_the_table_of_rooms_names_are_in_their_room() -> None:
    for row in table(ARCHITECTURE, "pyproject.toml`.\n"):
        rooms = re.findall(r"`([^`]+)/`", row[0])
        for file in re.findall(r"`(\w+\.py)`", row[1]):
            assert any((ROOT / room / file).is_file() for room in rooms), f"{file} is not in {rooms}"


def test_the_window_has_the_floors_that_the_page_names() -> None:
    layers = PYPROJECT["tool"]["importlinter"]["contracts"][1]["layers"]
    named = [layer.rpartition(".")[2] for layer in reversed(layers)]
    text = ARCHITECTURE.read_text().split("The window has floors of its own", 1)[1]
    told = re.findall(r"`(\w+)(?:/|\.py)`", text)[: len(named)]
    assert told == named


def _codes() -> set[int]:
    kinds = [
        kind
        for module in (errors, platform, device_errors)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, errors.EcgmonError)
    ]
    return {kind.exit_code for kind in kinds}


def _told(cell: str) -> set[int]:
    first, _, last = cell.partition(" to ")
    return set(range(int(first), int(last or first) + 1))


def test_every_exit_code_is_told_and_no_other() -> None:
    told = [_told(row[0]) for row in table(ROOT / "docs/command-line.md", "## Exit codes\n")]
    special = {0, errors.INTERNAL_FAULT_EXIT_CODE, INTERRUPTED_EXIT_CODE, BROKEN_PIPE_EXIT_CODE}
    assert set().union(*told) == _codes() | special


def test_every_exit_code_of_devices_has_advice() -> None:
    told = [_told(row[0]) for row in table(ROOT / "docs/devices.md", "## When it does not work\n")]
    assert {code for code in _codes() if 20 <= code <= 29} <= set().union(*told)


def test_the_first_table_of_commands_names_them_all() -> None:
    text = (ROOT / "docs/command-line.md").read_text().split("`ecgmon` alone", 1)[0]
    for name in build_app():
        if not name.startswith("-") and name != "help":
            assert re.search(rf"\b{name}\b", text), f"docs/command-line.md does not name {name}"


def test_every_training_is_on_the_page_of_models() -> None:
    text = (ROOT / "docs/models.md").read_text()
    assert {name for name in TRAININGS if f"`ecgmon train {name}`" in text} == set(TRAININGS)


def test_the_page_of_models_names_every_file_of_the_zoo_and_its_contract() -> None:
    index = tomllib.loads((ROOT / "models/zoo/index.toml").read_text())
    text = (ROOT / "docs/models.md").read_text()
    for model in index["model"]:
        assert f"`{model['kind']}`" in text
        assert f"`{model['name']}`" in text or f"`-{model['name'].rpartition('-')[2]}`" in text
        assert (ROOT / "models/zoo" / model["card"]).is_file()


def test_words_of_the_glossary_are_in_order_and_explained_in_one_line_each() -> None:
    rows = table(ROOT / "docs/glossary.md", "as ecgmon uses them.\n")
    words = [word.lower() for word, _ in rows]
    assert words == sorted(set(words))
    assert len(words) >= 40
    for word, meaning in rows:
        assert meaning, word
        assert len(meaning) <= 130, f"the line of {word} is long"


def test_the_index_of_pages_names_every_page() -> None:
    text = (ROOT / "docs/README.md").read_text() + (ROOT / "README.md").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        if page.name != "README.md":
            assert f"({page.name}" in text or f"docs/{page.name}" in text, f"{page.name} is not in the index"


def test_every_extra_is_in_the_readme() -> None:
    rows = table(ROOT / "README.md", "[gui,notify]'`:\n")
    told = {extra for row in rows for extra in re.findall(r"`(\w+)`", row[0])}
    assert told == set(PYPROJECT["project"]["optional-dependencies"])


def test_the_readme_says_how_to_get_the_command_before_it_uses_it() -> None:
    text = (ROOT / "README.md").read_text()
    first = re.search(r"^    ecgmon ", text, flags=re.MULTILINE)
    assert first is not None
    assert "make setup" in text[: first.start()]
    assert f"pip install dist/ecgmon-{__version__}-py3-none-any.whl" in text[: first.start()]


def test_the_python_of_the_readme_finds_the_beats_of_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    exec(compile(code, "README.md", "exec", dont_inherit=True), {})
    beats = capsys.readouterr().out.splitlines()
    assert len(beats) == 16
    assert sum(line.endswith(" V") for line in beats) >= 5


def test_the_changelog_begins_with_this_version_and_goes_back_in_time() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    heads = re.findall(r"^## (\d+\.\d+\.\d+)(?: - (\d{4}-\d\d-\d\d))?$", text, flags=re.MULTILINE)
    assert heads[0][0] == __version__
    assert date.fromisoformat(heads[0][1])
    numbers = [tuple(map(int, version.split("."))) for version, _ in heads]
    assert numbers == sorted(numbers, reverse=True)
    assert "Unreleased" not in text


def test_the_upgrade_notes_name_every_former_key() -> None:
    notes = (ROOT / "CHANGELOG.md").read_text()
    for before, now in table(ROOT / "docs/settings.md", "## Former keys\n"):
        for key in (before, now):
            last = re.sub(r" = .*", "", key.strip("`")).rpartition(".")[2]
            assert last in notes, f"CHANGELOG.md does not name {key}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_has_one_title_and_no_heading_twice(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^(#+) (.+)$", text, flags=re.MULTILINE)
    assert [level for level, _ in titles].count("#") == 1
    main = [title for level, title in titles if len(level) <= 2]
    assert len(main) == len(set(main))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_rows_of_a_table_have_as_many_cells_as_its_head(page: Path) -> None:
    for block in re.findall(r"(?:^ *\|.*\n)+", page.read_text("utf-8"), flags=re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", re.sub(r"`[^`]*`", "", line))) for line in block.splitlines()}
        assert len(widths) == 1, f"{name_of(page)}: {block.splitlines()[0]}"
