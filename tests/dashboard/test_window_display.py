"""Whether a window can be shown is found out before Qt would end the program."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ecgmon.monitor.cli.display import display_problem

DEAD = ":9731"


def environment(**changes: str) -> dict[str, str]:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XAUTHORITY")
    return {key: value for key, value in os.environ.items() if key not in hidden} | changes


def ecgmon(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ecgmon", *arguments],
        env=environment(**changes),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def x_server(tmp_path) -> Iterator[str]:
    """An X server of its own that lets in only who has its cookie, which nobody has."""
    if shutil.which("Xvfb") is None:
        pytest.skip("needs Xvfb")
    cookies = tmp_path / "cookies"
    cookies.write_bytes(b"\xff\xff\0\0\0\0\0\x12MIT-MAGIC-COOKIE-1\0\x10" + bytes(range(16)))
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-auth", str(cookies), "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL) as server:
        os.close(writer)
        with os.fdopen(reader) as words:
            yield f":{words.readline().strip()}"
        server.terminate()


def test_no_display_at_all_is_said():
    assert "there is no display" in display_problem(environment())


def test_a_display_that_is_gone_is_said_by_name():
    assert display_problem(environment(DISPLAY=DEAD)) == f"nothing answers at DISPLAY {DEAD}"


def test_a_display_name_that_makes_no_sense_is_said():
    assert "nothing answers at DISPLAY nonsense" in display_problem(environment(DISPLAY="nonsense"))


def test_a_picture_without_a_screen_can_always_be_made():
    assert display_problem(environment(QT_QPA_PLATFORM="offscreen", DISPLAY=DEAD)) == ""


def test_a_display_that_refuses_us_is_said(x_server):
    assert "uthori" in display_problem(environment(DISPLAY=x_server, XAUTHORITY="/nowhere"))


def test_a_display_that_lets_us_in_is_used(x_server, tmp_path):
    keys = environment(DISPLAY=x_server, XAUTHORITY=str(tmp_path / "cookies"))
    problem = display_problem(keys)
    assert problem == "" or "apt-get install" in problem


def test_the_demo_goes_on_in_the_log_where_the_display_is_gone():
    done = ecgmon("demo", "--duration", "2", "--speed", "max", DISPLAY=DEAD)
    assert done.returncode == 0
    assert f"nothing answers at DISPLAY {DEAD}" in done.stderr
    assert "heart rate" in done.stdout


def test_a_window_that_was_asked_for_is_refused_with_what_to_do():
    done = ecgmon("run", "--window", "--source", "replay:200", DISPLAY=DEAD)
    assert done.returncode == 4
    assert "--headless" in done.stderr
    assert "Traceback" not in done.stderr
