"""A device on a serial port: real ptys, pulled out and put back, and failures that explain themselves."""

import asyncio
import contextlib
import errno
import functools
import itertools
import os
import pty
import time

import numpy as np
import pytest
import serial

from ecgmon.firmware_bridge.decoders.native import Hello, encode_data, encode_hello
from ecgmon.firmware_bridge.errors import (
    LinkLostError,
    PortBusyError,
    PortDeniedError,
    PortMissingError,
    UnknownDeviceError,
)
from ecgmon.firmware_bridge.links import MemoryLink, SerialLink, list_ports
from ecgmon.firmware_bridge.links.serial import _explained
from ecgmon.monitor.cli import main
from ecgmon.monitor.core.errors import SettingsError, UsageError
from ecgmon.monitor.core.events import SampleBlock, SourceStatus
from ecgmon.monitor.ingest.live_settings import SerialSettings
from ecgmon.monitor.ingest.registry import open_source
from ecgmon.monitor.ingest.serial import SerialSource
from ecgmon.monitor.ingest.settings import SourceSettings
from ecgmon.sim.devices.boards import BOARDS
from ecgmon.sim.devices.device import VirtualDevice
from ecgmon.sim.devices.faults import FaultSettings
from ecgmon.sim.devices.pty import PtyDevice
from ecgmon.sim.devices.signal import record_signal, resampled

OPTIONS = {"ascii": {"fs_hz": 250}, "openview": {"profile": "healthypi4"}}


@functools.cache
def signal(fs_hz, seconds):
    return resampled(_record()[: round(seconds * 360)], 360.0, fs_hz)


@functools.cache
def _record():
    return record_signal("200", 360.0, duration_s=60.0)


async def collect(source, until=lambda items: False, timeout_s=30.0):
    """Return what a source yields until it ends, a condition holds, or time is up."""
    items = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s), source:
            async for item in source:
                items.append(item)
                if until(items):
                    break
    return items


def blocks_of(items):
    return [item for item in items if isinstance(item, SampleBlock)]


def n_samples(items):
    return sum(block.samples_mv.shape[1] for block in blocks_of(items))


def on_grid(items, n):
    """Lay blocks on their indices; what is missing stays NaN."""
    grid = np.full(n, np.nan)
    for block in blocks_of(items):
        end = min(block.end, n)
        grid[block.start : end] = block.samples_mv[0, : end - block.start]
    return grid


def source_for(kind, path, speed=1.0, **settings):
    clock = lambda: time.monotonic() * speed  # noqa: E731
    chosen = SerialSettings(device=kind, options=OPTIONS.get(kind, {}), **settings)
    return SerialSource(SerialLink(str(path), 115200, gather_s=0.01, clock=clock), chosen, clock)


@pytest.mark.parametrize("kind", BOARDS)
async def test_record_200_on_a_port_keeps_every_sample_at_its_index(kind):
    speed, sent = 4.0, signal(BOARDS[kind]().fs_hz, 8.0)
    board = BOARDS[kind]()
    wanted = sent.size - sent.size % board.frame_samples
    with PtyDevice(VirtualDevice(board, sent), speed=speed) as port:
        items = await collect(source_for(kind, port.path, speed), lambda i: n_samples(i) >= wanted)
    got = on_grid(items, wanted)
    assert not np.isnan(got).any()
    inside = np.abs(sent[:wanted]) < 1.49
    np.testing.assert_allclose(got[inside], sent[:wanted][inside], atol=0.0125)


async def test_bytes_are_gathered_as_long_as_the_address_says():
    def blocks_with(gather_s):
        async def read():
            with PtyDevice(VirtualDevice(BOARDS["native"](), signal(250.0, 4.0)), speed=1.0) as port:
                source = open_source(f"serial:{port.path}?gather_s={gather_s}", SourceSettings())
                return len(blocks_of(await collect(source, lambda items: n_samples(items) >= 500)))

        return read()

    many, few = await asyncio.gather(blocks_with(0.0), blocks_with(0.5))
    assert few <= many / 2


async def test_a_port_pulled_out_twice_comes_back_with_gaps_of_true_length():
    faults = FaultSettings(unplugs=((2.0, 4.0), (8.0, 3.0)))
    speed, sent = 2.0, signal(250.0, 14.0)
    for kind in ("cyton", "native"):
        device = VirtualDevice(BOARDS[kind](), sent, faults)
        with PtyDevice(device, speed=speed) as port:
            items = await collect(
                source_for(kind, port.path, speed), lambda i: blocks_of(i) and blocks_of(i)[-1].end >= 3440
            )
        statuses = [item.state for item in items if isinstance(item, SourceStatus)]
        assert statuses.count("reconnecting") == 2
        assert items[-1].end == pytest.approx(3500, abs=60)
        assert n_samples(items) >= 250 * (7 - 2 * 2 * 1.5)
        got = on_grid(items, 3500)
        known = ~np.isnan(got)
        lag = [np.nanmean(np.abs(np.roll(got, -d)[known] - sent[known])) for d in range(-60, 61)]
        limit = 50 if kind == "cyton" else 0  # a Cyton has no clock: its gap is measured by ours, to 1 %
        assert abs(int(np.argmin(lag)) - 60) <= limit


async def test_a_cyton_is_started_and_stopped():
    link = MemoryLink()
    source = SerialSource(link, SerialSettings(device="cyton"))
    async with source:
        assert bytes(link.written) == b"b"
    assert bytes(link.written) == b"bs"


