"""Each thing that not every system has stands behind one function with a clear error."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ecgmon.monitor.core import platform
from ecgmon.monitor.core.errors import EcgmonError
from ecgmon.monitor.core.files import replace_file
from ecgmon.monitor.core.platform import PlatformError
from ecgmon.monitor.outputs.gpio import GpioSettings, Pins
from ecgmon.sim.devices.pty import PtyDevice


@pytest.mark.parametrize(
    ("system", "name"), [("win32", "Windows"), ("darwin", "macOS"), ("linux", "Linux"), ("sunos5", "sunos5")]
)
def test_the_error_names_the_need_the_thing_and_the_system(monkeypatch, system, name):
    monkeypatch.setattr(sys, "platform", system)
    error = platform.needs("Linux", "a lamp", "Use a screen.")
    assert isinstance(error, EcgmonError)
    assert str(error) == f"This needs Linux: a lamp. This system is {name}. Use a screen."


def test_linux_may_do_everything(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    platform.require_linux("anything")
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(PlatformError, match="This needs Linux: anything"):
        platform.require_linux("anything")


def test_no_other_failure_has_the_exit_code_of_a_missing_system():
    kinds = {kind.exit_code for kind in EcgmonError.__subclasses__() if kind is not PlatformError}
    assert PlatformError.exit_code not in kinds


async def test_signals_call_functions_while_the_body_runs_and_no_longer():
    heard: list[str] = []
    acts = {"SIGUSR1": lambda: heard.append("one"), "SIGNOTHING": lambda: heard.append("never")}
    before = signal.signal(signal.SIGUSR1, lambda *_: heard.append("after"))
    try:
        with platform.on_signals(acts):
            os.kill(os.getpid(), signal.SIGUSR1)
            await asyncio.sleep(0.05)
        signal.signal(signal.SIGUSR1, lambda *_: heard.append("after"))
        os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.sleep(0.05)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert heard == ["one", "after"]


async def test_signals_are_heard_in_a_loop_that_takes_none(monkeypatch):
    loop = asyncio.get_running_loop()

    def refuse(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(loop, "add_signal_handler", refuse)
    heard: list[str] = []
    before = signal.getsignal(signal.SIGUSR1)
    with platform.on_signals({"SIGUSR1": lambda: heard.append("one")}):
        os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.sleep(0.05)
    assert heard == ["one"]
    assert signal.getsignal(signal.SIGUSR1) is before


def test_a_coroutine_is_run_and_its_failure_comes_out():
    async def work(value: int) -> int:
        await asyncio.sleep(0)
        return 10 // value

    assert platform.run_async(work(5)) == 2
    with pytest.raises(ZeroDivisionError):
        platform.run_async(work(0))


def test_there_is_at_least_one_core_and_no_more_than_the_machine_has():
    assert 1 <= platform.available_cores() <= (os.cpu_count() or 1)


def test_cores_that_are_taken_from_a_process_are_not_counted():
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "from ecgmon.monitor.core.platform import available_cores; print(available_cores())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_memory_grows_by_what_is_held():
    before = platform.memory_mb()
    held = bytearray(os.urandom(1)) * 64_000_000
    after = platform.memory_mb()
    assert before is not None
    assert after is not None
    assert after - before > 40
    assert len(held) == 64_000_000


def test_groups_are_known_by_name_and_by_file(tmp_path):
    (tmp_path / "file").write_text("")
    group = platform.group_of(str(tmp_path / "file"))
    assert group is not None
    assert platform.has_group(group)
    assert not platform.has_group("no-such-group-of-people")
    assert platform.group_of(str(tmp_path / "missing")) is None


def test_a_user_without_a_name_is_unknown_and_no_fault(monkeypatch):
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 70123")

    assert platform.user_name()
    monkeypatch.setattr("getpass.getuser", nameless)
    assert platform.user_name() == "unknown"


def test_a_file_gets_its_mode(tmp_path):
    replace_file(tmp_path / "secret", b"x", mode=0o600)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_a_pseudo_terminal_carries_bytes_and_tells_who_listens():
    master, name = platform.open_terminal("a test")
    try:
        assert not platform.terminal_is_open(master)
        other = os.open(name, os.O_RDWR | os.O_NOCTTY)
        assert platform.terminal_is_open(master)
        os.write(master, b"\x00\x03\xff\r\n")
        assert os.read(other, 16) == b"\x00\x03\xff\r\n"
        os.close(other)
        assert not platform.terminal_is_open(master)
        with pytest.raises(OSError, match=r"Input/output|temporarily"):
            os.read(master, 1)
    finally:
        os.close(master)


async def test_a_local_socket_carries_lines(tmp_path):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()

    path = tmp_path / "s"
    server = await platform.serve_locally(serve, path, limit=100, what="a test")

    def ask() -> bytes:
        with platform.local_socket("a test") as channel:
            channel.connect(str(path))
            channel.sendall(b"hello\n")
            return channel.recv(100)

    assert await asyncio.to_thread(ask) == b"HELLO\n"
    server.close()


@pytest.mark.parametrize(
    "call",
    [
        lambda: platform.local_socket("it"),
        lambda: platform.open_terminal("it"),
        lambda: asyncio.run(platform.serve_locally(None, Path("s"), limit=1, what="it")),  # type: ignore[arg-type]
    ],
)
def test_windows_has_neither_local_sockets_nor_pseudo_terminals(monkeypatch, call):
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(PlatformError, match="This needs Linux or macOS: it"):
        call()


def test_a_virtual_device_says_so_before_it_leaves_anything_behind(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "win32")
    device = PtyDevice(None, tmp_path / "ttyECG0")  # type: ignore[arg-type]
    with pytest.raises(PlatformError, match="a virtual device on a pseudo-terminal"):
        device.__enter__()
    assert list(tmp_path.iterdir()) == []


def test_pins_need_linux_whatever_is_installed(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(PlatformError, match=r"the pins of \[outputs\.gpio\]"):
        Pins(GpioSettings())


def test_the_seam_costs_the_help_nothing():
    code = "import sys, ecgmon.monitor.core.platform; print({'asyncio', 'socket'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
