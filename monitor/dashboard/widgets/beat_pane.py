"""The side pane: one beat against the average normal beat, with its reason."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PyQt6 import QtCore, QtGui, QtWidgets

from ecgmon.monitor.dashboard.drawing.palette import DARK, Palette, shading_pixels, shading_ramp
from ecgmon.monitor.dashboard.state.averages import TIME_S, BeatShape, shape_of
from ecgmon.monitor.dashboard.state.beats import ShownBeat
from ecgmon.monitor.dashboard.state.reason import explain_beat
from ecgmon.monitor.dashboard.state.session import StreamSession
from ecgmon.monitor.dashboard.state.timeline import clock
from ecgmon.monitor.dashboard.widgets.basics import Shortening, button, column, label, row, set_text

TEXT_EM = 4.2
"""Height of four lines in sizes of text."""

REACH_S = (float(TIME_S[0]), float(TIME_S[-1]))


class BeatPlot(QtWidgets.QWidget):
    """A beat with its shading behind it, and another one faintly, for comparison."""

    def __init__(self) -> None:
        super().__init__()
        self.palette_data: Palette = DARK
        self.opacity = 0.6
        self._main: BeatShape | None = None
        self._other: BeatShape | None = None
        self.setMinimumHeight(36)
        self.setAccessibleName("Beat with its Grad-CAM shading")

    def show_shapes(self, main: BeatShape | None, other: BeatShape | None) -> None:
        """Show a beat, and another one behind it."""
        self._main, self._other = main, other
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Draw paper, shading, traces and the time axis."""
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        palette = self.palette_data
        box = QtCore.QRectF(0, 0, self.width(), self.height() - 16)
        clip = QtGui.QPainterPath()
        clip.addRoundedRect(box, 6, 6)
        painter.fillPath(clip, QtGui.QColor(palette.paper))
        painter.save()
        painter.setClipPath(clip)
        if self._main is not None:
            self._paint_shading(painter, box, self._main)
        for shape, colour, width in (
            (self._other, palette.muted, 1.0),
            (self._main, palette.clean, 1.8),
        ):
            if shape is not None:
                painter.setPen(QtGui.QPen(QtGui.QColor(colour), width))
                painter.drawPath(self._path(shape, box))
        painter.restore()
        font = QtGui.QFont(self.font())
        font.setPixelSize(10)
        painter.setFont(font)
        painter.setPen(QtGui.QColor(palette.faint))
        for time_s, text in ((-0.4, "-400"), (-0.2, "-200"), (0.0, "R"), (0.2, "+200 ms")):
            x = self._x(time_s, box)
            painter.drawLine(QtCore.QPointF(x, box.bottom()), QtCore.QPointF(x, box.bottom() + 3))
            painter.drawText(
                QtCore.QRectF(x - 30, box.bottom() + 2, 60, 14), QtCore.Qt.AlignmentFlag.AlignCenter, text
            )

    def _x(self, time_s: float, box: QtCore.QRectF) -> float:
        return box.left() + (time_s - REACH_S[0]) / (REACH_S[1] - REACH_S[0]) * box.width()

    def _path(self, shape: BeatShape, box: QtCore.QRectF) -> QtGui.QPainterPath:
        shapes = [s for s in (self._main, self._other) if s is not None]
        low = min(float(np.nanmin(s.trace_mv)) for s in shapes)
        high = max(float(np.nanmax(s.trace_mv)) for s in shapes)
        unit = (box.height() - 20) / max(high - low, 0.2)
        x = box.left() + (shape.time_s - REACH_S[0]) / (REACH_S[1] - REACH_S[0]) * box.width()
        path: QtGui.QPainterPath = pg.arrayToQPath(
            x, box.bottom() - 10 - (shape.trace_mv - low) * unit, connect="finite"
        )
        return path

    def _paint_shading(self, painter: QtGui.QPainter, box: QtCore.QRectF, shape: BeatShape) -> None:
        ramp = shading_ramp(self.palette_data.attribution, self.opacity)
        pixels = shading_pixels(shape.attribution, ramp)
        image = QtGui.QImage(
            pixels.tobytes(), pixels.size, 1, 4 * pixels.size, QtGui.QImage.Format.Format_ARGB32_Premultiplied
        )
        left, right = self._x(float(TIME_S[0]), box), self._x(float(TIME_S[-1]), box)
        painter.drawImage(QtCore.QRectF(left, box.top(), right - left, box.height()), image)


