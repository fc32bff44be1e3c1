"""Paints what stands left of the paper: the name of each trace and the height of a millivolt."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6 import QtCore, QtGui

from ecgmon.monitor.dashboard.drawing.geometry import Lane, Trace
from ecgmon.monitor.dashboard.drawing.layout import Plan
from ecgmon.monitor.dashboard.drawing.trace_painter import Ink

GUTTER_PX = 54
LINE_PX = 15
NAME_PX = 6
LEFT_PX = 10
MARKS_MV = (1.0, 0.5, 0.2, 0.1)


def paint_gutter(
    painter: QtGui.QPainter, plan: Plan, leads: Sequence[str], ink: Ink, height: float, ratio: float
) -> None:
    """Paint the gutter in logical pixels.

    Parameters
    ----------
    painter : QPainter
        Of the widget.
    plan : Plan
        Lanes in device pixels.
    leads : sequence of str
        Names of the leads.
    ink : Ink
        Colours and font, at ratio 1.
    height : float
        Of the widget.
    ratio : float
        Device pixels of a logical one.
    """
    painter.fillRect(QtCore.QRectF(0, 0, GUTTER_PX, height), QtGui.QColor(ink.palette.paper))
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    both = len({trace.kind for trace in plan.lanes}) > 1
    for trace, lane in plan.lanes.items():
        words = [] if both and trace.kind == "raw" else [leads[trace.lead]]
        if trace.kind == "raw":
            words.append("raw")
        _paint_names(painter, words, lane.top / ratio, trace, ink)
        below = (NAME_PX + len(words) * LINE_PX) * ratio
        _paint_millivolt(painter, lane, trace, ink, ratio, lane.middle - lane.top - below)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, on=False)


def _colour(trace: Trace, ink: Ink) -> QtGui.QColor:
    return QtGui.QColor(ink.palette.clean if trace.kind == "clean" else ink.palette.raw)


def _paint_names(painter: QtGui.QPainter, words: list[str], top: float, trace: Trace, ink: Ink) -> None:
    painter.setPen(_colour(trace, ink))
    for number, word in enumerate(words):
        painter.setFont(ink.scaled_font(12, bold=number == 0))
        room = GUTTER_PX - LEFT_PX
        short = painter.fontMetrics().elidedText(word, QtCore.Qt.TextElideMode.ElideRight, room)
        painter.drawText(
            QtCore.QRectF(LEFT_PX, top + NAME_PX + number * LINE_PX, room, LINE_PX + 1), 0, short
        )


def _paint_millivolt(
    painter: QtGui.QPainter, lane: Lane, trace: Trace, ink: Ink, ratio: float, room: float
) -> None:
    """Paint the mark of a millivolt, or of the largest part of it that fits below the names."""
    most = min(0.4 * lane.height, room)
    mark_mv = next((mv for mv in MARKS_MV if mv * lane.px_per_mv <= most), MARKS_MV[-1])
    foot = lane.middle / ratio
    top = foot - mark_mv * lane.px_per_mv / ratio
    painter.setPen(QtGui.QPen(_colour(trace, ink), 1.4))
    points = [(10, foot), (16, foot), (16, top), (30, top), (30, foot), (36, foot)]
    painter.drawPolyline(QtGui.QPolygonF([QtCore.QPointF(x, y) for x, y in points]))
    painter.setFont(ink.scaled_font(10))
    painter.setPen(QtGui.QColor(ink.palette.muted))
    painter.drawText(QtCore.QRectF(8, foot + 4, GUTTER_PX, 14), 0, f"{mark_mv:g} mV")
