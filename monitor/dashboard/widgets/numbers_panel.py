"""The column of figures beside the trace."""

from __future__ import annotations

from PyQt6 import QtCore, QtWidgets

from ecgmon.monitor.dashboard.state.numbers import UNKNOWN, Figure, age_text
from ecgmon.monitor.dashboard.state.session import StreamSession
from ecgmon.monitor.dashboard.widgets.basics import Shortening, card, column, label, row, set_flag, set_text


class FigureTile(QtWidgets.QWidget):
    """A title, a value with its unit, and a note with its age."""

    def __init__(self, title: str, *, style: str = "value") -> None:
        super().__init__()
        self.setAccessibleName(title)
        self._title = title
        self._roomy = style == "value"
        self._value = label(UNKNOWN, style)
        self._unit = label("", "muted")
        self._note = Shortening()
        self._note.setObjectName("faint")
        if style == "word":  # words have no unit and get the whole width
            self._value.setWordWrap(True)
            line = row(self._value)
        else:
            line = row(self._value, self._unit, 1, spacing=5)
            line.setAlignment(self._unit, QtCore.Qt.AlignmentFlag.AlignBottom)
        self._unit.setContentsMargins(0, 0, 0, 10 if style == "hero" else 3)
        box = column(label(title, "title"), spacing=0)
        box.addLayout(line)
        box.addWidget(self._note)
        box.addStretch(1)
        self.setLayout(box)

    def show_figure(self, figure: Figure) -> None:
        """Show a figure."""
        set_text(self._value, figure.value)
        set_text(self._unit, figure.unit if figure.known else "")
        set_flag(self._value, "known", "true" if figure.known else "false")
        parts = [part for part in (figure.note, age_text(figure.age_s)) if part]
        note = " · ".join(parts) if parts else ("" if figure.known or not self._roomy else "unknown")
        set_text(self._note, note)
        self._note.setVisible(bool(note) or self._roomy)
        spoken = f"{figure.value} {figure.unit}" if figure.known else "unknown"
        self.setAccessibleDescription(f"{self._title}: {spoken} {note}".strip())

    @property
    def text(self) -> str:
        """The value shown."""
        return self._value.text()


class NumbersPanel(QtWidgets.QWidget):
    """Heart rate, rhythm, ventricular beats, variability, signal, link and battery."""

    def __init__(self) -> None:
        super().__init__()
        self.rate = FigureTile("Heart rate", style="hero")
        self.rhythm = FigureTile("Rhythm", style="word")
        self.ventricular = FigureTile("Ventricular beats")
        self.sdnn = FigureTile("SDNN")
        self.rmssd = FigureTile("RMSSD")
        self.signal = FigureTile("Signal quality")
        self.link = FigureTile("Link", style="word")
        self.battery = FigureTile("Battery")
        first = card()
        first.setLayout(column(self.rate, self.rhythm, spacing=4, margins=(16, 10, 12, 10)))
        second = card()
        grid = QtWidgets.QGridLayout()
        grid.setContentsMargins(16, 10, 12, 10)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        for number, tile in enumerate(
            (self.ventricular, self.signal, self.sdnn, self.rmssd, self.link, self.battery)
        ):
            grid.addWidget(tile, number // 2, number % 2)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        second.setLayout(grid)
        self.setLayout(column(first, second, spacing=10))

    def refresh(self, session: StreamSession | None) -> None:
        """Show a session's figures, or nothing known."""
        if session is None:
            for tile in self.findChildren(FigureTile):
                tile.show_figure(Figure(UNKNOWN))
            return
        numbers = session.numbers
        self.rate.show_figure(numbers.rate())
        self.rhythm.show_figure(numbers.rhythm_figure())
        self.ventricular.show_figure(numbers.ventricular_per_min())
        spread, change = numbers.variability()
        self.sdnn.show_figure(spread)
        self.rmssd.show_figure(change)
        self.signal.show_figure(numbers.signal())
        self.link.show_figure(numbers.link())
        self.battery.show_figure(numbers.battery())
