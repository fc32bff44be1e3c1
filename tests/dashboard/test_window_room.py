"""The window fits its screen, and what one reads first is whole on a small one."""

from __future__ import annotations

import pytest
from played_records import Player, StillFeed
from PyQt6 import QtCore, QtWidgets

from ecgmon.monitor.core.ecg_codes import RHYTHM_NAMES
from ecgmon.monitor.core.events import RhythmChange
from ecgmon.monitor.dashboard.drawing.room import fitting_text, is_compact, wall_text

SMALL, USUAL = (800, 480), (1280, 800)


def is_whole(widget: QtWidgets.QWidget) -> bool:
    """Whether nothing of a widget is covered, outside the window or cut."""
    size, needed = widget.size(), widget.minimumSizeHint()
    if isinstance(widget, QtWidgets.QLabel):
        needed = QtCore.QSize(widget.minimumSizeHint().width(), max(widget.heightForWidth(size.width()), 0))
    inside = size.width() >= needed.width() and size.height() >= needed.height()
    return inside and widget.visibleRegion().boundingRect() == widget.rect()


def sized(qtbot, window, size: tuple[int, int]):
    """Give a window a size and let it settle with the bar of a replay and an alarm's buttons."""
    window.resize(*size)
    qtbot.waitUntil(lambda: (window.width(), window.height()) == size)
    qtbot.wait(150)
    window._timer.stop()
    for part in (window.replay, window.banner.acknowledge_button, window.banner.silence_button):
        part.setVisible(True)
    QtWidgets.QApplication.processEvents()
    return window


@pytest.fixture(scope="module")
def wordy():
    """A heart in the rhythm that has the longest name."""
    heart = Player("207").play(4.0)
    name = max(RHYTHM_NAMES, key=lambda rhythm: len(RHYTHM_NAMES[rhythm]))
    change = RhythmChange(sample=360, time_s=1.0, known_at=720, rhythm=name, beneath="AFIB")
    heart.numbers.observe(change, 360.0)
    return heart


def test_the_window_opens_within_its_screen(open_window, heart):
    window = open_window(StillFeed(heart), size=None)
    assert window.screen().availableGeometry().contains(window.geometry())


@pytest.mark.parametrize(
    ("size", "base_px"),
    [(SMALL, 10), (SMALL, 14), (SMALL, 26), ((1024, 600), 14), (USUAL, 14), (USUAL, 26), ((1920, 1080), 14)],
)
def test_figures_and_buttons_are_whole(open_window, qtbot, wordy, size, base_px):
    window = open_window(StillFeed(wordy))
    window.preferences.base_px = base_px
    window.set_theme("dark")
    sized(qtbot, window, size)
    numbers = window.live.numbers
    parts = [
        part
        for tile in (numbers.rate, numbers.rhythm, numbers.signal)
        for part in (tile, *tile.findChildren(QtWidgets.QLabel))
        if part.isVisible()
    ]
    parts += [each for each in window.findChildren(QtWidgets.QPushButton) if each.isVisible()]
    parts += [each for each in window.findChildren(QtWidgets.QComboBox) if each.isVisible()]
    assert len(parts) > 20
    assert [part.accessibleName() or part.text() for part in parts if not is_whole(part)] == []


@pytest.mark.parametrize("page", ["review", "trends"])
def test_the_buttons_of_other_pages_are_whole_on_a_small_screen(open_window, qtbot, heart, page):
    window = open_window(StillFeed(heart))
    window.show_page(page)
    sized(qtbot, window, SMALL)
    buttons = [each for each in window.findChildren(QtWidgets.QPushButton) if each.isVisible()]
    assert [each.text() for each in buttons if not is_whole(each)] == []


def test_a_window_made_larger_shows_everything_again(open_window, qtbot, heart):
    window = sized(qtbot, open_window(StillFeed(heart)), SMALL)
    left_out = (window.brand, window.live.listing, window.live.beat, window.live.tools.opacity)
    assert not any(part.isVisible() for part in left_out)
    assert window.foot.isAncestorOf(window.status)
    sized(qtbot, window, USUAL)
    assert all(part.isVisible() for part in left_out)
    assert window.top.isAncestorOf(window.status)
    assert (window.live.side.width(), window.live.listing.height()) == (286, 176)


def test_figures_stay_whole_in_wall_mode_on_a_small_screen(open_window, qtbot, wordy):
    window = open_window(StillFeed(wordy))
    window.set_wall(True)
    window.showNormal()
    sized(qtbot, window, SMALL)
    numbers = window.live.numbers
    assert all(is_whole(tile) for tile in (numbers.rate, numbers.rhythm, numbers.signal))


@pytest.mark.parametrize(
    ("size", "base_px", "text_px", "compact"),
    [
        (USUAL, 14, 14, False),
        (USUAL, 15, 15, False),
        (USUAL, 26, 20, True),
        ((1920, 1080), 20, 20, False),
        (SMALL, 14, 12, True),
        ((480, 320), 14, 10, True),
    ],
)
def test_text_is_as_large_as_fits(size, base_px, text_px, compact):
    assert fitting_text(*size, base_px, 10) == text_px
    assert is_compact(*size, base_px) is compact


def test_text_in_wall_mode_is_larger_where_there_is_room():
    assert wall_text(800, 14, 10) == 20
    assert wall_text(480, 14, 10) == 14


def test_larger_text_stops_at_what_fits_and_smaller_works_at_once(open_window, qtbot, heart):
    window = sized(qtbot, open_window(StillFeed(heart)), SMALL)
    for _ in range(5):
        window.resize_text(1)
    assert window._fit == (12, True)
    assert window.preferences.base_px == 14
    window.resize_text(-1)
    assert window._fit == (11, True)
