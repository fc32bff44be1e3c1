"""Every command that a page shows is taken by the program, and every refusal is the one that it gives."""

from __future__ import annotations

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from cyclopts import CycloptsError, MissingArgumentError
from doc_text import PAGES, ROOT, SETTINGS, Line, calls, code_lines, command_lines, name_of, spans

from ecgmon.monitor.cli import main
from ecgmon.monitor.cli.app import build_app
from ecgmon.monitor.cli.commands.train import TRAININGS
from ecgmon.monitor.cli.usage import explained
from ecgmon.monitor.core.errors import SettingsError, UsageError
from ecgmon.monitor.ingest.address import Address
from ecgmon.monitor.ingest.registry import SOURCES, open_source
from ecgmon.monitor.ingest.settings import ReplaySettings
from ecgmon.monitor.run.settings import MonitorSettings, load_settings

ALL_CODE = [line for page in (*PAGES, *SETTINGS) for line in (*code_lines(page), *spans(page))]
COMMAND_LINE = ROOT / "docs/command-line.md"
SHOWN = [line.text for line in code_lines(COMMAND_LINE)]
REFUSED = {text.removeprefix("$ ") for text in SHOWN if text.startswith("$ ")}
LINES = [line for line in command_lines() if line.text.removeprefix("$ ") not in REFUSED]

IN_SENTENCES = {line for page in PAGES for line in spans(page)}


def test_the_pages_show_commands_of_every_kind() -> None:
    shown = {words[0] for line in LINES for words in calls(line) if words}
    commands = {name for name in build_app() if not name.startswith("-")}
    assert commands <= shown, f"no page shows {sorted(commands - shown)}"


@pytest.mark.parametrize("line", LINES, ids=str)
def test_a_command_of_a_page_is_taken_by_the_program(line: Line) -> None:
    for words in calls(line):
        try:
            build_app().parse_args(words)
        except MissingArgumentError as error:
            # a sentence may name a command without its record, and … leaves something out
            if line not in IN_SENTENCES and "…" not in line.text:
                pytest.fail(f"{line}: {explained(error)}")
        except CycloptsError as error:
            pytest.fail(f"{line}: {explained(error)}")


@pytest.mark.parametrize("line", [line for line in LINES if " train " in line.text], ids=str)
def test_a_training_of_a_page_has_the_word_and_the_options_that_are_shown(line: Line) -> None:
    for _, name, *words in calls(line):
        assert name in TRAININGS
        texts = ("models/common/command.py", f"models/{name}/__main__.py")
        source = "".join((ROOT / text).read_text() for text in texts)
        if words:
            assert re.search(rf'"{words[0]}": (command\.)?Word\(', source), f"{line}: no word {words[0]}"
        for option in (word for word in words if word.startswith("--")):
            assert f'"{option}"' in source, f"{line}: no option {option}"


MEANT = {"[:PORT][/TOPIC]": "", "KIND": "cyton", "RECORD": "200", "=belt": "=cyton"}
"""What stands in an address of a page for a user's own words."""


def _addresses() -> list[Line]:
    schemes = "|".join(SOURCES.names())
    found = {}
    for line in ALL_CODE:
        for address in re.findall(rf"(?:^|[\s'\"])((?:{schemes}):[^\s'\",;\]]+)", line.text):
            if "…" not in address and not address.endswith("//"):
                found.setdefault(address, Line(line.page, address))
    return list(found.values())


