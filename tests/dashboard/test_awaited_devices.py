"""Devices that have given no sample: the window says how they are, and shows their alarms."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Self

import numpy as np

from ecgmon.monitor.core.events import LinkState, SampleBlock, SourceStatus
from ecgmon.monitor.dashboard.state.feed import Feed
from ecgmon.monitor.run.settings import MonitorSettings

FS = 250
REASON = (
    "/dev/ttyUSB0 sends bytes (5120 so far) but no cyton frame, such as 'E (12) wifi'. Is 115200 its speed?"
)


class Script:
    """A live source that gives what it is told to, and goes on for ever."""

    def __init__(self, name: str, items: Sequence[SampleBlock | SourceStatus]) -> None:
        self.name, self.live = name, True
        self._items = items

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[SampleBlock | SourceStatus]:
        for item in self._items:
            yield item
        await asyncio.Event().wait()


def status(device: str, state: LinkState, detail: str) -> SourceStatus:
    return SourceStatus(sample=0, time_s=0.0, known_at=0, device=device, state=state, detail=detail)


def feed_of(*scripts: Script) -> Feed:
    feed = Feed(MonitorSettings())
    feed.follow(scripts, [f"serial:{script.name}" for script in scripts])
    return feed


def test_the_empty_page_and_the_banner_tell_of_a_device_that_cannot_be_understood(qtbot, open_window):
    window = open_window(feed_of(Script("bed", [status("bed", "unreadable", REASON)])))
    qtbot.waitUntil(lambda: "no cyton frame" in window.empty.words.text())
    assert window.empty.words.text().startswith("bed unreadable: ")
    qtbot.waitUntil(lambda: "Data unreadable" in window.banner._title.text())
    assert window.banner._title.text().startswith("bed")
    window.banner.silence_button.click()
    window.banner.acknowledge_button.click()
    qtbot.waitUntil(lambda: window.feed.boards["bed"].rows()[0].state == "acknowledged")


def test_an_alarm_of_an_awaited_device_shows_beside_a_running_one(qtbot, open_window):
    signal = SampleBlock(np.random.default_rng(0).normal(0, 0.01, (1, FS)), 0, FS, "good")
    window = open_window(
        feed_of(Script("good", [signal]), Script("bed", [status("bed", "unreadable", REASON)]))
    )
    qtbot.waitUntil(lambda: window.session is not None and window.session.device == "good")
    qtbot.waitUntil(lambda: window.banner._title.text().startswith("bed  Technical: Data unreadable"))


def test_the_top_line_tells_that_a_running_device_can_no_longer_be_understood(qtbot, open_window):
    signal = SampleBlock(np.random.default_rng(0).normal(0, 0.01, (1, FS)), 0, FS, "bed")
    window = open_window(feed_of(Script("bed", [signal, status("bed", "unreadable", REASON)])))
    qtbot.waitUntil(lambda: "unreadable: /dev/ttyUSB0 sends bytes" in window.status.text())
    assert window.status.text().endswith("…")


def test_a_device_that_gives_its_first_sample_is_no_longer_awaited(qtbot):
    signal = SampleBlock(np.zeros((1, FS)), 0, FS, "bed")
    feed = feed_of(Script("bed", [status("bed", "silent", "nothing comes"), signal]))
    qtbot.waitUntil(lambda: feed.poll() is None and "bed" in feed.sessions)
    assert feed.awaited == {}
    assert feed.news == ""
    feed.stop()
