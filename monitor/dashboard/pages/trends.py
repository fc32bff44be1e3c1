"""Trends: heart rate, classes and quality over time, tachogram and Poincare plot."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PyQt6 import QtCore

from ecgmon.monitor.dashboard.drawing.palette import DARK, Palette
from ecgmon.monitor.dashboard.pages.base import Page
from ecgmon.monitor.dashboard.state.session import StreamSession
from ecgmon.monitor.dashboard.state.timeline import clock
from ecgmon.monitor.dashboard.state.trends import BIN_S
from ecgmon.monitor.dashboard.widgets.basics import button, card, choice, column, label, row, set_text

SPANS = (("Everything", 0.0), ("Last 10 min", 600.0), ("Last hour", 3600.0), ("Last day", 86400.0))
CLASSES_TITLE = "Beats by class"
CLASS_COLOURS = {"N": "N", "S": "A", "V": "V", "F": "F", "Q": "Q"}


class ClockAxis(pg.AxisItem):  # type: ignore[misc] # pyqtgraph tells no types
    """Stream time as m:ss or h:mm:ss."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: N802, ARG002
        """Write the ticks."""
        return [clock(value).removesuffix(".0") if value >= 0 else "" for value in values]


class TrendsPage(Page):
    """Plots over minutes to days; a click opens that moment in the review."""

    title = "Trends"

    def build(self) -> None:
        """Make the plots."""
        self._session: StreamSession | None = None
        self._version = -1
        self.span = choice("Time shown", SPANS, 0.0)
        self.reading = label("Move over a plot to read it; click to review that moment.", "muted")
        self.reset = button("Show all", "Show everything", self._reset)
        self.rate = self._plot("Heart rate", "/min")
        self.classes = self._plot(CLASSES_TITLE, "/min")
        self.quality = self._plot("Signal quality", "%")
        self.tachogram = self._plot("RR intervals", "s")
        for plot in (self.classes, self.quality, self.tachogram):
            plot.setXLink(self.rate)
        self.poincare = pg.PlotWidget()
        self.poincare.setAccessibleName("Poincare plot of RR intervals")
        self.poincare.setTitle("Poincaré: RR over the RR before, s")
        self.poincare.getPlotItem().getAxis("left").setWidth(46)
        self.poincare.setMenuEnabled(False)
        self.poincare.hideButtons()
        self.poincare.setAspectLocked(True)
        self._curves: dict[str, pg.PlotDataItem] = {}
        self._arrange()
        self.set_theme(DARK)
        self._following = True
        self.span.currentIndexChanged.connect(lambda _: self._show_all())
        for plot in (self.rate, self.classes, self.quality, self.tachogram):
            plot.getPlotItem().vb.sigRangeChangedManually.connect(self._zoomed)

    def set_session(self, session: StreamSession | None) -> None:
        """Show another stream."""
        self._session = session
        self._version = -1

    def set_theme(self, palette: Palette) -> None:
        """Use another theme."""
        self.palette_data = palette
        for plot in (self.rate, self.classes, self.quality, self.tachogram, self.poincare):
            plot.setBackground(palette.panel)
            item = plot.getPlotItem()
            for side in ("left", "bottom"):
                axis = item.getAxis(side)
                axis.setPen(palette.border)
                axis.setTextPen(palette.muted)
            item.setTitle(item.titleLabel.text, color=palette.muted, size="10pt")
            plot.showGrid(x=True, y=True, alpha=0.12)
        self._make_curves()
        self._version = -1

    def refresh(self, now_s: float) -> None:  # noqa: ARG002 - all pages are called alike
        """Draw what is new."""
        if self._session is None or self._session.trends.version == self._version:
            return
        trends = self._session.trends
        self._version = trends.version
        times = trends.times_s()
        self._curves["rate"].setData(times, trends.rate_bpm(), connect="finite")
        self._curves["quality"].setData(times, 100 * trends.quality(), connect="finite")
        for name in CLASS_COLOURS:
            self._curves[name].setData(times, trends.per_minute(name), connect="finite")
        self._curves["rr"].setData(*trends.intervals())
        self._curves["poincare"].setData(*trends.poincare())
        self._follow()

    def _plot(self, title: str, unit: str) -> pg.PlotWidget:
        plot = pg.PlotWidget(axisItems={"bottom": ClockAxis("bottom")})
        plot.setTitle(f"{title}, {unit}")
        plot.setAccessibleName(title)
        plot.setMouseEnabled(x=True, y=False)
        plot.getPlotItem().getAxis("left").setWidth(46)
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.scene().sigMouseMoved.connect(lambda at, p=plot: self._hover(p, at))
        plot.scene().sigMouseClicked.connect(lambda click, p=plot: self._click(p, click))
        return plot

    def _arrange(self) -> None:
        left = column(spacing=8, margins=(10, 8, 10, 8))
        for plot in (self.rate, self.classes, self.quality):
            left.addWidget(plot, 1)
        right = column(spacing=8, margins=(10, 8, 10, 8))
        right.addWidget(self.tachogram, 2)
        right.addWidget(self.poincare, 3)
        cards = []
        for inside in (left, right):
            frame = card()
            frame.setLayout(inside)
            cards.append(frame)
        both = row(spacing=12)
        both.addWidget(cards[0], 3)
        both.addWidget(cards[1], 2)
        whole = column(spacing=10, margins=(12, 8, 12, 8))
        whole.addLayout(row(self.span, self.reset, self.reading, 1))
        whole.addLayout(both, 1)
        self.setLayout(whole)

    def _make_curves(self) -> None:
        palette = self.palette_data
        for plot in (self.rate, self.classes, self.quality, self.tachogram, self.poincare):
            plot.clear()
        dots = {"pen": None, "symbol": "o", "symbolSize": 4, "symbolPen": None}
        names = "".join(
            f" &nbsp; <b style='color: {palette.beat(symbol)}'>{name}</b>"
            for name, symbol in CLASS_COLOURS.items()
        )
        self.classes.setTitle(f"{CLASSES_TITLE}, /min{names}", color=palette.muted, size="10pt")
        self._curves = {
            "rate": self.rate.plot(antialias=True, pen=pg.mkPen(palette.clean, width=1.5)),
            "quality": self.quality.plot(antialias=True, pen=pg.mkPen(palette.accent, width=1.5)),
            "rr": self.tachogram.plot(symbolBrush=palette.clean, **dots),
            "poincare": self.poincare.plot(symbolBrush=palette.clean + "90", **dots),
        }
        for name, symbol in CLASS_COLOURS.items():
            pen = pg.mkPen(palette.beat(symbol), width=1.5)
            self._curves[name] = self.classes.plot(antialias=True, pen=pen)
        self.quality.setYRange(0, 105)

    def _follow(self) -> None:
        """Keep the newest in sight, unless somebody zoomed in."""
        length = float(self.span.currentData())
        if self._session is None or not self._following:
            return
        times = self._session.trends.times_s()
        if times.size:
            last = float(times[-1]) + BIN_S / 2
            first = last - length if length else float(times[0]) - BIN_S / 2
            self.rate.setXRange(max(first, 0.0), last, padding=0.01)

    def _reset(self) -> None:
        self.span.setCurrentIndex(0)
        self._show_all()

    def _show_all(self) -> None:
        self._following = True
        self._follow()

    def _zoomed(self) -> None:
        self._following = False

    def _time_at(self, plot: pg.PlotWidget, at: QtCore.QPointF) -> float | None:
        item = plot.getPlotItem()
        if not item.sceneBoundingRect().contains(at):
            return None
        return float(item.vb.mapSceneToView(at).x())

    def _hover(self, plot: pg.PlotWidget, at: QtCore.QPointF) -> None:
        time_s = self._time_at(plot, at)
        if time_s is None or self._session is None:
            return
        words = self._session.trends.words_at(time_s)
        set_text(self.reading, f"{clock(time_s)}  ·  {words}" if words else clock(max(time_s, 0.0)))

    def _click(self, plot: pg.PlotWidget, click: object) -> None:
        time_s = self._time_at(plot, click.scenePos())  # type: ignore[attr-defined]
        if time_s is not None and np.isfinite(time_s) and time_s >= 0:
            self.review_asked.emit(time_s)
