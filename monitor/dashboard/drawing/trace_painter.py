"""Paints scenes into a picture; knows colours and pens, and nothing of time or voltage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PyQt6 import QtCore, QtGui

from ecgmon.monitor.dashboard.drawing.geometry import Lane, Lanes, Page, grid_columns, grid_rows, heads
from ecgmon.monitor.dashboard.drawing.palette import Palette
from ecgmon.monitor.dashboard.drawing.scene import Line, Patch, Scene
from ecgmon.monitor.dashboard.state.beats import Letter

LETTER_ROW_PX = 24
ANALYSED = 0


@dataclass(frozen=True, slots=True)
class Ink:
    """How things are drawn: theme and pixels of one logical pixel."""

    palette: Palette
    ratio: float
    font: QtGui.QFont

    def scaled_font(self, size_px: float, *, bold: bool = False) -> QtGui.QFont:
        """Return the font at a size in logical pixels."""
        font = QtGui.QFont(self.font)
        font.setPixelSize(max(1, round(size_px * self.ratio)))
        font.setBold(bold)
        return font


def paint_paper(
    painter: QtGui.QPainter, page: Page, lanes: Lanes, ink: Ink, height: int, *, grid: bool = True
) -> None:
    """Fill the page with paper and its millimetre grid.

    Thin lines are left out where they would stand closer than four pixels.
    """
    palette = ink.palette
    painter.fillRect(0, 0, page.columns, height, QtGui.QColor(palette.paper))
    if not grid:
        return
    thin_x, strong_x = grid_columns(page)
    fine = page.mm_px >= 3.0 * ink.ratio
    for colour, columns, strong in (
        (palette.grid_thin, thin_x, False),
        (palette.grid_strong, strong_x, True),
    ):
        painter.setPen(QtGui.QPen(QtGui.QColor(colour), 1))
        if fine or strong:
            _paint_lines(painter, [QtCore.QLineF(x, 0, x, height) for x in np.floor(columns) + 0.5])
    for lane in lanes.values():
        thin_y, strong_y = grid_rows(lane, page.mm_px)
        for colour, rows, strong in (
            (palette.grid_thin, thin_y, False),
            (palette.grid_strong, strong_y, True),
        ):
            painter.setPen(QtGui.QPen(QtGui.QColor(colour), 1))
            if fine or strong:
                _paint_lines(painter, [QtCore.QLineF(0, y, page.columns, y) for y in np.floor(rows) + 0.5])


def _paint_lines(painter: QtGui.QPainter, lines: Sequence[QtCore.QLineF]) -> None:
    if lines:  # Qt takes no empty list
        painter.drawLines(*lines)


def paint_scene(painter: QtGui.QPainter, scene: Scene, lanes: Lanes, ink: Ink) -> None:
    """Paint shading, hatching, traces and letters; the paper is there already.

    Letters stand above every lead. The shading is that of the analysed lead and lies behind
    no other, as nothing is known of what another lead would have said.
    """
    tops = heads(lanes)
    if ANALYSED in tops:
        paint_shading(painter, scene, tops[ANALYSED])
    for patch in scene.patches:
        paint_patch(painter, patch, lanes, ink)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    for line in scene.lines:
        paint_line(painter, line, ink)
    for lane in tops.values():
        for letter in scene.letters:
            paint_letter(painter, letter, lane, ink)
    for letter in scene.reference:
        paint_reference(painter, letter, next(iter(tops.values())), ink)


def paint_shading(painter: QtGui.QPainter, scene: Scene, lane: Lane) -> None:
    """Draw the attribution as one image row, stretched over the lane."""
    if scene.shading.size == 0:
        return
    image = QtGui.QImage(
        scene.shading.tobytes(),
        scene.shading.size,
        1,
        4 * scene.shading.size,
        QtGui.QImage.Format.Format_ARGB32_Premultiplied,
    )
    target = QtCore.QRectF(scene.left, lane.top, scene.shading.size, lane.height)
    painter.drawImage(target, image)


def paint_patch(painter: QtGui.QPainter, patch: Patch, lanes: Lanes, ink: Ink) -> None:
    """Hatch a gap or a stretch of bad signal over all lanes."""
    top = min(lane.top for lane in lanes.values())
    bottom = max(lane.bottom for lane in lanes.values())
    area = QtCore.QRectF(patch.left, top, patch.right - patch.left, bottom - top)
    colour = QtGui.QColor(ink.palette.hatch)
    style = (
        QtCore.Qt.BrushStyle.DiagCrossPattern if patch.kind == "gap" else QtCore.Qt.BrushStyle.BDiagPattern
    )
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, on=False)
    colour.setAlpha(110)
    painter.fillRect(area, QtGui.QBrush(colour, style))
    painter.setPen(QtGui.QColor(ink.palette.muted))
    painter.setFont(ink.scaled_font(11))
    words = f"{patch.kind}: {patch.text}" if patch.text else patch.kind
    painter.drawText(
        QtCore.QPointF(patch.left + 4 * ink.ratio, bottom - 6 * ink.ratio),
        words if patch.kind == "gap" else patch.text,
    )


def paint_line(painter: QtGui.QPainter, line: Line, ink: Ink) -> None:
    """Draw one trace."""
    if line.x.size < 2:
        return
    bright = line.trace.kind == "clean"
    pen = QtGui.QPen(QtGui.QColor(ink.palette.clean if bright else ink.palette.raw))
    pen.setWidthF((1.5 if bright else 1.1) * ink.ratio)
    pen.setJoinStyle(QtCore.Qt.PenJoinStyle.BevelJoin)
    painter.setPen(pen)
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    painter.drawPath(pg.arrayToQPath(line.x, line.y, connect="finite"))


def paint_letter(painter: QtGui.QPainter, letter: Letter, lane: Lane, ink: Ink) -> None:
    """Write a class letter above its R wave; one that is not normal stands on a coloured tag."""
    ratio = ink.ratio
    colour = QtGui.QColor(ink.palette.beat(letter.symbol))
    middle = lane.top + LETTER_ROW_PX / 2 * ratio + 2 * ratio
    half = (10 if letter.strong else 8) * ratio
    box = QtCore.QRectF(letter.column - half, middle - 9.5 * ratio, 2 * half, 19 * ratio)
    painter.setFont(ink.scaled_font(13 if letter.strong else 12, bold=letter.strong))
    if letter.strong:
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(box, 4 * ratio, 4 * ratio)
        stem = QtGui.QColor(colour)
        stem.setAlpha(120)
        painter.setPen(QtGui.QPen(stem, ratio))
        painter.drawLine(
            QtCore.QPointF(letter.column, box.bottom()),
            QtCore.QPointF(letter.column, box.bottom() + 8 * ratio),
        )
        painter.setPen(QtGui.QColor(ink.palette.paper))
    else:
        painter.setPen(colour)
    painter.drawText(box, QtCore.Qt.AlignmentFlag.AlignCenter, letter.symbol)


def paint_reference(painter: QtGui.QPainter, letter: Letter, lane: Lane, ink: Ink) -> None:
    """Write the reference's letter at the lane's foot, ringed where ours differs."""
    ratio = ink.ratio
    middle = lane.bottom - 13 * ratio
    box = QtCore.QRectF(letter.column - 9 * ratio, middle - 9 * ratio, 18 * ratio, 18 * ratio)
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    painter.setFont(ink.scaled_font(11, bold=letter.strong))
    if letter.strong:
        painter.setPen(QtGui.QPen(QtGui.QColor(ink.palette.text), 1.4 * ratio))
        painter.drawEllipse(box)
    painter.setPen(QtGui.QColor(ink.palette.text if letter.strong else ink.palette.faint))
    painter.drawText(box, QtCore.Qt.AlignmentFlag.AlignCenter, letter.symbol)
