"""The main window: pages, the banner, the timer that paints, and the keys."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from textwrap import shorten

import platformdirs
from PyQt6 import QtCore, QtGui, QtWidgets

from ecgmon.monitor.core.errors import EcgmonError
from ecgmon.monitor.core.platform import user_name
from ecgmon.monitor.dashboard.drawing.palette import PALETTES, ThemeName
from ecgmon.monitor.dashboard.drawing.room import LEAST_PX, USUAL_PX, fitting_text, is_compact, wall_text
from ecgmon.monitor.dashboard.drawing.theme import apply_theme
from ecgmon.monitor.dashboard.pages.base import PageContext
from ecgmon.monitor.dashboard.pages.empty import EmptyPage
from ecgmon.monitor.dashboard.pages.live import LivePage
from ecgmon.monitor.dashboard.pages.patients import PatientsPage
from ecgmon.monitor.dashboard.pages.review import ReviewPage
from ecgmon.monitor.dashboard.pages.shelf import PageShelf
from ecgmon.monitor.dashboard.pages.trends import TrendsPage
from ecgmon.monitor.dashboard.preferences import BASE_PX, load_preferences, save_preferences
from ecgmon.monitor.dashboard.state.alarm_board import most_urgent, sounding
from ecgmon.monitor.dashboard.state.awaited import link_words
from ecgmon.monitor.dashboard.state.feed import Feed
from ecgmon.monitor.dashboard.state.keys import KEYS
from ecgmon.monitor.dashboard.state.remarks import RemarkBook
from ecgmon.monitor.dashboard.state.session import StreamSession
from ecgmon.monitor.dashboard.widgets.banner import AlarmBanner
from ecgmon.monitor.dashboard.widgets.basics import Shortening, button, label, row, set_text
from ecgmon.monitor.dashboard.widgets.connect_dialog import ConnectDialog
from ecgmon.monitor.dashboard.widgets.help_dialog import HelpDialog
from ecgmon.monitor.dashboard.widgets.replay_bar import ReplayBar
from ecgmon.monitor.dashboard.widgets.sound_player import SoundPlayer

FRAME_MS = 16
REFRESH_EVERY = 6
MESSAGE_S = 6.0
FASTEST = 100.0
DEMO = "replay:200"
STATUS_CHARACTERS = 80
TROUBLED = frozenset({"unreadable", "silent", "reconnecting"})
"""States of a link that the top line tells in place of lead and rate."""

DISCLAIMER = "Not a medical device. For research and education only."


class MainWindow(QtWidgets.QMainWindow):
    """Looks at a feed.

    Parameters
    ----------
    feed : Feed
        The streams.
    store : QSettings, optional
        Where choices are remembered; the user's own settings by default.
    remarks : RemarkBook, optional
        Keeps reclassified beats; in the user's data folder by default.
    """

    def __init__(
        self, feed: Feed, store: QtCore.QSettings | None = None, remarks: RemarkBook | None = None
    ) -> None:
        super().__init__()
        self.feed = feed
        self.store = store or QtCore.QSettings()
        self.preferences = load_preferences(self.store)
        self.session: StreamSession | None = None
        self.banner = AlarmBanner()
        folder = Path(platformdirs.user_data_dir("ecgmon", appauthor=False)) / "remarks"
        context = PageContext(feed, remarks or RemarkBook(folder), user_name())
        self.empty = EmptyPage()
        self.pages = PageShelf(context, self.empty)
        self.tabs = self.pages.tabs
        self.live = self.pages.of_kind(LivePage)
        self.review = self.pages.of_kind(ReviewPage)
        self.trends = self.pages.of_kind(TrendsPage)
        self.patients = self.pages.of_kind(PatientsPage)
        self.replay = ReplayBar()
        self.sound = SoundPlayer()
        self.status = Shortening()
        self.status.setObjectName("muted")
        self.wall = False
        self._alarming: str | None = None
        self._frames = 0
        self._message_until_s = 0.0
        self._fit: tuple[int, bool] | None = None
        self.setWindowTitle("ecgmon")
        self.setCentralWidget(self._build())
        self._fill_screen()
        self._join()
        self._bind_keys()
        self.live.trace.options = self.preferences.options
        self.live.tools.show_options()
        self.choose_leads(self.preferences.options.leads)
        self._apply_theme()
        self._timer = QtCore.QTimer(self)
        self._timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.tick)
        self._timer.start(FRAME_MS)

    def tick(self) -> None:
        """Take what is new and paint it."""
        now_s = time.monotonic()
        self.feed.poll()
        self._choose_session()
        if self.isVisible() and not self.isMinimized():
            self.pages.tell_front(lambda page: page.frame(now_s))
        if self._frames % REFRESH_EVERY == 0:
            self._refresh(now_s)
        self._frames += 1

    def connect_to(self, addresses: list[str]) -> None:
        """Look at other sources; a refusal is said in the window."""
        try:
            self.feed.start(addresses)
        except EcgmonError as error:
            self.say(str(error))
            self.feed.problem = str(error)
            return
        self.show_page("patients" if len(addresses) > 1 else "live")

    def ask_connect(self) -> None:
        """Open the connect dialog."""
        data_dir = self.feed.settings.replay.data_dir
        dialog = ConnectDialog(data_dir, self.preferences.connect, self)
        if dialog.exec() == QtWidgets.QDialog.DialogCode.Accepted:
            self.preferences.connect = dialog.choices()
            self.connect_to(dialog.addresses)

    def open_patient(self, device: str) -> None:
        """Show one of several patients on the live page."""
        if device in self.feed.sessions:
            self._show_session(self.feed.sessions[device])
            self.show_page("live")

    def open_review(self, time_s: float) -> None:
        """Show a moment in the review."""
        self.show_page("review")
        self.review.open_at(time_s)

    def show_page(self, name: str) -> None:
        """Bring a page to the front by its name, such as ``trends``.

        Raises
        ------
        KeyError
            There is none of that name.
        """
        self.pages.choose(name)

    def choose_leads(self, leads: tuple[int, ...]) -> None:
        """Show some leads on all pages; none for the usual ones."""
        self.pages.tell_all(lambda page: page.set_leads(leads))

    def set_theme(self, name: ThemeName) -> None:
        """Use the dark or the light theme."""
        self.preferences.theme = name
        self._apply_theme()

    def set_wall(self, on: bool) -> None:
        """Fill the screen with the trace and the figures, or go back."""
        self.wall = self.replay.muted = on
        self.top.setVisible(not on)
        self.pages.tell_all(lambda page: page.set_wall(on))
        self._apply_theme()
        if on:
            self.show_page("live")
            self.showFullScreen()
        else:
            self.showNormal()

    def say(self, message: str) -> None:
        """Show a message for a while."""
        self._message_until_s = time.monotonic() + MESSAGE_S
        set_text(self.status, message)

    def closeEvent(self, event: QtGui.QCloseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Stop reading and remember; everything heard so far is written."""
        self._timer.stop()
        self.pages.tell_all(lambda page: page.on_close())
        self.preferences.options = self.live.trace.options
        save_preferences(self.store, self.preferences)
        self.sound.close()
        self.feed.stop()
        super().closeEvent(event)

    def resizeEvent(self, event: QtGui.QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Arrange the parts for the new size."""
        super().resizeEvent(event)
        if self._fit is not None and self._fit != self._fitting():
            self._apply_theme()

    def _fill_screen(self) -> None:
        """Take the usual size, or the whole screen where that is smaller."""
        screen = self.screen()
        usual = QtCore.QSize(*USUAL_PX)
        room = screen.availableGeometry().size() if screen is not None else usual
        self.resize(usual.boundedTo(room))
        if self.size() != usual:
            self.setWindowState(QtCore.Qt.WindowState.WindowMaximized)

    def _fitting(self) -> tuple[int, bool]:
        """Return the size of text that fits, in pixels, and whether the window is a small one."""
        width, height, base_px = self.width(), self.height(), self.preferences.base_px
        if self.wall:
            return wall_text(height, base_px, BASE_PX[0]), False
        return fitting_text(width, height, base_px, BASE_PX[0]), is_compact(width, height, base_px)

    def _refresh(self, now_s: float) -> None:
        session = self.session
        self._show_alarms(now_s)
        self.empty.show_state(running=self.feed.running, problem=self.feed.problem, news=self.feed.news)
        self.pages.tell_front(lambda page: page.refresh(now_s))
        self.replay.refresh(self.feed.controls, session.comparison if session is not None else None)
        wanted = self.preferences.sound
        self.sound.enabled = not self.feed.replaying if wanted is None else wanted
        self.sound_button.setChecked(self.sound.enabled)
        if now_s >= self._message_until_s:
            set_text(self.status, self._status_text())

    def _show_alarms(self, now_s: float) -> None:
        """Show and sound what matters most, whichever patient is on the screen."""
        boards = self.feed.boards
        self._alarming = most_urgent(boards, self.session.device if self.session is not None else None)
        board = boards.get(self._alarming) if self._alarming is not None else None
        elsewhere = self.session is None or self._alarming != self.session.device
        named = elsewhere or self.pages.chosen == "patients"
        self.banner.refresh(board, now_s, self._alarming or "" if named else "")
        self.sound.update(sounding(boards), now_s)

    def _status_text(self) -> str:
        if self.feed.problem:
            return self.feed.problem
        session = self.session
        if session is None:
            return "connecting" if self.feed.running else "nothing connected"
        link = session.numbers.link()
        if link.value in TROUBLED:
            words = shorten(link_words(link.value, link.note), STATUS_CHARACTERS, placeholder=" …")
            return f"{session.device}  ·  {words}"
        return f"{session.device}  ·  lead {session.lead}  ·  {session.stream.fs_hz:g} Hz"

    def _choose_session(self) -> None:
        sessions = self.feed.sessions
        controls = self.feed.controls
        speed = min(controls.speed or FASTEST, FASTEST) if controls is not None else 1.0
        streams = [sessions[device] for device in sorted(sessions)]
        self.pages.tell_all(lambda page: page.set_speed(speed))
        self.pages.tell_all(lambda page: page.set_sessions(streams))
        if self.session is None or sessions.get(self.session.device) is not self.session:
            self._show_session(next(iter(sessions.values()), None))
        self.pages.turn(streaming=self.session is not None)

    def _show_session(self, session: StreamSession | None) -> None:
        if session is self.session:
            return
        self.session = session
        reference = self.feed.reference
        if session is not None and reference is not None:
            session.compare(reference.samples, reference.symbols.tolist())
            session.set_reference(self.replay.reference.isChecked())
        self.pages.tell_all(lambda page: page.set_session(session))

    def _apply_theme(self) -> None:
        palette = PALETTES[self.preferences.theme]
        app = QtWidgets.QApplication.instance()
        assert isinstance(app, QtWidgets.QApplication)
        self._fit = size, compact = self._fitting()
        self._arrange(compact)
        apply_theme(app, palette, size)
        self.banner.set_text_size(size)
        self.banner.palette_data = palette
        self.pages.tell_all(lambda page: page.set_text_size(size))
        self.pages.tell_all(lambda page: page.set_theme(palette))

    def _arrange(self, compact: bool) -> None:
        """Let a small window's top line hold pages and buttons alone."""
        self.brand.setVisible(not compact)
        top, foot = self.top.layout(), self.foot.layout()
        assert isinstance(top, QtWidgets.QBoxLayout)
        assert isinstance(foot, QtWidgets.QBoxLayout)
        below = foot.indexOf(self.status) >= 0
        if compact and not below:
            foot.addWidget(self.status)
        elif below and not compact:
            top.insertWidget(top.indexOf(self.connect_button), self.status)
        self.pages.tell_all(lambda page: page.set_compact(compact and not self.wall))

    def _build(self) -> QtWidgets.QWidget:
        self.sound_button = button("Sound", "Alarm sound", self.toggle_sound, check=True, tip="Sound (U)")
        self.brand = label("ecgmon", "brand")
        self.connect_button = button("Connect", "Connect", self.ask_connect, tip="Connect (Ctrl+O)")
        controls = (
            self.connect_button,
            self.sound_button,
            button("Theme", "Dark or light", self.toggle_theme, tip="Dark or light (T)"),
            button("Wall", "Full-screen wall mode", self.toggle_wall, tip="Wall mode (F11)"),
            button("?", "Keys and help", self.show_help, tip="Keys and help (?)"),
        )
        self.top = QtWidgets.QWidget()
        self.top.setLayout(
            row(
                self.brand,
                self.tabs,
                1,
                self.status,
                *controls,
                spacing=8,
                margins=(16, 6, 12, 0),
            )
        )
        self.foot = QtWidgets.QWidget()
        self.foot.setLayout(row(label(DISCLAIMER, "faint"), 1, margins=(16, 0, 16, 6)))
        alarm, below = QtWidgets.QWidget(), QtWidgets.QWidget()
        alarm.setLayout(row(self.banner, margins=(12, 6, 12, 0)))
        below.setLayout(row(self.replay, margins=(12, 0, 12, 6)))
        whole = QtWidgets.QWidget()
        whole.setObjectName("page")
        whole.setMinimumSize(*LEAST_PX)
        box = QtWidgets.QVBoxLayout(whole)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        for part in (self.top, alarm):
            box.addWidget(part)
        box.addWidget(self.pages, 1)
        for part in (below, self.foot):
            box.addWidget(part)
        return whole

    def _join(self) -> None:
        self.tabs.currentChanged.connect(lambda _: self._choose_session())
        self.banner.acknowledge.connect(self._acknowledge)
        self.banner.silence.connect(self._silence)
        self.replay.compared.connect(self._compare)
        self.replay.sought.connect(lambda _: self.live.beat.pick(None))
        for page in self.pages.pages.values():
            page.review_asked.connect(self.open_review)
            page.patient_asked.connect(self.open_patient)
            page.leads_chosen.connect(self.choose_leads)
            page.said.connect(self.say)
        self.empty.demo.connect(lambda: self.connect_to([DEMO]))
        self.empty.connect_asked.connect(self.ask_connect)

    def _bind_keys(self) -> None:
        acts: dict[str, Callable[[], object]] = {
            "freeze": self.live.tools.pause.toggle,
            "play": self.replay.toggle,
            "back": lambda: self.replay.skip(-10.0),
            "forward": lambda: self.replay.skip(10.0),
            "reference": self.replay.reference.toggle,
            "acknowledge": self.banner.acknowledge_button.click,
            "silence": self.banner.silence_button.click,
            "mode": self.live.tools.toggle_mode,
            "leads": self.live.tools.leads.step,
            "larger": lambda: self.resize_text(1),
            "smaller": lambda: self.resize_text(-1),
            "theme": self.toggle_theme,
            "sound": self.toggle_sound,
            "wall": self.toggle_wall,
            "connect": self.ask_connect,
            "help": self.show_help,
            "leave": lambda: self.set_wall(False) if self.wall else None,
        }
        for keys, name, _ in KEYS:
            shortcut = QtGui.QShortcut(QtGui.QKeySequence(keys), self)
            shortcut.activated.connect(acts[name])
        self.pages.bind_keys(self)

    def toggle_theme(self) -> None:
        """Change between dark and light."""
        self.set_theme("light" if self.preferences.theme == "dark" else "dark")

    def toggle_wall(self) -> None:
        """Enter or leave wall mode."""
        self.set_wall(not self.wall)

    def toggle_sound(self) -> None:
        """Switch alarm sounds on or off."""
        self.preferences.sound = not self.sound.enabled

    def resize_text(self, step: int) -> None:
        """Make all text larger or smaller; what does not fit the window grows no further."""
        wanted = self.preferences.base_px
        size = (wanted if self.wall else self._fitting()[0]) + step
        size = max(size, wanted) if step > 0 else size
        self.preferences.base_px = min(max(size, BASE_PX[0]), BASE_PX[1])
        self._apply_theme()

    def show_help(self) -> None:
        """Show the keys."""
        self.help_dialog().exec()

    def help_dialog(self) -> HelpDialog:
        """Return the list of keys: the window's own and those of its pages."""
        return HelpDialog([*((key, words) for key, _, words in KEYS), *self.pages.key_list()], self)

    def _compare(self, shown: bool) -> None:
        if self.session is not None:
            self.session.set_reference(shown)

    def _acknowledge(self, kind: str) -> None:
        if self._alarming is not None:
            self.feed.acknowledge(self._alarming, kind)

    def _silence(self) -> None:
        if self._alarming is not None:
            self.feed.boards[self._alarming].silence(time.monotonic())
            self.feed.silence(self._alarming)
