"""What is shown while nothing is connected: how to begin, or what went wrong."""

from __future__ import annotations

from PyQt6 import QtCore, QtWidgets

from ecgmon.monitor.dashboard.widgets.basics import button, card, column, label, row, set_text


class EmptyPage(QtWidgets.QWidget):
    """Two ways to begin."""

    demo = QtCore.pyqtSignal()
    connect_asked = QtCore.pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("page")
        self.heading = label("Nothing connected", "heading")
        self.words = label("", "muted")
        self.words.setWordWrap(True)
        self.words.setMinimumWidth(420)
        self.start = button("Replay record 200", "Replay record 200", self.demo.emit)
        self.start.setObjectName("primary")
        self.choose = button("Connect …", "Choose what to connect", self.connect_asked.emit)
        inside = column(self.heading, self.words, spacing=14, margins=(36, 30, 36, 30))
        inside.addLayout(row(self.start, self.choose, 1))
        frame = card()
        frame.setLayout(inside)
        middle = row(1, frame, 1)
        whole = column(1)
        whole.addLayout(middle)
        whole.addStretch(1)
        self.setLayout(whole)

    def show_state(self, *, running: bool, problem: str, news: str = "") -> None:
        """Say how things stand; ``news`` is what is said of devices that have given no sample."""
        if problem:
            set_text(self.heading, "That did not work")
            set_text(self.words, problem)
        elif running:
            set_text(self.heading, "Connecting …")
            set_text(self.words, news or "The trace appears with the first samples.")
        else:
            set_text(self.heading, "Nothing connected")
            set_text(self.words, "Replay a recorded heart, or connect a device.")
