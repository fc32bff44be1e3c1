"""The benchmark of start-up measures what it says, and refuses what prints nothing."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.startup import to_the_end, to_the_first_line

ROOT = Path(__file__).parents[2]


def test_every_case_has_a_row_and_doing_nothing_is_the_quickest() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.startup", "100", "--repeat", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    rows = re.findall(r"^\| (.+) \| (\d+) ms \| (\d+) ms \|$", done.stdout, re.MULTILINE)
    assert [name for name, *_ in rows] == [
        "python, doing nothing",
        "ecgmon --help",
        "ecgmon replay --help",
        "first event of replay 100",
    ]
    nothing, *commands = (int(best) for *_, best in rows)
    assert all(nothing < command for command in commands)


def test_the_time_to_the_first_line_is_not_the_time_to_the_end() -> None:
    program = "import time; print('first', flush=True); time.sleep(30)"
    begin = time.perf_counter()
    assert 0 < to_the_first_line(("-c", program)) < 20
    assert time.perf_counter() - begin < 20


def test_the_time_to_the_end_counts_all_of_it() -> None:
    assert to_the_end(("-c", "import time; time.sleep(0.3)")) > 0.3


def test_a_command_that_fails_has_no_time() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        to_the_end(("-c", "raise SystemExit(2)"))
    with pytest.raises(RuntimeError, match="nothing was printed"):
        to_the_first_line(("-c", "pass"))
