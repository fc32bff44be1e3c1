"""Paints a strip of the past anywhere: on the screen, into a PNG, into an SVG."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PyQt6 import QtCore, QtGui, QtSvg

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dashboard.drawing.calipers import Calipers
from ecgmon.monitor.dashboard.drawing.geometry import Lanes, Page, Span
from ecgmon.monitor.dashboard.drawing.layout import Plan, ViewOptions, chosen_traces, make_lanes
from ecgmon.monitor.dashboard.drawing.palette import shading_ramp
from ecgmon.monitor.dashboard.drawing.scene import compose
from ecgmon.monitor.dashboard.drawing.strip import Strip
from ecgmon.monitor.dashboard.drawing.trace_painter import LETTER_ROW_PX, Ink, paint_paper, paint_scene
from ecgmon.monitor.dashboard.state.remarks import Remark
from ecgmon.monitor.dashboard.state.timeline import clock

AXIS_PX = 20
PNG_SIZE = (2000, 700)
NOTE = "Not a medical device."


def plan_strip(strip: Strip, width: int, height: int, options: ViewOptions, ratio: float) -> Plan:
    """Return page and lanes that show the whole strip in ``width`` device pixels."""
    samples = strip.stop - strip.start
    seconds = samples / PIPELINE_HZ
    page = Page(width, samples, width / (seconds * options.mm_per_s), options.mm_per_s)
    session = strip.session
    recent = {
        trace: session.history.trace(trace.row, strip.start, strip.stop)
        for trace in chosen_traces(options, len(session.leads))
    }
    return make_lanes(page, height - round(AXIS_PX * ratio), options, recent, LETTER_ROW_PX * ratio)


def paint_strip(
    painter: QtGui.QPainter,
    strip: Strip,
    plan: Plan,
    ink: Ink,
    options: ViewOptions,
    remarks: Mapping[int, Remark],
) -> None:
    """Paint paper, shading, traces, letters, remarks, the chosen beat, calipers and time axis."""
    page, lanes = plan.page, plan.lanes
    height = round(max(lane.bottom for lane in lanes.values()))
    paint_paper(painter, page, lanes, ink, height + round(AXIS_PX * ink.ratio), grid=options.grid)
    ramp = shading_ramp(ink.palette.attribution, options.opacity)
    head = min(strip.stop, strip.session.history.end)
    scale = page.px_per_sample
    if head > strip.start:
        span = Span(strip.start, head, 0.0, (head - strip.start) * scale)
        scene = compose(strip.session, page, lanes, span, ramp, head=head, letters=options.letters)
        _paint_chosen(painter, strip, plan, ink)
        paint_scene(painter, scene, lanes, ink)
    for index, remark in remarks.items():
        if strip.start <= index < strip.stop:
            _paint_remark(painter, remark, (index - strip.start) * scale, lanes, ink)
    _paint_names(painter, strip, plan, ink)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    if strip.calipers is not None:
        paint_calipers(painter, strip.calipers, strip, plan, ink)
    _paint_axis(painter, strip, page, height, ink)


def _paint_chosen(painter: QtGui.QPainter, strip: Strip, plan: Plan, ink: Ink) -> None:
    if strip.chosen is None:
        return
    column = (strip.chosen.index - strip.start) * plan.page.px_per_sample
    bottom = max(lane.bottom for lane in plan.lanes.values())
    half = 13 * ink.ratio
    wash = QtGui.QColor(ink.palette.accent)
    wash.setAlpha(46)
    painter.fillRect(QtCore.QRectF(column - half, 0, 2 * half, bottom), wash)


def _paint_names(painter: QtGui.QPainter, strip: Strip, plan: Plan, ink: Ink) -> None:
    """Name each trace at its foot, on paper colour, so that no line runs through the words."""
    painter.setFont(ink.scaled_font(11, bold=True))
    metrics = painter.fontMetrics()
    for trace, lane in plan.lanes.items():
        text = strip.session.leads[trace.lead] + (" raw" if trace.kind == "raw" else "")
        size = (metrics.horizontalAdvance(text) + 8 * ink.ratio, metrics.height())
        box = QtCore.QRectF(4 * ink.ratio, lane.bottom - size[1] - 4 * ink.ratio, *size)
        painter.fillRect(box, QtGui.QColor(ink.palette.paper))
        painter.setPen(QtGui.QColor(ink.palette.clean if trace.kind == "clean" else ink.palette.raw))
        painter.drawText(box, QtCore.Qt.AlignmentFlag.AlignCenter, text)


def _paint_remark(painter: QtGui.QPainter, remark: Remark, column: float, lanes: Lanes, ink: Ink) -> None:
    top = next(iter(lanes.values())).top + (LETTER_ROW_PX + 12) * ink.ratio
    painter.setFont(ink.scaled_font(11, bold=True))
    painter.setPen(QtGui.QColor(ink.palette.accent))
    box = QtCore.QRectF(column - 20 * ink.ratio, top, 40 * ink.ratio, 14 * ink.ratio)
    painter.drawText(box, QtCore.Qt.AlignmentFlag.AlignCenter, f"→ {remark.symbol}")


def paint_calipers(painter: QtGui.QPainter, calipers: Calipers, strip: Strip, plan: Plan, ink: Ink) -> None:
    """Draw both points of a measure and what lies between them."""
    lane = plan.lanes.get(calipers.trace) or next(iter(plan.lanes.values()))
    scale = plan.page.px_per_sample
    columns = [(time_s * PIPELINE_HZ - strip.start) * scale for time_s in (calipers.start_s, calipers.stop_s)]
    rows = lane.rows(np.array([calipers.start_mv, calipers.stop_mv]))
    bottom = max(each.bottom for each in plan.lanes.values())
    pen = QtGui.QPen(QtGui.QColor(ink.palette.accent), 1.3 * ink.ratio)
    painter.setPen(pen)
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    for column, row in zip(columns, rows, strict=True):
        painter.drawLine(QtCore.QPointF(column, 0), QtCore.QPointF(column, bottom))
        painter.drawEllipse(QtCore.QPointF(column, row), 3 * ink.ratio, 3 * ink.ratio)
    middle = lane.bottom - 24 * ink.ratio
    painter.drawLine(QtCore.QPointF(columns[0], middle), QtCore.QPointF(columns[1], middle))
    painter.setFont(ink.scaled_font(12, bold=True))
    text = calipers.text()
    width = painter.fontMetrics().horizontalAdvance(text) + 14 * ink.ratio
    left = min(max(sum(columns) / 2 - width / 2, 2.0), plan.page.columns - width - 2)
    box = QtCore.QRectF(left, middle - 11 * ink.ratio, width, 22 * ink.ratio)
    painter.setBrush(QtGui.QColor(ink.palette.raised))
    painter.drawRoundedRect(box, 5 * ink.ratio, 5 * ink.ratio)
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    painter.setPen(QtGui.QColor(ink.palette.text))
    painter.drawText(box, QtCore.Qt.AlignmentFlag.AlignCenter, text)


def _paint_axis(painter: QtGui.QPainter, strip: Strip, page: Page, top: float, ink: Ink) -> None:
    painter.setFont(ink.scaled_font(11))
    painter.setPen(QtGui.QColor(ink.palette.muted))
    first = -(-strip.start // (2 * round(PIPELINE_HZ))) * 2
    for second in range(max(first, 0), strip.stop // round(PIPELINE_HZ) + 1, 2):
        column = (second * PIPELINE_HZ - strip.start) * page.px_per_sample
        painter.drawLine(QtCore.QPointF(column, top), QtCore.QPointF(column, top + 4 * ink.ratio))
        if not 20 * ink.ratio <= column <= page.columns - 20 * ink.ratio:
            continue  # the words would be cut
        box = QtCore.QRectF(column - 40 * ink.ratio, top + 3 * ink.ratio, 80 * ink.ratio, 15 * ink.ratio)
        painter.drawText(box, QtCore.Qt.AlignmentFlag.AlignCenter, clock(second).removesuffix(".0"))


def export_picture(
    strip: Strip, path: Path, ink: Ink, options: ViewOptions, remarks: Mapping[int, Remark]
) -> bool:
    """Write a strip as SVG or PNG, by the file's suffix; False if it cannot be written."""
    width, height = PNG_SIZE
    caption = f"{strip.session.device} · {strip.session.lead} · {clock(strip.middle / PIPELINE_HZ)} · {NOTE}"
    device: QtGui.QPaintDevice
    if path.suffix.lower() == ".svg":
        svg = QtSvg.QSvgGenerator()
        svg.setFileName(str(path))
        svg.setSize(QtCore.QSize(width, height))
        svg.setViewBox(QtCore.QRect(0, 0, width, height))
        svg.setTitle(caption)
        device = svg
    else:
        device = QtGui.QImage(width, height, QtGui.QImage.Format.Format_RGB32)
    painter = QtGui.QPainter()
    if not painter.begin(device):
        return False
    foot = 26
    plan = plan_strip(strip, width, height - foot, options, ink.ratio)
    painter.fillRect(0, 0, width, height, QtGui.QColor(ink.palette.paper))
    paint_strip(painter, strip, plan, ink, options, remarks)
    painter.setPen(QtGui.QColor(ink.palette.muted))
    painter.drawText(QtCore.QPointF(8, height - 8), caption)
    painter.end()
    return device.save(str(path)) if isinstance(device, QtGui.QImage) else path.exists()
