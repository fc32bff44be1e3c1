"""The moving trace: repaints only the columns that changed, in a picture one page long."""

from __future__ import annotations

from dataclasses import replace

from PyQt6 import QtCore, QtGui, QtWidgets

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dashboard.drawing.geometry import Page, Span
from ecgmon.monitor.dashboard.drawing.gutter import GUTTER_PX, paint_gutter
from ecgmon.monitor.dashboard.drawing.layout import (
    SWEEP_GAP_S,
    Plan,
    ViewOptions,
    chosen_traces,
    make_lanes,
    make_page,
    must_refit,
    scale_text,
)
from ecgmon.monitor.dashboard.drawing.palette import DARK, Palette, shading_ramp
from ecgmon.monitor.dashboard.drawing.scene import REFERENCE_DELAY, compose
from ecgmon.monitor.dashboard.drawing.sweep import Freshness, Playhead
from ecgmon.monitor.dashboard.drawing.trace_painter import LETTER_ROW_PX, Ink, paint_paper, paint_scene
from ecgmon.monitor.dashboard.state.session import StreamSession

LETTER_PX = 12
LETTER_SAMPLES = 40
"""Samples on each side of an R wave that its letter may cover."""

REFIT_S = 2.0
MOVING = 60
"""Samples: a stretch no longer than this is the playhead's own progress."""
WIDEN_PX = 14
"""Letters and joints reach this far beyond a change."""


