"""All pages of a window behind their tabs: which is in front, what they are told, their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from PyQt6 import QtGui, QtWidgets

from ecgmon.monitor.dashboard.pages.base import Page, PageContext, PageKey
from ecgmon.monitor.dashboard.pages.broken import BrokenPage
from ecgmon.monitor.dashboard.pages.registry import OWN_PAGES, broken_page, make_pages
from ecgmon.monitor.dashboard.state.keys import KEYS

MOST_DIGITS = 9

P = TypeVar("P", bound=Page)


class PageShelf(QtWidgets.QStackedWidget):
    """Shows the page whose tab is chosen, or something else while there is no stream.

    What goes wrong in a page of another package is shown in its place and stops nothing else.

    Parameters
    ----------
    context : PageContext
        What the window gives to its pages.
    waiting : QWidget
        Shown while there is no stream.
    """

    def __init__(self, context: PageContext, waiting: QtWidgets.QWidget) -> None:
        super().__init__()
        self.context = context
        self.waiting = waiting
        self.pages = make_pages(context)
        self.setMinimumSize(1, 1)  # the pages fit themselves to the window, not it to the largest
        self.tabs = QtWidgets.QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setUsesScrollButtons(False)
        self.tabs.setAccessibleName("Pages")
        self._shown: str | None = None
        self._shortcuts: dict[str, list[QtGui.QShortcut]] = {}
        for name, page in self.pages.items():
            self.tabs.addTab(name if isinstance(page, BrokenPage) else page.title)
            self.addWidget(page)
        for at, name in enumerate(self.pages):
            self.tell(name, partial(self._show_icon, at))
        self.addWidget(waiting)
        self.setCurrentWidget(waiting)

    def of_kind(self, kind: type[P]) -> P:
        """Return the page of a class of our own."""
        return next(page for page in self.pages.values() if isinstance(page, kind))

    @property
    def chosen(self) -> str:
        """Name of the page whose tab is chosen."""
        return list(self.pages)[max(self.tabs.currentIndex(), 0)]

    def choose(self, name: str) -> None:
        """Choose a page by its name.

        Raises
        ------
        KeyError
            There is none.
        """
        if name not in self.pages:
            raise KeyError(name)
        self.tabs.setCurrentIndex(list(self.pages).index(name))

    @property
    def front(self) -> Page | None:
        """The page in front; None while there is no stream."""
        return self.pages[self._shown] if self._shown is not None else None

    def turn(self, *, streaming: bool) -> None:
        """Bring the chosen page to the front, or what is shown while there is no stream."""
        for at, name in enumerate(self.pages):
            self.tell(name, partial(self._show_tab, at))
        wanted = self.chosen if streaming else None
        if wanted == self._shown:
            return
        before, self._shown = self._shown, wanted
        if before is not None:
            self.tell(before, lambda page: page.on_hidden())
        self.setCurrentWidget(self.waiting if wanted is None else self.pages[wanted])
        if wanted is not None:
            self.tell(wanted, lambda page: page.on_shown())
        for name, shortcuts in self._shortcuts.items():
            for shortcut in shortcuts:
                shortcut.setEnabled(name == wanted)

    def tell(self, name: str, act: Callable[[Page], object]) -> None:
        """Do something with one page; another package's that fails is taken out."""
        page = self.pages[name]
        if name in OWN_PAGES:
            act(page)
            return
        try:
            act(page)
        except Exception as error:  # anything can happen in somebody else's code
            self._replace(name, error)

    def tell_front(self, act: Callable[[Page], object]) -> None:
        """Do something with the page in front, if there is one."""
        if self._shown is not None:
            self.tell(self._shown, act)

    def tell_all(self, act: Callable[[Page], object]) -> None:
        """Do something with every page."""
        for name in self.pages:
            self.tell(name, act)

    def bind_keys(self, window: QtWidgets.QWidget) -> None:
        """Let digits choose the pages, and each page's own keys work while it is in front."""
        for at, _ in enumerate(list(self.pages)[:MOST_DIGITS]):
            digit = QtGui.QShortcut(QtGui.QKeySequence(str(at + 1)), window)
            digit.activated.connect(partial(self.tabs.setCurrentIndex, at))
        for name in self.pages:
            self._shortcuts[name] = []
            for key in self._free_keys(name):
                shortcut = QtGui.QShortcut(QtGui.QKeySequence(key.key), window)
                shortcut.activated.connect(partial(self._press, name, key.act))
                shortcut.setEnabled(name == self._shown)
                self._shortcuts[name].append(shortcut)

    def key_list(self) -> list[tuple[str, str]]:
        """Return keys and what they do, for the list of keys."""
        titles = [self.tabs.tabText(at) for at in range(self.tabs.count())]
        digits = [(str(at + 1), title) for at, title in enumerate(titles[:MOST_DIGITS])]
        return [*digits, *((key.key, key.words) for name in self.pages for key in self._free_keys(name))]

    def _free_keys(self, name: str) -> Iterator[PageKey]:
        """Yield a page's keys that the window does not have itself, as two of one kind would be dead."""
        taken = {_same_form(key) for key, _, _ in KEYS}
        taken |= {str(at + 1) for at in range(min(len(self.pages), MOST_DIGITS))}
        found: list[PageKey] = []
        self.tell(name, lambda page: found.extend(page.keys()))
        return (key for key in found if _same_form(key.key) not in taken)

    def _show_icon(self, at: int, page: Page) -> None:
        self.tabs.setTabIcon(at, page.icon())

    def _show_tab(self, at: int, page: Page) -> None:
        self.tabs.setTabVisible(at, page.offered)

    def _press(self, name: str, act: Callable[[], object]) -> None:
        self.tell(name, lambda _: act())

    def _replace(self, name: str, error: Exception) -> None:
        old, new = self.pages[name], broken_page(name, self.context, error)
        self.pages[name] = new
        self.insertWidget(self.indexOf(old), new)
        if name == self._shown:
            self.setCurrentWidget(new)
        self.removeWidget(old)
        old.deleteLater()


def _same_form(key: str) -> str:
    return QtGui.QKeySequence(key).toString()
