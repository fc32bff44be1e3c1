"""Several patients side by side; a click opens one."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PyQt6 import QtCore, QtGui, QtWidgets

from ecgmon.monitor.dashboard.drawing.palette import DARK, Palette
from ecgmon.monitor.dashboard.pages.base import Page
from ecgmon.monitor.dashboard.state.alarm_board import flash_on
from ecgmon.monitor.dashboard.state.session import StreamSession
from ecgmon.monitor.dashboard.widgets.basics import column, label, row, set_flag, set_text
from ecgmon.monitor.dashboard.widgets.trace_view import TraceView

MOST = 16
RATE_PX = 52
"""Room for three digits, so that nothing moves when the rate gains one."""


def shape_of_grid(count: int) -> tuple[int, int]:
    """Return rows and columns for a number of tiles."""
    columns = max(1, math.ceil(math.sqrt(count)))
    return math.ceil(max(count, 1) / columns), columns


class Tile(QtWidgets.QFrame):
    """One patient: name, rate, trace, and a border that tells of an alarm."""

    opened = QtCore.pyqtSignal(str)

    def __init__(self, session: StreamSession) -> None:
        super().__init__()
        self.session = session
        self.palette_data: Palette = DARK
        self.setObjectName("tile")
        self.setCursor(QtGui.QCursor(QtCore.Qt.CursorShape.PointingHandCursor))
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"Patient {session.device}")
        self.name = label(session.device, "word")
        self.rate = label("", "value")
        self.rate.setMinimumWidth(RATE_PX)
        self.rate.setAlignment(QtCore.Qt.AlignmentFlag.AlignRight)
        self.state = label("", "muted")
        self.trace = TraceView(compact=True)
        self.trace.set_options(seconds=6.0, traces="clean", leads=(0,), grid=False)
        self.trace.setAttribute(QtCore.Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.trace.set_session(session)
        box = column(spacing=2, margins=(10, 4, 10, 8))
        box.addLayout(row(self.name, self.state, 1, self.rate, spacing=10))
        box.addWidget(self.trace, 1)
        self.setLayout(box)
        self._look = ""

    def refresh(self, now_s: float) -> None:
        """Show rate and alarm."""
        figure = self.session.numbers.rate()
        set_text(self.rate, figure.value)
        set_flag(self.rate, "known", "true" if figure.known else "false")
        worst = self.session.board.worst()
        set_text(self.state, worst.title if worst is not None else self.session.numbers.link().value)
        edge = self.palette_data.border
        if worst is not None and flash_on(worst.priority, worst.state, now_s):
            edge = self.palette_data.alarm(worst.priority)
        look = f"QFrame#tile {{ background: {self.palette_data.panel}; border: 2px solid {edge};"
        look += " border-radius: 10px; }"
        if look != self._look:
            self._look = look
            self.setStyleSheet(look)

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Open this patient."""
        self.opened.emit(self.session.device)

    def keyPressEvent(self, event: QtGui.QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Open this patient with Return."""
        if event is not None and event.key() in (QtCore.Qt.Key.Key_Return, QtCore.Qt.Key.Key_Enter):
            self.opened.emit(self.session.device)
        else:
            super().keyPressEvent(event)


class PatientsPage(Page):
    """Up to sixteen tiles."""

    title = "Patients"

    def build(self) -> None:
        """Make an empty grid."""
        self.tiles: list[Tile] = []
        self._count = 0
        self._grid = QtWidgets.QGridLayout()
        self._grid.setContentsMargins(12, 8, 12, 8)
        self._grid.setSpacing(10)
        self.setLayout(self._grid)
        self._turn = 0

    @property
    def offered(self) -> bool:
        """Whether there is more than one patient."""
        return self._count > 1

    def set_sessions(self, sessions: Sequence[StreamSession]) -> None:
        """Show other patients; tiles that stay are kept."""
        self._count = len(sessions)
        wanted = list(sessions[:MOST])
        if [tile.session for tile in self.tiles] == wanted:
            return
        for tile in self.tiles:
            self._grid.removeWidget(tile)
            tile.deleteLater()
        self.tiles = []
        _, columns = shape_of_grid(len(wanted))
        for number, session in enumerate(wanted):
            tile = Tile(session)
            tile.palette_data = self.palette_data
            tile.trace.set_theme(self.palette_data)
            tile.opened.connect(self.patient_asked)
            self._grid.addWidget(tile, number // columns, number % columns)
            self.tiles.append(tile)

    def set_theme(self, palette: Palette) -> None:
        """Use another theme."""
        self.palette_data = palette
        for tile in self.tiles:
            tile.palette_data = palette
            tile.trace.set_theme(palette)

    def frame(self, now_s: float) -> None:
        """Paint the traces: every other tile each time, which halves the work unseen."""
        self._turn += 1
        for number, tile in enumerate(self.tiles):
            if len(self.tiles) <= 4 or (number + self._turn) % 2 == 0:
                tile.trace.speed = self.speed
                tile.trace.frame(now_s)

    def refresh(self, now_s: float) -> None:
        """Show rates and alarms."""
        for tile in self.tiles:
            tile.refresh(now_s)
