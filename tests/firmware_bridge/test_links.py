"""Links carry every byte, or say why not: real pseudo-terminals, sockets and files."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import os
import pty
import socket
import termios
import tty
from pathlib import Path
from types import SimpleNamespace

import pytest
import serial

from ecgmon.firmware_bridge.errors import LinkLostError, PortBusyError, PortDeniedError, PortMissingError
from ecgmon.firmware_bridge.links import Chunk, FileLink, MemoryLink, PortInfo, SerialLink, list_ports
from ecgmon.firmware_bridge.links import ports as ports_module
from ecgmon.firmware_bridge.links import serial as serial_module
from ecgmon.monitor.core.errors import SourceError


class Device:
    """The other end of a pty: what a board would be."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        os.close(slave)

    def send(self, data: bytes) -> None:
        os.write(self.master, data)

    def received(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += os.read(self.master, count - len(data))
        return data

    def unplug(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self.master)


@pytest.fixture
def device():
    device = Device()
    yield device
    device.unplug()


async def read_all(link, count: int) -> list[Chunk]:
    """Read chunks until so many bytes have come."""
    chunks: list[Chunk] = []
    async with asyncio.timeout(10):
        while sum(len(chunk.data) for chunk in chunks) < count:
            chunk = await link.read()
            assert chunk is not None
            chunks.append(chunk)
    return chunks


async def test_every_byte_of_a_port_arrives_once_and_in_order(device):
    link = SerialLink(device.path, gather_s=0.005)
    await link.open()
    sent = os.urandom(20_000)
    sender = asyncio.create_task(asyncio.to_thread(device.send, sent))
    chunks = await read_all(link, len(sent))
    await sender
    await link.close()
    assert b"".join(chunk.data for chunk in chunks) == sent
    assert link.dropped_bytes == 0
    assert all(chunk.data for chunk in chunks)


async def test_chunks_carry_the_time_of_a_clock_that_never_runs_back(device):
    clock = itertools.count(5.0).__next__
    link = SerialLink(device.path, gather_s=0.0, clock=clock)
    await link.open()
    times = []
    for _ in range(3):
        device.send(b"x")
        (chunk,) = await read_all(link, 1)
        times.append(chunk.time_s)
    await link.close()
    assert times == [5.0, 6.0, 7.0]


async def test_gathering_makes_one_chunk_of_what_comes_close_together(device):
    link = SerialLink(device.path, gather_s=0.2)
    await link.open()
    for piece in (b"ab", b"cd", b"ef"):
        device.send(piece)
        await asyncio.sleep(0.02)
    (chunk,) = await read_all(link, 6)
    await link.close()
    assert chunk.data == b"abcdef"


async def test_what_the_host_writes_reaches_the_device(device):
    link = SerialLink(device.path)
    await link.open()
    await link.write(b"start\n")
    assert await asyncio.to_thread(device.received, 6) == b"start\n"
    await link.close()


async def test_the_port_runs_at_the_speed_asked_for(device):
    link = SerialLink(device.path, 57600)
    await link.open()
    speed = termios.tcgetattr(device.master)[4]
    await link.close()
    assert speed == termios.B57600


async def test_the_speed_changes_while_the_port_is_open_and_what_came_before_is_thrown_away(device):
    link = SerialLink(device.path, 9600, gather_s=0.0)
    await link.open()
    device.send(b"old")
    async with asyncio.timeout(10):
        await link._arrived.wait()
    await link.set_speed(57_600)
    assert termios.tcgetattr(device.master)[4] == termios.B57600
    device.send(b"new")
    got = b""
    while len(got) < 3:
        got += (await link.read()).data
    assert got == b"new"
    with pytest.raises(SourceError, match="does not run at -5 baud"):
        await link.set_speed(-5)
    await link.close()
    with pytest.raises(LinkLostError, match="not open"):
        await link.set_speed(9600)


async def test_a_port_that_is_pulled_out_is_lost_for_reading_and_writing(device):
    link = SerialLink(device.path, gather_s=0.0)
    await link.open()
    device.send(b"last")
    (chunk,) = await read_all(link, 4)
    device.unplug()
    async with asyncio.timeout(5):
        with pytest.raises(LinkLostError, match=f"The port {device.path} is gone"):
            await link.read()
        with pytest.raises(LinkLostError, match="is gone"):
            await link.write(b"x")
    await link.close()
    assert chunk.data == b"last"


async def test_bytes_that_came_before_the_loss_are_still_read(device):
    link = SerialLink(device.path, gather_s=0.0)
    await link.open()
    device.send(b"before")
    await asyncio.sleep(0.3)
    device.unplug()
    await asyncio.sleep(0.3)
    chunks = await read_all(link, 6)
    with pytest.raises(LinkLostError):
        await link.read()
    await link.close()
    assert b"".join(chunk.data for chunk in chunks) == b"before"


async def test_a_cancelled_read_loses_nothing(device):
    link = SerialLink(device.path, gather_s=0.0)
    await link.open()
    waiting = asyncio.create_task(link.read())
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    device.send(b"kept")
    chunks = await read_all(link, 4)
    await link.close()
    assert b"".join(chunk.data for chunk in chunks) == b"kept"


async def test_a_port_is_ours_alone_and_free_when_closed(device):
    link, other = SerialLink(device.path), SerialLink(device.path)
    await link.open()
    with pytest.raises(PortBusyError, match="in use by another program"):
        await other.open()
    await link.close()
    await other.open()
    await other.close()


async def test_a_link_is_opened_again_without_what_waited_before(device):
    link = SerialLink(device.path, gather_s=0.0)
    await link.open()
    device.send(b"old")
    await asyncio.sleep(0.3)
    await link.close()
    await link.open()
    device.send(b"new")
    chunks = await read_all(link, 3)
    await link.close()
    assert b"".join(chunk.data for chunk in chunks) == b"new"


async def test_closing_twice_or_before_opening_is_no_error(device):
    link = SerialLink(device.path)
    await link.close()
    await link.open()
    await link.close()
    await link.close()
    with pytest.raises(LinkLostError, match="is not open"):
        await link.write(b"x")


async def test_a_reader_that_does_not_keep_up_loses_the_oldest_and_it_is_counted(device, monkeypatch):
    monkeypatch.setattr(serial_module, "_MAX_QUEUED_BYTES", 1000)
    link = SerialLink(device.path, gather_s=0.0)
    await link.open()
    for number in range(40):
        device.send(bytes([number]) * 100)
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)
    kept = b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.3):
            while True:
                chunk = await link.read()
                assert chunk is not None
                kept += chunk.data
    await link.close()
    assert link.dropped_bytes + len(kept) == 4000
    assert len(kept) <= 1000
    assert kept.endswith(bytes([39]) * 100)


