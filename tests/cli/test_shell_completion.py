"""The completion scripts are scripts of their shells, know all commands and options, and complete."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from all_commands import GROUPS, OPTIONS, TRAININGS
from as_a_user import Ecgmon, environment

from ecgmon.monitor.cli import main

SHELLS = ("bash", "zsh", "fish")


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the script of each shell as a file."""
    folder = tmp_path_factory.mktemp("scripts")
    found = {}
    for shell in SHELLS:
        with (folder / shell).open("w") as file, pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.stdout", file)
            assert main(["completion", shell]) == 0
        found[shell] = folder / shell
    return found


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_names_every_command_and_option(shell: str, scripts: dict[str, Path]) -> None:
    text = scripts[shell].read_text()
    for command in (*OPTIONS, *GROUPS, *TRAININGS):
        assert command.split()[-1] in text
    for options in OPTIONS.values():
        for option in set(options) - {"--worker"}:
            # fish knows long options without their hyphens
            assert option.removeprefix("--" if shell == "fish" else "") in text, option


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_is_one_of_its_shell(shell: str, scripts: dict[str, Path]) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    checked = subprocess.run(
        [program, "-n", str(scripts[shell])], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def completed(script: Path, *words: str) -> list[str]:
    """Return what bash offers for the last word."""
    quoted = " ".join(f"'{word}'" for word in words)
    program = f"""
        source {script}
        function_name=$(complete -p ecgmon | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}
        COMP_LINE="{" ".join(words)}"; COMP_POINT=${{#COMP_LINE}}
        $function_name ecgmon "${{COMP_WORDS[COMP_CWORD]}}" ""
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", program], env=environment(), capture_output=True, text=True, check=True
    )
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("ecgmon", "rep"), ["replay"]),
        (("ecgmon", "dash"), ["dashboard"]),
        (("ecgmon", "replay", "--sp"), ["--speed"]),
        (("ecgmon", "evaluate", "rh"), ["rhythm"]),
        (("ecgmon", "evaluate", "beats", "--prov"), ["--provisional"]),
        (("ecgmon", "evaluate", "alarms", "--prov"), []),
        (("ecgmon", "train", "arr"), ["arrhythminet"]),
        (("ecgmon", "completion", "z"), ["zsh"]),
        (("ecgmon", "events", "--format", "par"), ["parquet"]),
    ],
    ids=" ".join,
)
def test_bash_completes(words: tuple[str, ...], offered: list[str], scripts: dict[str, Path]) -> None:
    assert completed(scripts["bash"], *words) == offered


@pytest.mark.parametrize("shell", SHELLS)
def test_installed_it_lies_in_the_users_folder_and_only_there(
    shell: str, ecgmon: Ecgmon, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    hidden = dict.fromkeys(("XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR", "ZSH_CUSTOM", "ZSH"), "")
    done = ecgmon("completion", shell, "--install", HOME=str(home), **hidden)
    assert (done.returncode, done.stderr) == (0, "")
    path = Path(done.stdout.split()[2].rstrip("."))
    assert path.is_relative_to(home) or not path.is_absolute()
    assert "ecgmon" in (tmp_path / path).read_text()
    assert f"the next {shell}" in done.stdout


def test_where_it_cannot_be_written_another_way_is_named(ecgmon: Ecgmon, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file, not a folder")
    done = ecgmon("completion", "fish", "--install", HOME=str(tmp_path / "home"), XDG_CONFIG_HOME="")
    assert done.returncode == 8
    assert "ecgmon completion fish > FILE" in done.stderr
    assert done.stderr.count("\n") == 1