@pytest.mark.parametrize("line", _addresses(), ids=str)
def test_an_address_of_a_page_can_be_opened(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("U", "P"):
        monkeypatch.setenv(name, "secret")
    address = line.text
    for word, stands_for in MEANT.items():
        address = address.replace(word, stands_for)
    if re.fullmatch(r"mqtts?://[\w.]+(:\d+)?", address):  # a broker alone, as the bridge takes it
        address += "/ecg/+/raw"
    if address.startswith("replay:"):
        assert Address.parse(address).apply(ReplaySettings())
    else:
        assert open_source(address, load_settings(None, {"mqtt": {"host": "broker"}})).name


def test_a_mistyped_option_of_an_address_would_be_noticed() -> None:
    with pytest.raises(SettingsError, match="gains"):
        open_source("serial:/dev/ttyUSB0?device=cyton&gains=24", MonitorSettings())


def _refusals() -> list[tuple[str, str]]:
    """Return each command that is shown with the answer below it."""
    text = COMMAND_LINE.read_text("utf-8")
    shown = re.findall(r"^    \$ (.+)\n((?:    (?!\$ ).+\n)+)", text, flags=re.MULTILINE)
    return [(command, " ".join(answer.split())) for command, answer in shown]


@pytest.mark.parametrize(("command", "answer"), _refusals())
def test_a_mistake_is_answered_as_the_page_shows(
    command: str, answer: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    (words,) = calls(Line("docs/command-line.md", command))
    assert main(words) == UsageError.exit_code
    assert " ".join(capsys.readouterr().err.split()) == answer


@pytest.mark.parametrize("mistake", ["alarms.asystole.limit_ms = 400", "alarms.asystole.limit_s = 40"])
def test_a_refused_setting_is_answered_as_the_page_shows(
    mistake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.toml").write_text(mistake)
    with pytest.raises(SettingsError) as refused:
        load_settings(Path("my.toml"))
    assert f"ecgmon: {refused.value}" in SHOWN


@pytest.mark.parametrize("line", [line for line in ALL_CODE if "python" in line.text], ids=str)
def test_a_module_or_script_that_python_is_told_to_run_exists(line: Line) -> None:
    for module in re.findall(r"python3? -m ([\w.]+)", line.text):
        assert find_spec(module) is not None, line
    for script in re.findall(r"python3? ([\w/]+\.py)", line.text):
        assert (ROOT / script).is_file(), line


@pytest.mark.parametrize("line", [line for line in ALL_CODE if "benchmarks" in line.text], ids=str)
def test_a_benchmark_takes_the_options_that_a_page_shows(line: Line) -> None:
    call = re.search(r"python -m (benchmarks[\w.]*)(.*)|python (benchmarks/\w+)\.py(.*)", line.text)
    if call is None:
        return
    place = ROOT / (call[1] or call[3]).replace(".", "/")
    files = [*place.glob("*.py")] if place.is_dir() else [place.with_suffix(".py")]
    source = "".join(file.read_text() for file in files)
    for option in re.findall(r"--[a-z-]+", call[2] or call[4] or ""):
        assert f'"{option}"' in source, f"{line}: no option {option}"


def test_every_target_of_make_that_a_page_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = {
        target
        for line in ALL_CODE
        for targets_of_line in re.findall(r"^make((?: [a-z-]+)+)", line.text)
        for target in targets_of_line.split()
    }
    assert {"demo", "test", "setup", "dist", "docs", "floors", "types"} <= named
    assert named <= targets


def test_every_extra_that_a_page_names_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = set(project["optional-dependencies"])
    texts = [page.read_text("utf-8") for page in (*PAGES, *SETTINGS)]
    named = {
        extra
        for text in texts
        for group in re.findall(r"(?:ecgmon|\.|whl)\[([a-z,]+)\]", text)
        for extra in group.split(",")
    }
    named |= {extra for text in texts for extra in re.findall(r"extra [`\"](\w+)[`\"]", text)}
    assert named
    assert named <= extras


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "extending.md"], ids=name_of)
def test_settings_that_a_page_shows_are_taken(page: Path) -> None:
    blocks = re.findall(r"(?:^    .*\n|^\n)+", page.read_text("utf-8"), flags=re.MULTILINE)
    for block in blocks:
        if re.search(r"^    (\[[a-z]|sources = )", block, flags=re.MULTILINE):
            tree = tomllib.loads("\n".join(line[4:] for line in block.splitlines()))
            assert MonitorSettings.model_validate(tree) != MonitorSettings()


@pytest.mark.parametrize("file", SETTINGS, ids=lambda file: file.name)
def test_an_example_of_settings_is_taken_with_all_that_is_commented_out(file: Path, tmp_path: Path) -> None:
    text = re.sub(r"^# (\[|[a-z_]+ = )", r"\1", file.read_text("utf-8"), flags=re.MULTILINE)
    whole = tmp_path / file.name
    whole.write_text(text)
    for name in ("mqtt", "pem"):
        (tmp_path / name).write_text("x")
    assert text != file.read_text("utf-8"), "nothing is commented out; drop this file from the test"
    load_settings(whole)
