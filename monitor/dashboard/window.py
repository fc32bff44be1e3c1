"""The main window: pages, the banner, the timer that paints, and the keys."""

from __future__ import annotations

import time

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from monitor.dashboard.banner import AlarmBanner
from monitor.dashboard.feed import Feed
from monitor.dashboard.live_page import LivePage
from monitor.dashboard.palette import PALETTES, ThemeName
from monitor.dashboard.session import StreamSession
from monitor.dashboard.theme import apply_theme
from monitor.dashboard.widgets import label, row, set_text

FRAME_MS = 16
REFRESH_EVERY = 6
DISCLAIMER = "Not a medical device. For research and education only."


class MainWindow(QtWidgets.QMainWindow):
    """Looks at a feed.

    Parameters
    ----------
    feed : Feed
        The streams.
    """

    def __init__(self, feed: Feed) -> None:
        super().__init__()
        self.feed = feed
        self.theme: ThemeName = "dark"
        self.base_px = 14
        self._session: StreamSession | None = None
        self._frames = 0
        self.setWindowTitle("ecgmon")
        self.resize(1280, 800)
        self.banner = AlarmBanner()
        self.live = LivePage()
        self.tabs = QtWidgets.QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName("Pages")
        self.pages = QtWidgets.QStackedWidget()
        self._add_page("Live", self.live)
        self.status = label("", "muted")
        self.tabs.currentChanged.connect(self.pages.setCurrentIndex)
        self.setCentralWidget(self._build())
        self.banner.acknowledge.connect(self._acknowledge)
        self.banner.silence.connect(self._silence)
        self._keys()
        self.set_theme(self.theme)
        self._timer = QtCore.QTimer(self)
        self._timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.tick)
        self._timer.start(FRAME_MS)

    def tick(self) -> None:
        """Take what is new and paint it."""
        now_s = time.monotonic()
        self.feed.poll(now_s)
        self._choose_session()
        page = self.pages.currentWidget()
        if self.isVisible() and not self.isMinimized():
            page.frame(now_s)
        if self._frames % REFRESH_EVERY == 0:
            session = self._session
            self.banner.refresh(session.board if session is not None else None, now_s)
            page.refresh(now_s)
            self._show_status()
        self._frames += 1

    def set_theme(self, name: ThemeName) -> None:
        """Use the dark or the light theme."""
        self.theme = name
        palette = PALETTES[name]
        app = QtWidgets.QApplication.instance()
        assert isinstance(app, QtWidgets.QApplication)
        apply_theme(app, palette, self.base_px)
        self.banner.palette_data = palette
        self.live.set_theme(palette)

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Stop reading; everything heard so far is written."""
        self._timer.stop()
        self.feed.stop()
        event.accept()

    def _build(self) -> QtWidgets.QWidget:
        top = QtWidgets.QWidget()
        top.setLayout(
            row(label("ecgmon", "brand"), self.tabs, 1, self.status, spacing=14, margins=(16, 4, 16, 0))
        )
        foot = QtWidgets.QWidget()
        foot.setLayout(row(label(DISCLAIMER, "faint"), 1, margins=(16, 0, 16, 6)))
        alarm = QtWidgets.QWidget()
        alarm.setLayout(row(self.banner, margins=(12, 4, 12, 0)))
        whole = QtWidgets.QWidget()
        whole.setObjectName("page")
        box = QtWidgets.QVBoxLayout(whole)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(top)
        box.addWidget(alarm)
        box.addWidget(self.pages, 1)
        box.addWidget(foot)
        return whole

    def _add_page(self, name: str, page: QtWidgets.QWidget) -> None:
        self.tabs.addTab(name)
        self.pages.addWidget(page)

    def _keys(self) -> None:
        for keys, act in (
            ("Space", self.live.tools.pause.toggle),
            ("A", self.banner.acknowledge_button.click),
            ("S", self.banner.silence_button.click),
        ):
            QtGui.QShortcut(QtGui.QKeySequence(keys), self, activated=act)

    def _choose_session(self) -> None:
        sessions = self.feed.sessions
        if self._session is not None and sessions.get(self._session.device) is self._session:
            controls = self.feed.controls
            if controls is not None:
                self.live.trace.speed = controls.speed or 50.0
            return
        self._session = next(iter(sessions.values()), None)
        self.live.set_session(self._session)

    def _show_status(self) -> None:
        session = self._session
        if self.feed.problem:
            text = self.feed.problem
        elif session is not None:
            text = f"{session.device} · lead {session.lead} · {session.stream.fs_hz:g} Hz"
        else:
            text = "connecting" if self.feed.running else "nothing connected"
        set_text(self.status, text)

    def _acknowledge(self, kind: str) -> None:
        if self._session is not None:
            self.feed.acknowledge(self._session.device, kind)

    def _silence(self) -> None:
        if self._session is not None:
            self.feed.silence(self._session.device)
