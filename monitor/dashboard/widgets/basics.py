"""Small building blocks that all pages share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from PyQt6 import QtCore, QtGui, QtWidgets

CHOICE_EXTRA_PX = 40
"""Padding and chevron of a combo box."""

Box = TypeVar("Box", bound=QtWidgets.QBoxLayout)


def label(text: str = "", name: str = "", parent: QtWidgets.QWidget | None = None) -> QtWidgets.QLabel:
    """Return a label of plain text, whatever a name in it looks like; ``name`` chooses its style."""
    made = QtWidgets.QLabel(text, parent)
    made.setTextFormat(QtCore.Qt.TextFormat.PlainText)
    made.setObjectName(name)
    return made


def wrapped(text: str = "") -> QtWidgets.QLabel:
    """Return a quiet label that takes as many lines as it needs."""
    made = label(text, "muted")
    made.setWordWrap(True)
    return made


def card() -> QtWidgets.QFrame:
    """Return a framed panel."""
    made = QtWidgets.QFrame()
    made.setObjectName("card")
    return made


def scrolling(inside: QtWidgets.QWidget) -> QtWidgets.QScrollArea:
    """Return an area that shows a widget whole where there is room and else scrolls, by finger too."""
    made = QtWidgets.QScrollArea()
    made.setObjectName("scrolling")
    made.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
    made.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    made.setWidgetResizable(True)
    made.setWidget(inside)
    inside.setObjectName("page")
    QtWidgets.QScroller.grabGesture(made.viewport(), QtWidgets.QScroller.ScrollerGestureType.TouchGesture)
    return made


def row(
    *widgets: QtWidgets.QWidget | int, spacing: int = 8, margins: Sequence[int] = (0, 0, 0, 0)
) -> QtWidgets.QHBoxLayout:
    """Return a horizontal layout; a number is a stretch."""
    return _fill(QtWidgets.QHBoxLayout(), widgets, spacing, margins)


def column(
    *widgets: QtWidgets.QWidget | int, spacing: int = 8, margins: Sequence[int] = (0, 0, 0, 0)
) -> QtWidgets.QVBoxLayout:
    """Return a vertical layout; a number is a stretch."""
    return _fill(QtWidgets.QVBoxLayout(), widgets, spacing, margins)


def _fill(
    layout: Box, widgets: Sequence[QtWidgets.QWidget | int], spacing: int, margins: Sequence[int]
) -> Box:
    layout.setSpacing(spacing)
    layout.setContentsMargins(*margins)
    for widget in widgets:
        if isinstance(widget, int):
            layout.addStretch(widget)
        else:
            layout.addWidget(widget)
    return layout


def button(
    text: str, name: str, act: Callable[[], object] | None = None, *, tip: str = "", check: bool = False
) -> QtWidgets.QPushButton:
    """Return a push button with an accessible name."""
    made = QtWidgets.QPushButton(text)
    made.setAccessibleName(name)
    made.setToolTip(tip or name)
    made.setCheckable(check)
    made.setCursor(QtGui.QCursor(QtCore.Qt.CursorShape.PointingHandCursor))
    if act is not None:
        made.clicked.connect(lambda *_: act())
    return made


def choice(name: str, items: Sequence[tuple[str, object]], chosen: object) -> QtWidgets.QComboBox:
    """Return a combo box of (text, value) with an accessible name."""
    made = Choice()
    made.setAccessibleName(name)
    made.setToolTip(name)
    for text, value in items:
        made.addItem(text, value)
    made.setCurrentIndex(max(0, made.findData(chosen)))
    return made


def set_text(widget: QtWidgets.QLabel | QtWidgets.QAbstractButton, text: str) -> None:
    """Set the text of a label or button only if it changed, so that nothing is laid out in vain."""
    if widget.text() != text:
        widget.setText(text)


def set_flag(widget: QtWidgets.QWidget, name: str, value: str) -> None:
    """Set a dynamic property that the style sheet looks at, only if it changed."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        style = widget.style()
        if style is not None:
            style.unpolish(widget)
            style.polish(widget)


def paint_chevron(widget: QtWidgets.QWidget) -> None:
    """Draw the sign of a list that opens, at the right of a widget that paints itself."""
    painter = QtGui.QPainter(widget)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setPen(QtGui.QPen(widget.palette().color(QtGui.QPalette.ColorRole.PlaceholderText), 1.6))
    x, y = widget.width() - 16, widget.height() / 2 - 2
    points = [QtCore.QPointF(x + dx, y + dy) for dx, dy in ((0, 0), (4, 4), (8, 0))]
    painter.drawPolyline(QtGui.QPolygonF(points))


class Choice(QtWidgets.QComboBox):
    """A combo box as wide as what it shows, with a chevron, which style sheets cannot draw."""

    def __init__(self) -> None:
        super().__init__()
        self.currentIndexChanged.connect(lambda _: self.updateGeometry())

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        """Ask for the width of the present text; an editable one for its usual width."""
        usual = super().sizeHint()
        if self.isEditable():
            return usual
        return QtCore.QSize(self._width_of(self.currentText()), usual.height())

    def minimumSizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        """Never cut the text."""
        return self.sizeHint()

    def showPopup(self) -> None:  # noqa: N802 - Qt's name
        """Give the list the width of its longest item."""
        longest = max((self._width_of(self.itemText(n)) for n in range(self.count())), default=0)
        view = self.view()
        if view is not None:
            view.setMinimumWidth(longest)
        super().showPopup()

    def _width_of(self, text: str) -> int:
        return self.fontMetrics().horizontalAdvance(text) + CHOICE_EXTRA_PX

    def paintEvent(self, event: QtGui.QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw the box, then the chevron."""
        super().paintEvent(event)
        paint_chevron(self)


class Shortening(QtWidgets.QLabel):
    """A label that cuts its text with an ellipsis instead of widening its panel."""

    def minimumSizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        """Allow any width."""
        return QtCore.QSize(20, super().minimumSizeHint().height())

    def paintEvent(self, event: QtGui.QPaintEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Draw the text as far as it fits."""
        painter = QtGui.QPainter(self)
        text = self.fontMetrics().elidedText(self.text(), QtCore.Qt.TextElideMode.ElideRight, self.width())
        painter.setPen(self.palette().color(QtGui.QPalette.ColorRole.WindowText))
        painter.drawText(self.rect(), self.alignment() | QtCore.Qt.AlignmentFlag.AlignVCenter, text)
