"""Bytes and messages of which nothing comes: said in words within five seconds, and no end of a port."""

from __future__ import annotations

import asyncio
import os
import tty
from pathlib import Path

import pytest

from ecgmon.firmware_bridge.decoders.native import Hello, encode_data, encode_hello
from ecgmon.firmware_bridge.errors import NoFramesError
from ecgmon.firmware_bridge.links import FileLink, MemoryLink
from ecgmon.firmware_bridge.packet import Trouble
from ecgmon.monitor.core.events import Alarm, Event, SampleBlock, SourceStatus
from ecgmon.monitor.ingest.legibility import Legibility, complaint
from ecgmon.monitor.ingest.live_settings import SerialSettings
from ecgmon.monitor.ingest.registry import open_source
from ecgmon.monitor.ingest.serial import SerialSource
from ecgmon.monitor.ingest.settings import SourceSettings
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.settings import MonitorSettings

HELLO = encode_hello(Hello(250.0, 1.0))
TICK_S = 0.1
SAID_WITHIN_S = 5.0

GOOD, BAD = (10, 0, True), (10, 10, False)
MOSTLY_BAD = (1000, 990, True)
NO_HELLO = (10, 0, False)
HALF = (10, 5, True)
NOTHING = None


def frames(first: int, count: int) -> bytes:
    return b"".join(encode_data([7] * 25, seq, seq * 100_000) for seq in range(first, first + count))


def verdicts(*spans: tuple[tuple[int, int, bool] | None, float], every_s: float = TICK_S) -> list[float]:
    """Return when the verdict changes, in seconds, if things arrive in turns, each so often."""
    judge, now, changes = Legibility(least=20), 0.0, []
    for what, seconds in spans:
        for tick in range(round(seconds / TICK_S)):
            now = round(now + TICK_S, 6)
            if what is not None and (tick * TICK_S) % every_s < TICK_S - 1e-6:
                arrived, refused, samples = what
                judge.take(now, arrived=arrived, refused=refused, samples=samples)
            if judge.judge(now):
                changes.append(now)
    assert judge.unreadable == (len(changes) % 2 == 1)
    return changes


@pytest.mark.parametrize("what", [BAD, NO_HELLO, MOSTLY_BAD])
@pytest.mark.parametrize("before_s", [0.0, 30.0])
@pytest.mark.parametrize("every_s", [0.1, 1.0])
def test_what_is_not_understood_is_found_within_five_seconds_and_so_is_its_end(what, before_s, every_s):
    begin, end = verdicts((GOOD, before_s), (what, 20), (GOOD, 10), every_s=every_s)
    assert 3.0 < begin - before_s <= SAID_WITHIN_S
    assert 0 < end - before_s - 20 <= SAID_WITHIN_S


def test_one_message_that_was_ever_heard_is_said_if_it_was_refused():
    (begin,) = verdicts((BAD, TICK_S), (NOTHING, 60))
    assert begin <= SAID_WITHIN_S


@pytest.mark.parametrize(
    "spans",
    [
        [(GOOD, 10), (BAD, TICK_S), (NOTHING, 10), (GOOD, 10)],
        [(GOOD, 10), (BAD, 3), (GOOD, 10)],
        [(GOOD, 10), ((9000, 9000, False), TICK_S), (GOOD, 10)],
        [(HALF, 60)],
        [(GOOD, 10), (NOTHING, 60)],
        [(NOTHING, 60)],
    ],
    ids=["one bad one", "three seconds", "a burst", "half is refused", "silence", "nothing at all"],
)
def test_what_can_be_read_and_what_is_silent_is_not_called_unreadable(spans):
    assert verdicts(*spans) == []


def test_what_was_unreadable_does_not_become_readable_by_falling_silent():
    assert len(verdicts((GOOD, 5), (MOSTLY_BAD, 10), (NOTHING, 60))) == 1


def test_a_complaint_has_an_example_what_was_expected_and_what_to_do():
    trouble = Trouble("a;b", "one number a line.", "Set column=2.")
    assert complaint("nothing comes", trouble) == (
        "nothing comes, such as 'a;b'. Expected: one number a line. Set column=2."
    )
    assert complaint("nothing comes", None, b"\x1b[2J\x00", "Is it on?") == (
        r"nothing comes, such as '\x1b[2J\x00'. Is it on?"
    )
    assert complaint("nothing comes", None) == "nothing comes."


