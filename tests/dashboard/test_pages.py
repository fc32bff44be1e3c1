"""A page is one class; another package's appears as a tab, and one that fails is shown as a message."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from played_records import StillFeed
from PyQt6 import QtCore, QtGui, QtWidgets

from ecgmon.monitor.core import plugins
from ecgmon.monitor.dashboard.drawing.palette import LIGHT
from ecgmon.monitor.dashboard.pages.base import Page, PageContext, PageKey
from ecgmon.monitor.dashboard.pages.broken import BrokenPage
from ecgmon.monitor.dashboard.pages.registry import OWN_PAGES, page_registry

LEFT = QtCore.Qt.MouseButton.LeftButton


class CountPage(Page):
    """Counts what it is told; another package's page for these tests."""

    title = "Count"

    def build(self) -> None:
        self.told: list[tuple[str, object]] = []
        self.words = QtWidgets.QLabel("no beats", self)

    def keys(self) -> Sequence[PageKey]:
        return (
            PageKey("Q", "Count it", lambda: self.told.append(("key", "Q"))),
            PageKey("Shift+M", "Count more", lambda: self.told.append(("key", "Shift+M"))),
            PageKey("T", "Never, as the window has it", lambda: self.told.append(("key", "T"))),
            PageKey("2", "Never either", lambda: self.told.append(("key", "2"))),
        )

    def on_shown(self) -> None:
        self.told.append(("shown", None))

    def on_hidden(self) -> None:
        self.told.append(("hidden", None))

    def on_close(self) -> None:
        self.told.append(("close", None))

    def refresh(self, now_s: float) -> None:
        session = self.context.feed.sessions.get("200")
        self.words.setText(f"{len(session.beats) if session is not None else 0} beats")

    def set_session(self, session) -> None:
        self.told.append(("session", session.device if session is not None else None))

    def set_leads(self, leads: tuple[int, ...]) -> None:
        self.told.append(("leads", leads))

    def set_wall(self, on: bool) -> None:
        self.told.append(("wall", on))

    def of(self, what: str) -> list[object]:
        return [value for kind, value in self.told if kind == what]


class BadBuild(Page):
    title = "Bad"

    def build(self) -> None:
        raise RuntimeError("no such plot")


class BadFrame(Page):
    title = "Shaky"
    frames = 0

    def build(self) -> None:
        type(self).frames = 0

    def frame(self, now_s: float) -> None:
        type(self).frames += 1
        raise ValueError("cannot paint")


class BadKeys(Page):
    title = "Keyless"

    def build(self) -> None:
        """Has nothing."""

    def keys(self) -> Sequence[PageKey]:
        raise LookupError("no keys")


class BadIcon(Page):
    title = "Faceless"

    def build(self) -> None:
        """Has nothing."""

    def icon(self) -> QtGui.QIcon:
        raise LookupError("no icon")


class BadOffer(Page):
    title = "Undecided"

    def build(self) -> None:
        """Has nothing."""

    @property
    def offered(self) -> bool:
        raise LookupError("cannot tell")


@pytest.fixture
def installed(monkeypatch):
    """Let a test say which pages other packages offer."""
    points: list[importlib.metadata.EntryPoint] = []
    monkeypatch.setattr(
        plugins, "entry_points", lambda *, group: [point for point in points if point.group == group]
    )

    def offer(name: str, kind: str) -> None:
        points.append(importlib.metadata.EntryPoint(name, kind, "ecgmon.pages"))

    return offer


def here(kind: type) -> str:
    return f"{__name__}:{kind.__name__}"


def tab_texts(window) -> list[str]:
    return [window.tabs.tabText(at) for at in range(window.tabs.count())]


def test_our_pages_stand_in_their_order(open_window, heart, installed):
    window = open_window(StillFeed(heart))
    assert list(window.pages.pages) == list(OWN_PAGES) == ["live", "review", "trends", "patients"]
    assert tab_texts(window) == ["Live", "Review", "Trends", "Patients"]
    assert [window.tabs.isTabVisible(at) for at in range(4)] == [True, True, True, False]


def test_another_packages_page_is_a_tab_like_ours(open_window, qtbot, heart, installed):
    installed("count", here(CountPage))
    window = open_window(StillFeed(heart))
    page = window.pages.pages["count"]
    assert tab_texts(window)[-1] == "Count"
    assert page.of("session")[-1] == "200"
    qtbot.keyClick(window, QtCore.Qt.Key.Key_5)
    assert window.pages.chosen == "count"
    assert window.pages.currentWidget() is page
    qtbot.waitUntil(lambda: page.words.text() == f"{len(heart.beats)} beats", timeout=3000)
    window.show_page("live")
    assert page.of("shown") == page.of("hidden") == [None]
    window.close()
    assert page.of("close") == [None]