class BeatPane(QtWidgets.QFrame):
    """Shows the last beat that is not normal, or the mean of a class."""

    open_review = QtCore.pyqtSignal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self.plot = BeatPlot()
        self.title = Shortening("Why")
        self.title.setObjectName("word")
        self.when = label("", "muted")
        self.text = label("", "muted")
        self.text.setWordWrap(True)
        self.review = button("Review", "Review this beat", self._review, tip="See it in the strip")
        self.average = button("Average", "Show the averaged beat", check=True)
        self.average.setToolTip("Mean of the last beats of one class")
        self.average.clicked.connect(self._cycle)
        self._average_symbol: str | None = None
        self._session: StreamSession | None = None
        self._picked: ShownBeat | None = None
        box = column(spacing=6, margins=(14, 10, 14, 12))
        box.addLayout(row(self.when, 1, self.review, self.average, spacing=6))
        box.addWidget(self.title)
        box.addWidget(self.plot, 1)
        box.addWidget(self.text)
        self.setLayout(box)

    def set_text_size(self, base_px: int) -> None:
        """Give the words a fixed room, so that they never squeeze what stands above them."""
        self.text.setFixedHeight(round(TEXT_EM * base_px))

    def set_session(self, session: StreamSession | None) -> None:
        """Show another stream."""
        self._session = session
        self._picked = None
        self._average_symbol = None
        self.average.setChecked(False)

    def pick(self, shown: ShownBeat | None) -> None:
        """Stay with one beat; None follows the last that is not normal."""
        self._picked = shown
        self._average_symbol = None
        self.average.setChecked(False)
        self.refresh()

    def refresh(self) -> None:
        """Show what is true now."""
        session = self._session
        if session is None:
            self._show("", "", "", None, None)
        elif self._average_symbol is not None:
            self._show_average(session, self._average_symbol)
        else:
            shown = self._picked or session.last_notable
            if shown is None:
                self._show_average(session, "N")
            else:
                self._show_beat(session, shown)

    def _show_beat(self, session: StreamSession, shown: ShownBeat) -> None:
        shape = shape_of(session.history, shown)
        reason = explain_beat(shown, shape, session.beats)
        self._show(
            f"{reason.title}",
            f"{clock(shown.time_s)}",
            " ".join(reason.lines),
            shape,
            session.averages.mean("N"),
        )

    def _show_average(self, session: StreamSession, symbol: str) -> None:
        mean = session.averages.mean(symbol)
        if mean is None:
            self._show("Waiting for beats", "", "", None, None)
            return
        text = f"Mean of the last {mean.count} beats of class {symbol}, with its mean Grad-CAM."
        self._show(f"Average {symbol}", "", text, mean, None)

    def _show(
        self, title: str, when: str, text: str, main: BeatShape | None, other: BeatShape | None
    ) -> None:
        set_text(self.title, title)
        set_text(self.when, when or "Beat")
        set_text(self.text, text)
        self.plot.show_shapes(main, other)

    def _review(self) -> None:
        shown = self._picked or (self._session.last_notable if self._session is not None else None)
        if shown is not None:
            self.open_review.emit(shown.index)

    def _cycle(self) -> None:
        """Step through the classes that have a mean, then back to the last event."""
        symbols = self._session.averages.symbols() if self._session is not None else []
        at = symbols.index(self._average_symbol) + 1 if self._average_symbol in symbols else 0
        self._average_symbol = symbols[at] if at < len(symbols) else None
        self._picked = None
        self.average.setChecked(self._average_symbol is not None)
        self.refresh()