async def test_reports_tell_rate_loss_and_resyncs():
    clock = itertools.count(0.0, 0.01).__next__
    link = MemoryLink(clock=clock)
    source = SerialSource(link, SerialSettings(report_s=5.0), clock=clock)
    link.feed(encode_hello(Hello(250.0, 1.0)), 0.0)
    lost = range(100, 110)
    for seq in range(300):
        if seq not in lost:
            link.feed(encode_data([0] * 25, seq, seq * 100_000), 100 + 0.1 * seq)
    link.feed(b"garbage\x00", 131.0)
    link.end()
    items = await collect(source)
    health = [item for item in items if isinstance(item, SourceStatus)][-1].health
    assert health["lost_samples"] == 250
    assert health["rate_hz"] == pytest.approx(250.0)
    assert health["resyncs"] == 1
    assert abs(health["drift_ppm"]) < 1
    assert blocks_of(items)[-1].end == 7500


async def test_a_capture_file_is_read_to_its_end(tmp_path):
    capture = tmp_path / "capture.bin"
    capture.write_bytes(
        b"boot\r\n"
        + encode_hello(Hello(250.0, 1.0))
        + b"".join(encode_data([7] * 25, n, n * 100_000) for n in range(40))
    )
    source = open_source(f"serial:{capture}?device=native", SourceSettings())
    items = await collect(source)
    assert n_samples(items) == 1000
    assert items[-1].state == "ended"
    assert not source.live


async def test_a_socket_is_a_port_too():
    gone = asyncio.Event()

    async def serve(_, writer):
        with contextlib.suppress(ConnectionError):
            for seq in range(500):
                writer.write(encode_hello(Hello(250.0, 1.0)) + encode_data([1] * 25, seq, seq * 100_000))
                await writer.drain()
                await asyncio.sleep(0.02)
        writer.close()
        gone.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    source = open_source(f"serial:socket://127.0.0.1:{port}?device=native&name=bed1", SourceSettings())
    items = await collect(source, lambda i: n_samples(i) >= 25)
    await gone.wait()
    server.close()
    await server.wait_closed()
    assert blocks_of(items)[0].device == "bed1"


async def test_leaving_while_the_port_is_gone_is_quiet():
    device = VirtualDevice(BOARDS["cyton"](), signal(250.0, 8.0), FaultSettings(unplugs=((1.0, 60.0),)))
    with PtyDevice(device, speed=2.0) as port:
        source = source_for("cyton", port.path, 2.0)
        items = await collect(
            source, lambda i: isinstance(i[-1], SourceStatus) and i[-1].state == "reconnecting"
        )
        await source._link.close()
        with pytest.raises(LinkLostError):
            await source._link.write(b"s")
    assert items[-1].state == "reconnecting"


async def test_a_missing_port_is_named():
    with pytest.raises(PortMissingError, match=r"no port /dev/ttyNOPE0.*ecgmon devices") as caught:
        async with open_source("serial:/dev/ttyNOPE0?device=cyton", SourceSettings()):
            pass
    assert caught.value.exit_code == 21


async def test_a_busy_port_is_named():
    master, slave = pty.openpty()
    holder = serial.Serial(os.ttyname(slave), exclusive=True)
    try:
        with pytest.raises(PortBusyError, match="in use by another program") as caught:
            async with open_source(f"serial:{os.ttyname(slave)}?device=cyton", SourceSettings()):
                pass
    finally:
        holder.close()
        os.close(master)
        os.close(slave)
    assert caught.value.exit_code == 22


def test_a_missing_permission_names_the_group_to_join():
    error = _explained("/dev/null", serial.SerialException(errno.EACCES, "Permission denied"))
    assert isinstance(error, PortDeniedError)
    assert error.exit_code == 23
    assert "group" in str(error)
    assert "usermod" in str(error)


async def test_a_silent_device_is_reported_and_asked_again():
    link = MemoryLink()
    source = SerialSource(link, SerialSettings(device="cyton"))
    items = await collect(source, lambda i: True, timeout_s=5.0)
    assert items[0].state == "silent"
    assert link.written.startswith(b"bb")


def test_addresses_reach_source_and_decoder():
    source = open_source(
        "serial:/dev/ttyUSB0?device=cyton&baud=230400&name=bed2&gain=12&channels=3", SourceSettings()
    )
    assert source.name == "bed2"
    assert source.settings.baud == 230400
    with pytest.raises(UnknownDeviceError, match="cytron"):
        open_source("serial:/dev/ttyUSB0?device=cytron", SourceSettings())
    with pytest.raises(SettingsError, match="gian"):
        open_source("serial:/dev/ttyUSB0?device=cyton&gian=12", SourceSettings())
    with pytest.raises(UsageError, match="baud"):
        open_source("serial:/dev/ttyUSB0?device=cyton&baud=fast", SourceSettings())


@pytest.mark.parametrize(
    ("address", "code"), [("serial:/dev/ttyNOPE0?device=cyton", 21), ("serial:/dev/x?device=y", 20)]
)
def test_the_command_line_ends_with_the_code_of_the_failure(address, code, capsys):
    assert main(["run", "--source", address, "--headless"]) == code
    assert "ecgmon: " in capsys.readouterr().err


def test_devices_lists_what_can_be_read(capsys):
    assert main(["devices"]) == 0
    assert "cyton" in capsys.readouterr().out


def test_ports_are_listed():
    assert isinstance(list_ports(), list)