def test_a_page_hears_of_theme_size_leads_and_wall(open_window, heart, installed):
    installed("count", here(CountPage))
    window = open_window(StillFeed(heart))
    page = window.pages.pages["count"]
    window.choose_leads((1,))
    window.set_wall(True)
    window.set_wall(False)
    window.set_theme("light")
    assert page.palette_data is LIGHT
    window.set_theme("dark")
    assert page.of("leads")[-1] == (1,)
    assert page.of("wall") == [True, False]
    assert page.speed == 1.0


def test_a_page_asks_the_window_by_signals(open_window, heart, player, installed):
    installed("count", here(CountPage))
    other = player("100").play(5.0)
    window = open_window(StillFeed(heart, other))
    page = window.pages.pages["count"]
    page.said.emit("Well done.")
    assert window.status.text() == "Well done."
    page.review_asked.emit(10.0)
    assert window.pages.chosen == "review"
    assert window.review.strip.middle == 3600
    page.patient_asked.emit("100")
    assert window.pages.chosen == "live"
    assert window.session is other
    page.patient_asked.emit("nobody")
    assert window.session is other
    page.leads_chosen.emit((1,))
    assert window.live.trace.options.leads == (1,)


def test_keys_of_a_page_work_in_front_of_it_only(open_window, qtbot, heart, installed):
    installed("count", here(CountPage))
    window = open_window(StillFeed(heart))
    page = window.pages.pages["count"]
    qtbot.keyClick(window, QtCore.Qt.Key.Key_Q)
    assert page.of("key") == []
    window.show_page("count")
    qtbot.keyClick(window, QtCore.Qt.Key.Key_Q)
    qtbot.keyClick(window, QtCore.Qt.Key.Key_M, QtCore.Qt.KeyboardModifier.ShiftModifier)
    assert page.of("key") == ["Q", "Shift+M"]
    theme = window.preferences.theme
    qtbot.keyClick(window, QtCore.Qt.Key.Key_T)
    assert window.preferences.theme != theme
    window.set_theme("dark")
    qtbot.keyClick(window, QtCore.Qt.Key.Key_2)
    assert window.pages.chosen == "review"
    assert page.of("key") == ["Q", "Shift+M"]


def test_keys_of_the_review_do_nothing_elsewhere(open_window, qtbot, heart, installed):
    window = open_window(StillFeed(heart))
    window.open_review(10.0)
    first = window.review.strip.chosen
    window.show_page("live")
    qtbot.keyClick(window, QtCore.Qt.Key.Key_Period)
    assert window.review.strip.chosen is first
    window.show_page("review")
    qtbot.keyClick(window, QtCore.Qt.Key.Key_Period)
    assert window.review.strip.chosen is heart.beats.after(first.index)


def test_the_list_of_keys_holds_each_once_and_those_of_pages(open_window, heart, installed):
    installed("count", here(CountPage))
    window = open_window(StillFeed(heart))
    listed = window.pages.key_list()
    assert ("5", "Count") in listed
    assert ("Q", "Count it") in listed
    assert ("Shift+.", "Next notable beat, in review") in listed
    assert "T" not in [key for key, _ in listed]
    dialog = window.help_dialog()
    texts = [label.text() for label in dialog.findChildren(QtWidgets.QLabel)]
    assert texts.count("Count it") == 1
    assert texts.count("T") == 1
    dialog.deleteLater()


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (f"{__name__}:BadBuild", "RuntimeError: no such plot"),
        (f"{__name__}:heart_of_stone", "cannot be loaded"),
        ("no_such_package_anywhere:Page", "cannot be loaded"),
        ("math:sqrt", "is not a class derived from"),
        ("PyQt6.QtWidgets:QLabel", "is not a class derived from"),
        (f"{__name__}:PageContext", "is not a class derived from"),
    ],
)
def test_a_page_that_cannot_be_had_is_a_message(open_window, qtbot, heart, installed, capsys, target, reason):
    installed("foreign", target)
    window = open_window(StillFeed(heart))
    page = window.pages.pages["foreign"]
    assert isinstance(page, BrokenPage)
    assert tab_texts(window)[-1] == "foreign"
    window.show_page("foreign")
    assert page.isVisible()
    assert page.heading.text() == "The page 'foreign' does not work"
    assert reason in page.words.text()
    assert "the page 'foreign' does not work" in capsys.readouterr().err
    window.show_page("live")
    qtbot.waitUntil(lambda: window.live.trace.plan is not None, timeout=3000)


def test_a_page_that_fails_later_is_taken_out_and_the_rest_goes_on(open_window, qtbot, heart, installed):
    installed("shaky", here(BadFrame))
    installed("zcount", here(CountPage))
    window = open_window(StillFeed(heart))
    assert not isinstance(window.pages.pages["shaky"], BrokenPage)
    window.show_page("shaky")
    qtbot.waitUntil(lambda: isinstance(window.pages.pages["shaky"], BrokenPage), timeout=3000)
    assert BadFrame.frames == 1
    assert window.pages.currentWidget() is window.pages.pages["shaky"]
    assert "ValueError: cannot paint" in window.pages.pages["shaky"].words.text()
    window.show_page("zcount")
    assert window.pages.currentWidget() is window.pages.pages["zcount"]
    qtbot.keyClick(window, QtCore.Qt.Key.Key_Q)
    assert window.pages.pages["zcount"].of("key") == ["Q"]