async def test_a_socket_is_read_like_a_port():
    server = socket.create_server(("127.0.0.1", 0))
    link = SerialLink(f"socket://127.0.0.1:{server.getsockname()[1]}", gather_s=0.01)
    await link.open()
    peer, _ = server.accept()
    peer.sendall(b"over the network")
    chunks = await read_all(link, 16)
    await link.write(b"go")
    assert peer.recv(2) == b"go"
    peer.close()
    server.close()
    async with asyncio.timeout(10):
        with pytest.raises(LinkLostError):
            await link.read()
    await link.close()
    assert b"".join(chunk.data for chunk in chunks) == b"over the network"


async def test_a_socket_that_nobody_serves_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(SourceError, match=f"socket://127.0.0.1:{port} cannot be opened"):
        await SerialLink(f"socket://127.0.0.1:{port}").open()


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("/dev/ttyNOPE7", PortMissingError),
        ("nonsense://x", SourceError),
        ("/dev/null", SourceError),
        ("/tmp", SourceError),
    ],
)
async def test_what_is_no_port_is_refused_in_one_line(url, kind):
    with pytest.raises(kind) as caught:
        await SerialLink(url).open()
    assert url in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("number", "kind", "code", "words"),
    [
        (errno.ENOENT, PortMissingError, 21, "ecgmon devices"),
        (errno.EACCES, PortDeniedError, 23, "usermod -aG"),
        (errno.EPERM, PortDeniedError, 23, "log in again"),
        (errno.EBUSY, PortBusyError, 22, "Close it"),
        (errno.EAGAIN, PortBusyError, 22, "try again"),
        (errno.EIO, SourceError, 7, "cannot be opened"),
    ],
)
async def test_each_failure_to_open_has_its_own_way_out(monkeypatch, number, kind, code, words):
    def refuse(*_, **__):
        raise serial.SerialException(number, os.strerror(number))

    monkeypatch.setattr(serial_module.serial, "serial_for_url", refuse)
    with pytest.raises(kind, match=words) as caught:
        await SerialLink("/dev/ttyUSB0").open()
    assert caught.value.exit_code == code