class TraceView(QtWidgets.QWidget):
    """Shows a session's traces as a sweep or as scrolling paper.

    The picture is a ring: sample ``i`` always lands on the same column, so a frame paints
    the few new columns and copies the rest. Call `frame` from a timer.
    """

    beat_picked = QtCore.pyqtSignal(int)

    def __init__(self, parent: QtWidgets.QWidget | None = None, *, compact: bool = False) -> None:
        super().__init__(parent)
        self.options = ViewOptions()
        self.palette_data: Palette = DARK
        self.frozen = False
        self.speed = 1.0
        self._compact = compact
        self._session: StreamSession | None = None
        self._plan: Plan | None = None
        self._image = QtGui.QImage()
        self._paper = QtGui.QImage()
        self._playhead = Playhead()
        self._fresh = Freshness()
        self._seen = 0
        self._generation = -1
        self._next_fit_s = 0.0
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(*((60, 20) if compact else (120, 60)))
        self.setAccessibleName("ECG trace")

    @property
    def gutter(self) -> int:
        """Logical pixels left of the page."""
        return 0 if self._compact else GUTTER_PX

    @property
    def head(self) -> int:
        """Pipeline index just behind the last sample shown."""
        return self._playhead.position

    def set_session(self, session: StreamSession | None) -> None:
        """Show another stream."""
        self._session = session
        self._seen = 0
        self._generation = -1
        self.rebuild()

    def set_options(self, **changes: object) -> None:
        """Change some of the options and repaint."""
        self.options = replace(self.options, **changes)  # type: ignore[arg-type]
        self.rebuild()

    def set_theme(self, palette: Palette) -> None:
        """Use another theme."""
        self.palette_data = palette
        self.rebuild()

    def set_frozen(self, frozen: bool) -> None:
        """Hold the picture, or go on with what is true now."""
        self.frozen = frozen
        if not frozen:
            self.rebuild()

    def rebuild(self) -> None:
        """Drop the picture; the next frame paints all of it."""
        self._plan = None
        self.update()

    def frame(self, now_s: float) -> None:
        """Bring the picture up to now; ``now_s`` is in monotonic seconds."""
        if self._session is None or not self.isVisible():
            return
        session = self._session
        if self.frozen and self._plan is not None:
            return
        if now_s >= self._next_fit_s:
            self._next_fit_s = now_s + REFIT_S
            self._refit(session)
        void = self._plan is None or self._generation != session.generation
        old = self._playhead.position
        if void and not self.frozen:
            self._playhead.jump(session.history.end)
        head = old if self.frozen else self._playhead.advance(session.history.end, now_s, self.speed)
        self._seen, changes = session.changes_since(self._seen)
        if void:
            self._start_picture(session)
            self._fresh = Freshness()
            self._fresh.spoil(head - self._page.samples, head)
        else:
            self._fresh.spoil(old, head)
            if session.show_reference:
                due = REFERENCE_DELAY - LETTER_SAMPLES
                self._fresh.spoil(old - due - 2 * LETTER_SAMPLES, head - due)
            for start, stop in changes:
                self._fresh.spoil(start, stop)
        self._paint_stale(session, head, whole=void)

    def paintEvent(self, event: QtGui.QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Copy the picture to the screen."""
        painter = QtGui.QPainter(self)
        if self._plan is None or self._session is None:
            painter.fillRect(self.rect(), QtGui.QColor(self.palette_data.paper))
            return
        area = event.region().boundingRect() if event is not None else self.rect()
        if area.left() < self.gutter:
            ink = Ink(self.palette_data, 1.0, self.font())
            leads = self._session.leads
            paint_gutter(painter, self._plan, leads, ink, self.height(), self.devicePixelRatioF())
        ratio = self.devicePixelRatioF()
        width = self._page.columns
        height = self._image.height()
        if self.options.mode == "scroll":
            seam = int(self._page.column(self._playhead.position))
            self._blit(painter, seam, 0, width - seam, height, 0)
            self._blit(painter, 0, 0, seam, height, width - seam)
        else:
            first = max(0, int((area.left() - self.gutter) * ratio) - 1)
            last = min(width, int((area.right() + 1 - self.gutter) * ratio) + 1)
            self._blit(painter, first, 0, last - first, height, first)
        if width < (self.width() - self.gutter) * ratio:
            left = self.gutter + int(width / ratio)
            painter.fillRect(
                left, 0, self.width() - left, self.height(), QtGui.QColor(self.palette_data.paper)
            )

    def mousePressEvent(self, event: QtGui.QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Pick the beat nearest to a click."""
        if event is None or self._session is None or self._plan is None:
            return
        index = self.index_at(event.position().x())
        near = self._session.beats.nearest(index, int(0.4 * PIPELINE_HZ))
        self.beat_picked.emit(near.index if near is not None else index)

    def index_at(self, x: float) -> int:
        """Return the pipeline index shown at a logical column."""
        page, head = self._page, self._playhead.position
        column = (x - self.gutter) * self.devicePixelRatioF()
        if self.options.mode == "scroll":
            return head - round((page.columns - column) / page.px_per_sample)
        index = head - head % page.samples + round(column / page.px_per_sample)
        return index if index < head else index - page.samples

    def x_of(self, index: int) -> float:
        """Return the logical column at which an index is shown."""
        page, head = self._page, self._playhead.position
        if self.options.mode == "scroll":
            column = page.columns - (head - index) * page.px_per_sample
        else:
            column = page.column(index)
        return self.gutter + column / self.devicePixelRatioF()

    @property
    def plan(self) -> Plan | None:
        """Page and lanes in use."""
        return self._plan

    @property
    def _page(self) -> Page:
        assert self._plan is not None
        return self._plan.page

    @property
    def _ink(self) -> Ink:
        return Ink(self.palette_data, self.devicePixelRatioF(), self.font())

    def _make_plan(self, session: StreamSession) -> Plan:
        ratio = self.devicePixelRatioF()
        mm_px = self.physicalDpiX() / 25.4 * ratio
        page = make_page(round((self.width() - self.gutter) * ratio), mm_px, self.options)
        end = session.history.end
        recent = {
            trace: session.history.trace(trace.row, end - page.samples, end)
            for trace in chosen_traces(self.options, len(session.leads))
        }
        return make_lanes(page, round(self.height() * ratio), self.options, recent, LETTER_ROW_PX * ratio)

    def _refit(self, session: StreamSession) -> None:
        if self._plan is not None and must_refit(self._plan, self._make_plan(session)):
            self._plan = None

    def _start_picture(self, session: StreamSession) -> None:
        plan = self._make_plan(session)
        self._plan, self._generation = plan, session.generation
        size = QtCore.QSize(plan.page.columns, round(self.height() * self.devicePixelRatioF()))
        self._paper = QtGui.QImage(size, QtGui.QImage.Format.Format_RGB32)
        painter = QtGui.QPainter(self._paper)
        paint_paper(painter, plan.page, plan.lanes, self._ink, size.height(), grid=self.options.grid)
        painter.end()
        self._image = self._paper.copy()

    def _paint_stale(self, session: StreamSession, head: int, *, whole: bool) -> None:
        page = self._page
        gap = round(SWEEP_GAP_S * PIPELINE_HZ) if self.options.mode == "sweep" else 0
        stale = self._fresh.take(page, head)
        keep = head - page.samples + gap
        painter = QtGui.QPainter(self._image)
        for start, stop in stale:
            for span in page.spans(max(start, keep), stop):
                self._paint_span(painter, session, span, head)
        painter.end()
        if gap and stale:
            self._clear_ahead(head, gap)
        if whole or (stale and self.options.mode == "scroll"):
            self.update()

    def _paint_span(self, painter: QtGui.QPainter, session: StreamSession, span: Span, head: int) -> None:
        ramp = shading_ramp(self.palette_data.attribution, self.options.opacity)
        scene = compose(
            session,
            self._page,
            self._plan.lanes if self._plan else {},
            span,
            ramp,
            head=head,
            letters=self.options.letters,
            letter_px=LETTER_PX * self.devicePixelRatioF(),
            inside=self.options.mode == "sweep",
            widen=round(WIDEN_PX * self.devicePixelRatioF()) if span.stop - span.start > MOVING else 2,
        )
        area = QtCore.QRect(scene.left, 0, scene.right - scene.left, self._image.height())
        painter.setClipRect(area)
        painter.drawImage(area.topLeft(), self._paper, area)
        assert self._plan is not None
        paint_scene(painter, scene, self._plan.lanes, self._ink)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, on=False)
        if self.options.mode == "sweep":
            self._refresh(area.left(), area.right() + 1)

    def _clear_ahead(self, head: int, gap: int) -> None:
        """Keep the sweep's blank stretch blank, with a cursor at its left."""
        painter = QtGui.QPainter(self._image)
        height = self._image.height()
        for number, span in enumerate(self._page.spans(head, head + gap)):
            left = int(span.left) + (1 if number == 0 else 0)
            width = min(int(span.right) + 1, self._page.columns) - left
            if width <= 0:  # Qt takes an empty source for the whole picture
                continue
            painter.drawImage(QtCore.QPoint(left, 0), self._paper, QtCore.QRect(left, 0, width, height))
            self._refresh(left, left + width)
            if number == 0:
                cursor = QtCore.QRect(left + 1, 0, max(1, round(self.devicePixelRatioF())), height)
                painter.fillRect(cursor, QtGui.QColor(self.palette_data.faint))
        painter.end()

    def _refresh(self, first: int, last: int) -> None:
        ratio = self.devicePixelRatioF()
        left = self.gutter + int(first / ratio) - 1
        self.update(left, 0, int((last - first) / ratio) + 3, self.height())

    def _blit(self, painter: QtGui.QPainter, x: int, y: int, width: int, height: int, to: int) -> None:
        ratio = self.devicePixelRatioF()
        painter.drawImage(
            QtCore.QRectF(self.gutter + to / ratio, y, width / ratio, height / ratio),
            self._image,
            QtCore.QRectF(x, y, width, height),
        )

    def scale_text(self) -> str:
        """Return paper speed and gain in words, empty before the first frame."""
        if self._plan is None:
            return ""
        return scale_text(self._plan.page, list(self._plan.gain.values()))

    def resizeEvent(self, event: QtGui.QResizeEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Lay out anew."""
        self.rebuild()

    def showEvent(self, event: QtGui.QShowEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Show now, not what was missed."""
        self.rebuild()
