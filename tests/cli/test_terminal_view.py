"""The terminal view draws every peak, names every beat and shows what is wrong."""

from __future__ import annotations

import asyncio
import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from as_a_user import environment
from rich.console import Console

from ecgmon.monitor.cli.braille import draw_trace
from ecgmon.monitor.cli.commands.demo import demo_settings
from ecgmon.monitor.cli.terminal import TerminalView
from ecgmon.monitor.ingest.registry import open_sources
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.stream import Stream

BLANK = "\u2800"


def test_a_ramp_is_a_diagonal_without_holes() -> None:
    picture = draw_trace(np.linspace(0, 1, 160), 4, 2, 0.0, 1.0)
    assert picture == ["⠀⠀⣠⠞", "⡴⠋⠁⠀"]


def test_a_peak_of_one_sample_is_drawn() -> None:
    values = np.zeros(10_000)
    values[5003] = 1.0
    top, *_ = draw_trace(values, 40, 5, -1.0, 1.0)
    assert [column for column, cell in enumerate(top) if cell != BLANK] == [20]


def test_missing_samples_are_left_blank() -> None:
    values = np.concatenate([np.zeros(100), np.full(200, np.nan), np.zeros(100)])
    cells = draw_trace(values, 40, 1, -1.0, 1.0)[0]
    assert cells[:10].count(BLANK) == 0
    assert set(cells[11:29]) == {BLANK}
    assert cells[31:].count(BLANK) == 0


@pytest.mark.parametrize("values", [np.zeros(0), np.full(50, np.nan), np.zeros(3)])
def test_little_or_no_signal_still_gives_a_picture_of_the_right_size(values: np.ndarray) -> None:
    picture = draw_trace(values, 30, 4, 0.0, 0.0)
    assert [len(line) for line in picture] == [30] * 4


@pytest.fixture(scope="module")
def stream() -> Stream:
    """Record 200 up to just behind its first run of ventricular beats."""
    settings = demo_settings("max", 16)
    monitor = Monitor(settings, open_sources(settings.sources, settings), duration_s=settings.duration_s)
    asyncio.run(monitor.run())
    return monitor.streams["200"]


def shown(stream: Stream, width: int) -> list[str]:
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    console.print(TerminalView(stream).render(width))
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_picture_fits_and_says_what_happens(width: int, stream: Stream) -> None:
    lines = shown(stream, width)
    assert max(map(len, lines)) <= width
    assert len(lines) <= 24
    text = "\n".join(lines)
    assert re.search(r"200 .*MLII.*♥ +\d+/min", lines[0])
    assert "beat   V" in text
    assert "V" in lines[2]
    assert sum(cell > BLANK for line in lines for cell in line if "\u2800" <= cell <= "\u28ff") > width


def test_letters_stand_above_their_r_waves(stream: Stream) -> None:
    lines = shown(stream, 120)
    letters = lines[2].ljust(120)
    trace = [line.ljust(120, BLANK) for line in lines[3:15]]
    inked = [sum(row[column] != BLANK for row in trace) for column in range(120)]
    for column in (match.start() for match in re.finditer("[NV]", letters)):
        near = inked[max(0, column - 2) : column + 3]
        assert max(near) >= 4, f"no tall complex under the letter in column {column}"


def read_for(descriptor: int, seconds: float, until: bytes) -> bytes:
    data, end = b"", time.monotonic() + seconds
    while until not in data and time.monotonic() < end:
        ready, _, _ = select.select([descriptor], [], [], 0.2)
        if ready:
            try:
                data += os.read(descriptor, 65536)
            except OSError:
                break
    return data


def test_the_demo_lives_in_a_terminal_and_ends_on_ctrl_c_with_a_summary() -> None:
    master, slave = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", "ecgmon", "demo", "--tui", "--speed", "8"],
        env=environment(TERM="xterm-256color", COLUMNS="100", LINES="30"),
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    try:
        drawn = read_for(master, 40, b"ventricular premature")
        assert b"ventricular premature" in drawn
        running.send_signal(signal.SIGINT)
        rest = read_for(master, 20, b"p99")
        assert b"times real time" in rest
        assert running.wait(20) == 0
    finally:
        running.kill()
        running.wait()
        os.close(master)