async def test_the_group_to_join_is_guessed_where_it_cannot_be_read(monkeypatch):
    def refuse(*_, **__):
        raise serial.SerialException(errno.EACCES, "Permission denied")

    monkeypatch.setattr(serial_module.serial, "serial_for_url", refuse)
    with pytest.raises(PortDeniedError, match="dialout"):
        await SerialLink("/dev/ttyNOPE").open()


async def test_a_capture_is_read_whole_in_pieces_and_again_after_closing(tmp_path):
    path = tmp_path / "capture.bin"
    path.write_bytes(os.urandom(10_000))
    link = FileLink(path, chunk_bytes=999)
    for _ in range(2):
        await link.open()
        data, sizes = b"", []
        while (chunk := await link.read()) is not None:
            assert chunk.time_s is None
            data += chunk.data
            sizes.append(len(chunk.data))
        assert await link.read() is None
        await link.close()
        assert data == path.read_bytes()
        assert max(sizes) == 999
    await link.close()
    assert link.name == str(path)


async def test_a_capture_listens_to_nobody(tmp_path):
    path = tmp_path / "capture.bin"
    path.write_bytes(b"abc")
    link = FileLink(path)
    await link.open()
    await link.write(b"start")
    await link.close()
    assert path.read_bytes() == b"abc"


@pytest.mark.parametrize("place", ["missing.bin", "."])
async def test_a_capture_that_cannot_be_read_is_named(tmp_path, place):
    with pytest.raises(PortMissingError, match="cannot be read") as caught:
        await FileLink(tmp_path / place).open()
    assert str(tmp_path / place) in str(caught.value)


async def test_a_link_in_memory_plays_a_device_that_is_pulled_out_and_put_back():
    link = MemoryLink("toy", clock=lambda: 3.0)
    await link.open()
    link.feed(b"a")
    link.feed(b"b", 9.0)
    assert [await link.read(), await link.read()] == [Chunk(b"a", 3.0), Chunk(b"b", 9.0)]
    await link.write(b"xy")
    link.unplug()
    with pytest.raises(LinkLostError, match="toy is gone"):
        await link.read()
    with pytest.raises(LinkLostError, match="toy is not plugged in"):
        await link.open()
    link.plug()
    await link.open()
    link.end()
    assert await link.read() is None
    await link.close()
    assert link.written == b"xy"


def test_ports_on_usb_come_first_with_a_guess_of_what_is_behind(monkeypatch):
    def port(device, vid=None, pid=None, description="n/a", serial_number=None):
        return SimpleNamespace(
            device=device, vid=vid, pid=pid, description=description, serial_number=serial_number
        )

    found = [
        port("/dev/ttyS0"),
        port("/dev/ttyUSB1", 0x9999, 0x0001, "Odd board"),
        port("/dev/ttyUSB0", 0x0403, 0x6015, "FT231X", "DQ007"),
    ]
    monkeypatch.setattr(ports_module.serial_ports, "comports", lambda: found)
    assert list_ports() == [
        PortInfo("/dev/ttyUSB0", "FT231X", "0403:6015", "DQ007", "FTDI bridge, as in the OpenBCI dongle"),
        PortInfo("/dev/ttyUSB1", "Odd board", "9999:0001"),
        PortInfo("/dev/ttyS0", ""),
    ]


def test_links_need_no_running_loop_until_they_are_opened():
    assert SerialLink("/dev/x").name == "/dev/x"
    assert FileLink(Path("x")).dropped_bytes == 0
