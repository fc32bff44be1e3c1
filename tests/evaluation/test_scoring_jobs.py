"""A long list of jobs is done on all cores, in order, and ends cleanly however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from slow_work import refuse, square, who

from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.core.platform import available_cores
from ecgmon.monitor.evaluation.jobs import run
from ecgmon.sim.library import BUNDLED

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def findable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let other processes find the work of these tests."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(ROOT), str(Path(__file__).parent))))


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_the_order_of_the_jobs(processes: int) -> None:
    assert run(square, range(6), processes, "Squares") == [0, 1, 4, 9, 16, 25]


def test_no_job_is_no_result() -> None:
    assert run(square, [], 2, "Nothing") == []


def test_one_process_stays_in_this_one_and_one_job_needs_no_other() -> None:
    assert set(run(who, range(3), 1, "Here")) == {os.getpid()}
    assert run(who, [0], 4, "Here") == [os.getpid()]


def test_several_processes_share_the_work() -> None:
    found = set(run(who, range(8), 2, "There"))
    assert os.getpid() not in found
    assert 1 <= len(found) <= 2


@pytest.mark.parametrize("processes", [1, 2])
def test_the_first_failure_ends_it_with_its_reason_and_way_out(processes: int) -> None:
    begin = time.monotonic()
    with pytest.raises(RecordError) as failed:
        run(refuse, range(8), processes, "Failing")
    assert (str(failed.value), failed.value.hint) == (
        "Record 3 is damaged. Fetch it again.",
        "Fetch it again.",
    )
    assert time.monotonic() - begin < 60
    assert not [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]


def test_progress_is_told_on_standard_error_only(capsys: pytest.CaptureFixture[str]) -> None:
    run(square, range(3), 1, "Counting three squares")
    out, errors = capsys.readouterr()
    assert out == ""
    assert "\x1b" not in errors


def test_there_is_at_least_one_core_even_where_affinity_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert available_cores() == len(os.sched_getaffinity(0))
    monkeypatch.delattr(os, "sched_getaffinity")
    assert available_cores() == os.cpu_count()
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert available_cores() == 1


def scoring(*words: str) -> subprocess.Popen[str]:
    """Start a scorer that takes long, as a shell does: in a process group of its own."""
    kept = {key: value for key, value in os.environ.items() if key != "ECGMON_DATA"}
    names = ["100", "200", "207", "232"] * 20
    return subprocess.Popen(
        [sys.executable, "-m", "ecgmon", "evaluate", "qrs", *names, "--data-dir", str(BUNDLED), *words],
        env={**kept, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def workers(parent: int) -> list[psutil.Process]:
    """Return the working processes of a scorer."""
    children = psutil.Process(parent).children()
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def wait_for_workers(running: subprocess.Popen[str], count: int) -> list[psutil.Process]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = workers(running.pid)
        if len(found) >= count:
            time.sleep(1.0)
            return found
        time.sleep(0.1)
    raise AssertionError("no worker came")


def test_ctrl_c_ends_a_scorer_at_once_with_130_and_leaves_no_process() -> None:
    running = scoring("--jobs", "2")
    found = wait_for_workers(running, 2)
    os.killpg(running.pid, signal.SIGINT)
    out, errors = running.communicate(timeout=30)
    assert (running.returncode, out) == (130, "")
    assert "Traceback" not in errors
    assert psutil.wait_procs(found, timeout=10)[1] == []


def test_ctrl_c_ends_a_scorer_of_one_process() -> None:
    running = scoring("--jobs", "1")
    time.sleep(4)
    os.killpg(running.pid, signal.SIGINT)
    out, errors = running.communicate(timeout=30)
    assert (running.returncode, out) == (130, "")
    assert "Traceback" not in errors


def test_workers_end_with_a_scorer_that_is_killed() -> None:
    running = scoring("--jobs", "2")
    found = wait_for_workers(running, 2)
    running.kill()
    running.communicate(timeout=30)
    assert psutil.wait_procs(found, timeout=20)[1] == []