def test_a_page_whose_keys_fail_is_taken_out(open_window, heart, installed):
    installed("keyless", here(BadKeys))
    window = open_window(StillFeed(heart))
    assert isinstance(window.pages.pages["keyless"], BrokenPage)


def test_a_key_that_fails_takes_its_page_out(open_window, qtbot, heart, installed, monkeypatch):
    def fail(page: Page) -> Sequence[PageKey]:
        return (PageKey("Q", "Fail", lambda: {}[1]),)

    monkeypatch.setattr(CountPage, "keys", fail)
    installed("count", here(CountPage))
    window = open_window(StillFeed(heart))
    window.show_page("count")
    qtbot.keyClick(window, QtCore.Qt.Key.Key_Q)
    assert isinstance(window.pages.pages["count"], BrokenPage)


def test_an_error_of_our_own_page_is_not_hidden(open_window, heart, installed):
    window = open_window(StillFeed(heart))
    with pytest.raises(ZeroDivisionError):
        window.pages.tell("trends", lambda _: 1 / 0)
    assert not isinstance(window.pages.pages["trends"], BrokenPage)


def test_a_page_without_a_title_or_without_widgets_is_refused_where_it_is_written():
    with pytest.raises(TypeError, match="Nameless is no page"):

        class Nameless(Page):
            def build(self) -> None:
                """Has no title."""

    with pytest.raises(TypeError, match="Bare is no page"):

        class Bare(Page):
            title = "Bare"


@pytest.mark.parametrize("kind", [BadIcon, BadOffer])
def test_a_page_that_fails_at_its_tab_is_replaced_and_the_window_goes_on(open_window, heart, installed, kind):
    installed("odd", here(kind))
    installed("count", here(CountPage))
    window = open_window(StillFeed(heart))
    window.tick()
    assert isinstance(window.pages.pages["odd"], BrokenPage)
    assert isinstance(window.pages.pages["count"], CountPage)
    assert window.tabs.isTabVisible(list(window.pages.pages).index("odd"))


def test_every_default_of_a_page_does_nothing(qtbot, heart, tmp_path):
    class Least(Page):
        title = "Least"

        def build(self) -> None:
            """Has nothing."""

    page = Least(PageContext(StillFeed(heart), None, "me"))  # type: ignore[arg-type]
    qtbot.addWidget(page)
    page.build()
    for call in (page.on_shown, page.on_hidden, page.on_close):
        call()
    page.frame(0.0)
    page.refresh(0.0)
    page.set_session(heart)
    page.set_session(None)
    page.set_sessions([heart])
    page.set_speed(20.0)
    page.set_leads((0,))
    page.set_text_size(20)
    page.set_wall(on=True)
    assert page.keys() == ()
    assert page.icon().isNull()
    assert page.offered
    assert page.speed == 20.0


def test_a_name_that_no_page_has_is_refused(open_window, heart, installed):
    window = open_window(StillFeed(heart))
    with pytest.raises(KeyError):
        window.show_page("pigeons")
    assert window.pages.chosen == "live"


def test_a_real_installed_package_brings_its_page(tmp_path, monkeypatch):
    (tmp_path / "ward_notes.py").write_text(
        "from ecgmon.monitor.dashboard.pages.base import Page\n\n\n"
        'class NotesPage(Page):\n    title = "Notes"\n\n    def build(self) -> None:\n        pass\n'
    )
    info = tmp_path / "ward_notes-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ward-notes\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ecgmon.pages]\nnotes = ward_notes:NotesPage\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry = page_registry()
    assert registry.names()[-1] == "notes"
    assert registry.load("notes").title == "Notes"
    sys.modules.pop("ward_notes", None)


def test_a_new_page_of_our_own_is_one_line_in_the_registry(open_window, heart, monkeypatch):
    monkeypatch.setitem(OWN_PAGES, "count", here(CountPage))
    window = open_window(StillFeed(heart))
    assert tab_texts(window) == ["Live", "Review", "Trends", "Patients", "Count"]
    assert isinstance(window.pages.of_kind(CountPage), CountPage)


def test_the_page_of_the_documentation_works(open_window, qtbot, heart, installed, tmp_path, monkeypatch):
    text = (Path(__file__).parents[2] / "docs" / "dashboard.md").read_text(encoding="utf-8")
    (tmp_path / "page_of_the_docs.py").write_text(text.split("```python\n")[1].split("```")[0])
    monkeypatch.syspath_prepend(tmp_path)
    installed("count", "page_of_the_docs:CountPage")
    window = open_window(StillFeed(heart))
    window.show_page("count")
    page = window.pages.pages["count"]
    qtbot.waitUntil(lambda: page.words.text() == f"{len(heart.beats)} beats are kept", timeout=3000)
    qtbot.keyClick(window, QtCore.Qt.Key.Key_C)
    assert window.status.text() == "Hello"
    sys.modules.pop("page_of_the_docs", None)