async def heard(*spans: tuple[bytes, float], quiet_s: float = 0.0) -> list[tuple[float, SourceStatus]]:
    """Return what a source says, and when, if bytes come ten times a second for so long each, then none."""
    now, said = [0.0], []
    link = MemoryLink("ttyUSB0", clock=lambda: now[0])
    source = SerialSource(link, SerialSettings(), clock=lambda: now[0])

    async def follow() -> None:
        async with source:
            async for item in source:
                said.extend([(now[0], item)] if isinstance(item, SourceStatus) else [])

    following = asyncio.create_task(follow())
    for data, seconds in spans:
        for _ in range(round(seconds / TICK_S)):
            now[0] += TICK_S
            link.feed(data)
            for _ in range(5):
                await asyncio.sleep(0)
    await asyncio.sleep(quiet_s)
    link.end()
    await following
    return said


async def test_a_port_with_the_wrong_speed_says_so_and_is_taken_once_it_speaks_properly():
    rubbish = b"E (1) wifi: \x1b[31mnot connected\r\n" * 3
    said = await heard((rubbish, 6.0), (HELLO + frames(0, 1), 6.0))
    assert [status.state for _, status in said] == ["connecting", "unreadable", "streaming", "ended"]
    at_s, status = said[1]
    assert at_s <= SAID_WITHIN_S
    assert "no native frame" in status.detail
    assert "wifi" in status.detail
    assert "115200" in status.detail
    assert "\x1b" not in status.detail


async def test_a_port_that_falls_silent_after_rubbish_is_silent():
    rubbish = b"not an ECG\r\n" * 3
    said = await heard((HELLO + frames(0, 1), 1.0), (rubbish, 6.0), quiet_s=3.0)
    assert [status.state for _, status in said][-3:] == ["unreadable", "silent", "ended"]


async def test_frames_without_the_hello_they_need_are_said_too():
    (_, status) = next(one for one in await heard((frames(0, 1), 6.0)) if one[1].state == "unreadable")
    assert "no samples" in status.detail
    assert "fs_hz" in status.detail


@pytest.mark.parametrize(
    ("holds", "said"),
    [
        (os.urandom(5000), r"holds 5000 bytes but no native frame, such as '.+device=…"),
        (b"hello\n" * 50, r"no native frame, such as '.*hello"),
        (b"", "is empty"),
        (frames(0, 40), r"native frames come from .*, but no samples\. .*fs_hz"),
    ],
    ids=["noise", "text", "empty", "no hello"],
)
async def test_a_capture_of_which_nothing_comes_is_an_error_with_an_example(tmp_path, holds, said):
    (tmp_path / "x").write_bytes(holds)
    async with SerialSource(FileLink(tmp_path / "x"), SerialSettings()) as source:
        with pytest.raises(NoFramesError, match=said) as caught:
            _ = [item async for item in source]
    assert caught.value.exit_code == 24


async def test_a_capture_that_is_mostly_noise_says_so_at_its_end(tmp_path):
    (tmp_path / "x").write_bytes(bytes(range(1, 256)) * 400 + b"\0" + HELLO + frames(0, 40))
    async with SerialSource(FileLink(tmp_path / "x"), SerialSettings()) as source:
        items = [item async for item in source]
    assert isinstance(items[-1], SourceStatus)
    assert items[-1].state == "ended"
    assert "are not understood, such as" in items[-1].detail
    assert sum(item.samples_mv.shape[1] for item in items if isinstance(item, SampleBlock)) == 1000


class Port:
    """A port that a test speaks through."""

    def __init__(self, link: Path) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self._link = link
        link.symlink_to(os.ttyname(self._slave))

    async def send(self, data: bytes, seconds: float) -> None:
        for _ in range(round(seconds / TICK_S)):
            os.write(self._master, data)
            await asyncio.sleep(TICK_S)

    def close(self) -> None:
        self._link.unlink()
        os.close(self._master)
        os.close(self._slave)


async def test_a_real_port_that_sends_rubbish_has_an_alarm_until_it_speaks_properly(tmp_path):
    port, events = Port(tmp_path / "tty"), list[Event]()
    source = open_source(f"serial:{tmp_path / 'tty'}?device=native&name=bed", SourceSettings())
    monitor = Monitor(MonitorSettings(), [source])
    monitor._fan.write = events.extend  # type: ignore[method-assign]
    run = asyncio.create_task(monitor.run())

    def raised() -> list[str]:
        return [e.state for e in events if isinstance(e, Alarm) and e.kind == "data_unreadable"]

    begun = asyncio.get_running_loop().time()
    while raised() == [] and asyncio.get_running_loop().time() < begun + 30:
        await port.send(b"not an ECG\r\n", TICK_S)
    assert raised() == ["active"]
    assert [alarm.kind for alarm in monitor.awaited["bed"].alarms.open_alarms()] == ["data_unreadable"]
    for seq in range(30):
        await port.send(HELLO + frames(seq, 1), TICK_S)
    assert raised() == ["active", "inactive"]
    assert list(monitor.streams) == ["bed"]
    assert monitor.awaited == {}
    monitor.stop()
    await run
    port.close()
