"""The strip as a widget: click a beat, drag the calipers."""

from __future__ import annotations

from PyQt6 import QtCore, QtGui, QtWidgets

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dashboard.drawing.calipers import Calipers
from ecgmon.monitor.dashboard.drawing.geometry import Trace
from ecgmon.monitor.dashboard.drawing.layout import Plan, ViewOptions
from ecgmon.monitor.dashboard.drawing.palette import DARK, Palette
from ecgmon.monitor.dashboard.drawing.strip import Strip
from ecgmon.monitor.dashboard.drawing.strip_painter import paint_strip, plan_strip
from ecgmon.monitor.dashboard.drawing.trace_painter import Ink
from ecgmon.monitor.dashboard.state.remarks import Remark

DRAG_PX = 4


class StripView(QtWidgets.QWidget):
    """Shows a strip; what it shows changes only when somebody acts or new beats arrive."""

    chosen = QtCore.pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.palette_data: Palette = DARK
        self.options = ViewOptions(opacity=0.6)
        self.remarks: dict[int, Remark] = {}
        self.strip: Strip | None = None
        self._plan: Plan | None = None
        self._press: QtCore.QPointF | None = None
        self.setMouseTracking(True)
        self.setMinimumHeight(160)
        self.setAccessibleName("Strip under review")
        self.setCursor(QtGui.QCursor(QtCore.Qt.CursorShape.CrossCursor))

    @property
    def ink(self) -> Ink:
        """Colours and font at this screen's resolution."""
        return Ink(self.palette_data, self.devicePixelRatioF(), self.font())

    def x_of(self, index: int) -> float:
        """Return the logical column of a pipeline index."""
        assert self.strip is not None
        return (index - self.strip.start) / (self.strip.stop - self.strip.start) * self.width()

    def paintEvent(self, event: QtGui.QPaintEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Paint the strip, or say that nothing was picked."""
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect(), QtGui.QColor(self.palette_data.paper))
        if self.strip is None or not self.strip.available:
            painter.setPen(QtGui.QColor(self.palette_data.muted))
            words = (
                "Pick an event on the left to see what happened."
                if self.strip is None
                else "This stretch is no longer kept."
            )
            painter.drawText(self.rect(), QtCore.Qt.AlignmentFlag.AlignCenter, words)
            return
        ratio = self.devicePixelRatioF()
        size = (round(self.width() * ratio), round(self.height() * ratio))
        painter.scale(1 / ratio, 1 / ratio)
        self._plan = plan_strip(self.strip, *size, self.options, ratio)
        paint_strip(painter, self.strip, self._plan, self.ink, self.options, self.remarks)

    def mousePressEvent(self, event: QtGui.QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Remember where a drag may begin."""
        self._press = event.position() if event is not None else None

    def mouseMoveEvent(self, event: QtGui.QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Drag the calipers."""
        if event is None or self.strip is None or self._plan is None or self._press is None:
            return
        if (event.position() - self._press).manhattanLength() >= DRAG_PX:
            trace = self._trace_at(self._press.y())
            start, stop = (self._point(position, trace) for position in (self._press, event.position()))
            self.strip.calipers = Calipers(*start, *stop, trace)
            self.update()

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Choose the beat under a click."""
        press, self._press = self._press, None
        if event is None or self.strip is None or self._plan is None or press is None:
            return
        if (event.position() - press).manhattanLength() < DRAG_PX:
            self.strip.calipers = None
            self.strip.choose_near(self._index_at(event.position().x()))
            self.chosen.emit()
            self.update()

    def _index_at(self, x: float) -> int:
        assert self.strip is not None
        assert self._plan is not None
        return self.strip.start + round(x * self.devicePixelRatioF() / self._plan.page.px_per_sample)

    def _trace_at(self, y: float) -> Trace:
        """Return the trace whose lane is under a row."""
        assert self._plan is not None
        row = y * self.devicePixelRatioF()
        lanes = self._plan.lanes
        return next((trace for trace, lane in lanes.items() if row < lane.bottom), list(lanes)[-1])

    def _point(self, position: QtCore.QPointF, trace: Trace) -> tuple[float, float]:
        assert self._plan is not None
        voltage = self._plan.lanes[trace].voltage(position.y() * self.devicePixelRatioF())
        return self._index_at(position.x()) / PIPELINE_HZ, voltage
