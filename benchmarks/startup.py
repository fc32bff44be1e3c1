"""Measures how long a command takes to begin: ``python -m benchmarks.startup``.

Times are by the clock, from the start of a process to its end for the help, and to its first line of
JSON for a replay. The machine should do nothing else; the first run of each, on cold files, does not count.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import psutil

EVENTS = ("--speed", "max", "--headless", "--quiet", "--events", "-")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("record", nargs="?", default="200", help="record to replay (200)")
    parser.add_argument("--repeat", type=int, default=11, help="runs that count (11)")
    arguments = parser.parse_args()
    record, repeat = arguments.record, arguments.repeat
    cases: dict[str, tuple[Callable[[Sequence[str]], float], Sequence[str]]] = {
        "python, doing nothing": (to_the_end, ("-c", "pass")),
        "ecgmon --help": (to_the_end, ("-m", "ecgmon", "--help")),
        "ecgmon replay --help": (to_the_end, ("-m", "ecgmon", "replay", "--help")),
        f"first event of replay {record}": (to_the_first_line, ("-m", "ecgmon", "replay", record, *EVENTS)),
    }
    written = "bytecode is not kept" if sys.dont_write_bytecode else "bytecode is kept"
    sys.stdout.write(f"{repeat} runs each; {written}; load {psutil.getloadavg()[0]:.1f}\n\n")
    sys.stdout.write("| | median | best |\n| --- | ---: | ---: |\n")
    for name, (measure, command) in cases.items():
        measure(command)
        times_ms = [1000 * measure(command) for _ in range(repeat)]
        sys.stdout.write(f"| {name} | {statistics.median(times_ms):.0f} ms | {min(times_ms):.0f} ms |\n")
        sys.stdout.flush()


def to_the_end(arguments: Sequence[str]) -> float:
    """Return the seconds that a run of Python takes."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def to_the_first_line(arguments: Sequence[str]) -> float:
    """Return the seconds until Python prints a line; then it is stopped.

    Raises
    ------
    RuntimeError
        It ended before it printed one.
    """
    begin = time.perf_counter()
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - begin
        process.kill()
    if not line.endswith(b"\n"):
        raise RuntimeError(f"nothing was printed by: {' '.join(arguments)}")
    return seconds


if __name__ == "__main__":
    main()
