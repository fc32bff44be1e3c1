"""Real hearts for the window's tests: bundled records played through the real stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from played_records import Player
from PyQt6 import QtCore

from ecgmon.monitor.dashboard.app import application
from ecgmon.monitor.dashboard.drawing.room import USUAL_PX
from ecgmon.monitor.dashboard.state.feed import Feed
from ecgmon.monitor.dashboard.state.remarks import RemarkBook
from ecgmon.monitor.dashboard.state.session import StreamSession
from ecgmon.monitor.dashboard.window import MainWindow


@pytest.fixture(scope="session")
def qapp_cls() -> type:
    return type(application())


@pytest.fixture
def player() -> Callable[..., Player]:
    return Player


@pytest.fixture(scope="session")
def heart() -> StreamSession:
    """Half a minute of record 200: bigeminy, well classified. Read only."""
    return Player("200").play(30.0)


@pytest.fixture
def open_window(qtbot, tmp_path: Path) -> Iterator[Callable[..., MainWindow]]:
    windows: list[MainWindow] = []

    def show(feed: Feed, size: tuple[int, int] | None = USUAL_PX) -> MainWindow:
        store = QtCore.QSettings(str(tmp_path / "window.ini"), QtCore.QSettings.Format.IniFormat)
        window = MainWindow(feed, store, RemarkBook(tmp_path / "remarks"))
        windows.append(window)
        window.show()
        if size is not None:  # the screen of the tests is smaller
            window.showNormal()
            window.resize(*size)
        window.activateWindow()
        qtbot.waitUntil(lambda: window.isActiveWindow() and (window.session is not None or not feed.sessions))
        return window

    yield show
    for window in windows:
        window.close()
        window.deleteLater()
