"""A command begins soon: it imports what it runs, and nothing is searched for that nobody needs yet."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from as_a_user import ROOT, environment

from ecgmon.monitor.cli import main
from ecgmon.monitor.core.startup import GARBAGE_EVERY, start_quickly, started

REPLAY = ["replay", "100", "--speed", "max", "--headless", "--duration", "5", "--quiet"]

FOREIGN = [
    "PyQt6", "aiomqtt", "apprise", "cobs", "edfio", "gpiozero", "http.client", "matplotlib",
    "multiprocessing", "numpy.polynomial", "numpy.random", "onnx", "paho", "pandas", "platformdirs",
    "psycopg", "pyarrow", "pyqtgraph", "rich", "scipy", "serial", "shap", "sqlalchemy", "sqlite3",
    "stamina", "torch", "urllib.request", "wfdb",
]  # fmt: skip
"""What a headless replay without further outputs does without."""

OWN = [
    "cli.display", "cli.terminal", "cli.usage", "core.refusal", "dashboard", "explain", "evaluation",
    "headless.attendant", "headless.systemd", "ingest.timekeeper", "ingest.mqtt", "ingest.serial",
    "outputs.annotations", "outputs.mqtt", "recorder.recorder", "run.reading", "store.store",
]  # fmt: skip


def in_a_process(arguments: list[str], report: str, folder: Path) -> str:
    """Run a command as the console script does; return what a report prints when it is over."""
    program = f"""
        import atexit, gc, os, sys
        from ecgmon.monitor.cli import main
        sys.argv = ['ecgmon', *{arguments!r}]
        code = main()
        print({report}, file=sys.stderr)
        sys.exit(code)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()[-1]


def loaded_by(arguments: list[str], folder: Path) -> set[str]:
    return set(in_a_process(arguments, "*sys.modules", folder).split())


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return the modules that a plain replay has imported."""
    return loaded_by(REPLAY, tmp_path_factory.mktemp("replay"))


@pytest.mark.parametrize("name", FOREIGN)
def test_a_headless_replay_imports_no_library_that_it_does_not_use(name: str, loaded: set[str]) -> None:
    assert name not in loaded


@pytest.mark.parametrize("name", OWN)
def test_a_headless_replay_imports_no_room_that_it_does_not_enter(name: str, loaded: set[str]) -> None:
    place = f"ecgmon.monitor.{name}"
    assert (ROOT / f"{place.replace('.', '/')}.py").is_file() or (ROOT / place.replace(".", "/")).is_dir()
    assert place not in loaded


def test_the_watch_on_imports_sees_what_is_imported(loaded: set[str]) -> None:
    assert {"numpy", "onnxruntime", "pydantic", "ecgmon.monitor.pipeline.pipeline"} <= loaded


def test_what_is_asked_for_is_imported_all_the_same(tmp_path: Path) -> None:
    more = loaded_by([*REPLAY, "--annotations", "out"], tmp_path)
    assert "ecgmon.monitor.outputs.annotations" in more
    assert (tmp_path / "out" / "100.ecgmon").is_file()


def test_a_store_that_is_asked_for_brings_its_database(tmp_path: Path) -> None:
    (tmp_path / "ward.toml").write_text('[outputs.store]\naddress = "events.db"\n')
    more = loaded_by([*REPLAY, "--config", "ward.toml"], tmp_path)
    assert {"sqlalchemy", "ecgmon.monitor.run.reading"} <= more
    assert (tmp_path / "events.db").stat().st_size > 0


def test_garbage_is_searched_for_as_usual_once_the_loop_runs(tmp_path: Path) -> None:
    threshold, frozen = in_a_process(
        REPLAY, "gc.get_threshold()[0], int(gc.get_freeze_count() > 50_000)", tmp_path
    ).split()
    usual = gc.get_threshold()[0]
    assert (int(threshold), frozen) == (usual, "1")


def test_the_imports_of_a_replay_are_fewer_than_a_search_for_garbage_waits_for(tmp_path: Path) -> None:
    made = int(in_a_process(REPLAY, "gc.get_freeze_count()", tmp_path))
    assert made < 0.8 * GARBAGE_EVERY


def test_no_package_is_asked_for_plug_ins_of_pydantic(tmp_path: Path) -> None:
    report = "os.environ['PYDANTIC_DISABLE_PLUGINS']"
    assert in_a_process(["help"], report, tmp_path) == "__all__"


def test_a_program_that_calls_main_keeps_its_own_search_for_garbage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    assert main(REPLAY) == 0
    assert (gc.get_threshold(), gc.get_freeze_count()) == before
    assert "beats" in capsys.readouterr().out


def test_started_without_a_quick_start_changes_nothing() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    started()
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_a_quick_start_ends_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYDANTIC_DISABLE_PLUGINS", "mine")
    usual = gc.get_threshold()
    frozen: list[int] = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(1))
    try:
        start_quickly()
        assert gc.get_threshold()[0] == GARBAGE_EVERY
        started()
        started()
        assert (gc.get_threshold(), frozen) == (usual, [1])
    finally:
        gc.set_threshold(*usual)


def test_a_choice_of_pydantic_plug_ins_made_outside_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYDANTIC_DISABLE_PLUGINS", "mine")
    usual = gc.get_threshold()
    try:
        start_quickly()
    finally:
        gc.set_threshold(*usual)
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.environ['PYDANTIC_DISABLE_PLUGINS'])"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "mine\n"


def test_the_first_event_is_printed_before_the_record_is_over() -> None:
    command = [sys.executable, "-m", "ecgmon", "replay", "100", "--speed", "2", "--headless", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(), cwd=ROOT) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        process.terminate()
        rest = process.stdout.read().splitlines()
    assert first["known_at"] < 3 * 360
    assert len(rest) < 100


def test_a_fault_with_debug_shows_where_it_happened(tmp_path: Path) -> None:
    program = (
        "import sys; from ecgmon.monitor.cli import main; import ecgmon.monitor.inference.registry as r;"
        "r.list_models = None; sys.argv = ['ecgmon', '--debug', 'models']; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 70
    assert "Traceback" in done.stderr
    assert "TypeError" in done.stderr
