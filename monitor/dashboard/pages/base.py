"""What every page of the window is: one tab that follows the stream on the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from PyQt6 import QtCore, QtGui, QtWidgets

from ecgmon.monitor.dashboard.drawing.palette import DARK, Palette
from ecgmon.monitor.dashboard.state.feed import Feed
from ecgmon.monitor.dashboard.state.remarks import RemarkBook
from ecgmon.monitor.dashboard.state.session import StreamSession


@dataclass(frozen=True, slots=True)
class PageContext:
    """What the window gives to its pages.

    Parameters
    ----------
    feed : Feed
        The streams, their sessions and the settings.
    remarks : RemarkBook
        Keeps reclassified beats.
    author : str
        Who sits at the window.
    """

    feed: Feed
    remarks: RemarkBook
    author: str


class PageKey(NamedTuple):
    """A key that works while the page is in front.

    Parameters
    ----------
    key : str
        As Qt writes it, such as ``Shift+,``.
    words : str
        What it does, for the list of keys.
    act : callable
        Does it.
    """

    key: str
    words: str
    act: Callable[[], object]


class Page(QtWidgets.QWidget):
    """One tab of the window.

    A page sets `title` and overrides `build`; everything else has a default that does nothing. The
    window makes each page once, calls `build`, and from then on tells it what changes. All calls
    come from the window's thread, so a page must never wait.

    Parameters
    ----------
    context : PageContext
        What the window gives.

    Raises
    ------
    TypeError
        A subclass has no `title` or no `build`; raised when the class is defined.
    """

    title: ClassVar[str] = ""
    """Name on the tab."""

    said = QtCore.pyqtSignal(str)
    """Asks the window to show a message for a while."""

    review_asked = QtCore.pyqtSignal(float)
    """Asks to review a moment, in seconds since the stream's sample 0."""

    patient_asked = QtCore.pyqtSignal(str)
    """Asks to show a device on the live page."""

    leads_chosen = QtCore.pyqtSignal(tuple)
    """Asks all pages to show these leads."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not cls.title or cls.build is Page.build:
            raise TypeError(f"{cls.__name__} is no page: a page has a title and a build().")

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self.setObjectName("page")
        self.context = context
        self.palette_data: Palette = DARK
        self.speed = 1.0

    def build(self) -> None:
        """Make the widgets; called once."""
        raise NotImplementedError

    def icon(self) -> QtGui.QIcon:
        """Return the icon on the tab; none by default."""
        return QtGui.QIcon()

    @property
    def offered(self) -> bool:
        """Whether the tab is shown now."""
        return True

    def keys(self) -> Sequence[PageKey]:
        """Return the keys of this page; those that the window has itself are left out."""
        return ()

    def on_shown(self) -> None:
        """Come to the front."""

    def on_hidden(self) -> None:
        """Make way for another page."""

    def on_close(self) -> None:
        """Let go of what runs; the window closes."""

    def frame(self, now_s: float) -> None:
        """Paint what moves; called about 60 times a second while in front, in monotonic seconds."""

    def refresh(self, now_s: float) -> None:
        """Show what changes slowly; called about ten times a second while in front."""

    def set_session(self, session: StreamSession | None) -> None:
        """Show another stream, or none."""

    def set_sessions(self, sessions: Sequence[StreamSession]) -> None:
        """Take note of all streams there are, by name."""

    def set_speed(self, speed: float) -> None:
        """Take note of how many seconds of signal pass in a second."""
        self.speed = speed

    def set_leads(self, leads: tuple[int, ...]) -> None:
        """Show some leads; none for the usual ones."""

    def set_theme(self, palette: Palette) -> None:
        """Use another theme."""
        self.palette_data = palette

    def set_text_size(self, base_px: int) -> None:
        """Give everything the room that a size of text needs, in pixels."""

    def set_compact(self, on: bool) -> None:
        """Make do with the room of a small screen, or show everything again."""

    def set_wall(self, on: bool) -> None:
        """Show only what can be read from afar, or everything again."""
