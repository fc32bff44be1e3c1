"""The alarm banner: the most urgent alarm, flashing at its rate, with what can be done."""

from __future__ import annotations

from PyQt6 import QtCore, QtGui, QtWidgets

from ecgmon.monitor.dashboard.drawing.palette import DARK, Palette
from ecgmon.monitor.dashboard.state.alarm_board import AlarmBoard, BoardRow, flash_on
from ecgmon.monitor.dashboard.state.timeline import clock
from ecgmon.monitor.dashboard.widgets.basics import Shortening, button, label, row, set_text

HEIGHT_EM = 3.3

_STATES = {"latched": "ended, not acknowledged"}


class AlarmBanner(QtWidgets.QFrame):
    """One line above the trace; quiet while nothing is wrong."""

    acknowledge = QtCore.pyqtSignal(str)
    silence = QtCore.pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.palette_data: Palette = DARK
        self.setAccessibleName("Alarm")
        self.set_text_size(14)
        self._title = label("No alarms")
        self._message = Shortening()
        self._more = label()
        self.acknowledge_button = button(
            "Acknowledge", "Acknowledge alarm", self._acknowledge, tip="Acknowledge alarm (A)"
        )
        self.silence_button = button(
            "Silence 2 min", "Silence alarms for two minutes", self.silence.emit, tip="Silence 2 min (S)"
        )
        self.setLayout(
            row(
                self._title,
                self._message,
                self._more,
                self.silence_button,
                self.acknowledge_button,
                spacing=14,
                margins=(16, 2, 8, 2),
            )
        )
        self._message.setSizePolicy(
            QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Preferred
        )
        self._shown: BoardRow | None = None
        self._look = ""

    def set_text_size(self, base_px: int) -> None:
        """Keep one height for a size of text, whether there is an alarm or not."""
        self.setFixedHeight(round(HEIGHT_EM * base_px))

    def refresh(self, board: AlarmBoard | None, now_s: float, device: str = "") -> None:
        """Show the board's most urgent alarm as it looks at ``now_s``.

        Parameters
        ----------
        board : AlarmBoard or None
            Whose alarms.
        now_s : float
            Monotonic seconds.
        device : str
            Named where it is not the one on the screen.
        """
        rows = board.rows() if board is not None else []
        worst = rows[0] if rows else None
        self._shown = worst
        left = board.silence_left_s(now_s) if board is not None else 0.0
        for control in (self.acknowledge_button, self.silence_button):
            control.setVisible(worst is not None)
        if worst is None:
            set_text(self._title, "No alarms")
            set_text(self._message, "")
            set_text(self._more, "")
            self._paint("quiet", "", on=False)
            return
        self.acknowledge_button.setEnabled(worst.state != "acknowledged")
        kind = "Technical: " if worst.technical else ""
        set_text(self._title, f"{device}  {kind}{worst.title}".strip())
        state = "" if worst.state == "active" else f" · {_STATES.get(worst.state, worst.state)}"
        said = worst.message.removeprefix(worst.title).lstrip(": ")
        words = f"{said[:1].upper()}{said[1:]} · " if said else ""
        set_text(self._message, f"{words}since {clock(worst.since_s)}{state}")
        more = [f"+{len(rows) - 1} more"] if len(rows) > 1 else []
        if left > 0:
            more.append(f"silenced {left:.0f} s")
        set_text(self._more, " · ".join(more))
        self.setAccessibleDescription(f"{worst.priority} priority: {worst.title}. {worst.message}")
        self._paint(worst.state, worst.priority, on=flash_on(worst.priority, worst.state, now_s))

    def _acknowledge(self) -> None:
        if self._shown is not None:
            self.acknowledge.emit(self._shown.kind)

    def _paint(self, state: str, priority: str, *, on: bool) -> None:
        look = f"{state}/{priority}/{on}/{self.palette_data.name}"
        if look == self._look:
            return
        self._look = look
        palette = self.palette_data
        if state == "quiet":
            back, front, edge = palette.panel, palette.muted, palette.border
        elif on and state in ("active", "silenced") and priority != "low":
            back, front, edge = palette.alarm(priority), palette.on_alarm, palette.alarm(priority)
        else:
            back, front, edge = palette.panel, palette.text, palette.alarm(priority)
        self.setStyleSheet(
            f"AlarmBanner {{ background: {back}; border: 2px solid {edge}; border-radius: 10px; }}"
            f" AlarmBanner QLabel {{ color: {front}; background: transparent; }}"
        )
        colours = self._message.palette()
        colours.setColor(QtGui.QPalette.ColorRole.WindowText, QtGui.QColor(front))
        self._message.setPalette(colours)
        bold = self._title.font()
        bold.setBold(state != "quiet")
        self._title.setFont(bold)
