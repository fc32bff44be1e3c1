"""The page one looks at: trace, figures, and what happened last."""

from __future__ import annotations

from PyQt6 import QtCore, QtGui, QtWidgets

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dashboard.drawing.layout import chosen_leads
from ecgmon.monitor.dashboard.drawing.palette import DARK, Palette
from ecgmon.monitor.dashboard.pages.base import Page
from ecgmon.monitor.dashboard.state.session import StreamSession
from ecgmon.monitor.dashboard.state.timeline import TimelineRow
from ecgmon.monitor.dashboard.widgets.basics import (
    Shortening,
    button,
    card,
    choice,
    column,
    label,
    row,
    scrolling,
    set_text,
)
from ecgmon.monitor.dashboard.widgets.beat_pane import BeatPane
from ecgmon.monitor.dashboard.widgets.event_table import EventTable
from ecgmon.monitor.dashboard.widgets.lead_chooser import LeadChooser
from ecgmon.monitor.dashboard.widgets.numbers_panel import NumbersPanel
from ecgmon.monitor.dashboard.widgets.trace_view import TraceView

SECONDS = (("5 s", 5.0), ("10 s", 10.0), ("20 s", 20.0), ("30 s", 30.0), ("True size", 0.0))
GAINS = (("Fit", 0.0), ("2.5 mm/mV", 2.5), ("5 mm/mV", 5.0), ("10 mm/mV", 10.0), ("20 mm/mV", 20.0))
TRACES = (("Clean", "clean"), ("Clean + raw", "both"), ("Raw", "raw"))
SIDE_EM = 20.4
LIST_EM = 12.6
"""Width of the figures and height of the list, in sizes of text."""

MODES = (("Sweep", "sweep"), ("Scroll", "scroll"))


class Legend(QtWidgets.QWidget):
    """The ramp of the attribution with a word on each end."""

    def __init__(self) -> None:
        super().__init__()
        self.palette_data: Palette = DARK
        self.setFixedSize(72, 12)
        self.setToolTip("How much each moment spoke for the class (Grad-CAM): left little, right most")
        self.setAccessibleName("Grad-CAM legend, from low to high")

    def paintEvent(self, event: QtGui.QPaintEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Draw the ramp."""
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        ramp = QtGui.QLinearGradient(0, 0, self.width(), 0)
        ramp.setColorAt(0, QtGui.QColor(self.palette_data.paper))
        ramp.setColorAt(1, QtGui.QColor(self.palette_data.attribution))
        painter.setBrush(ramp)
        painter.setPen(QtGui.QColor(self.palette_data.border))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 4, 4)


class TraceTools(QtWidgets.QWidget):
    """The row of choices above the trace."""

    def __init__(self, trace: TraceView) -> None:
        super().__init__()
        self.trace = trace
        options = trace.options
        self.pause = button("Pause", "Pause the picture", check=True, tip="Hold the picture (Space)")
        self.mode = choice("Sweep or scroll", MODES, options.mode)
        self.seconds = choice("Length of the page", SECONDS, options.seconds)
        self.gain = choice("Gain", GAINS, options.mm_per_mv)
        self.traces = choice("Traces", TRACES, options.traces)
        self.leads = LeadChooser()
        self.opacity = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setFixedWidth(90)
        self.opacity.setAccessibleName("Opacity of the Grad-CAM shading")
        self.opacity.setToolTip("Opacity of the Grad-CAM shading")
        self.reason = label("Reason", "faint")
        self.legend = Legend()
        self.scale = Shortening()
        self.scale.setObjectName("faint")
        self.scale.setAlignment(QtCore.Qt.AlignmentFlag.AlignRight)
        self.scale.setSizePolicy(
            QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Preferred
        )
        self.setLayout(
            row(
                self.pause,
                self.mode,
                self.seconds,
                self.gain,
                self.leads,
                self.traces,
                self.scale,
                self.reason,
                self.legend,
                self.opacity,
            )
        )
        self.show_options()
        self.mode.currentIndexChanged.connect(lambda _: trace.set_options(mode=self.mode.currentData()))
        self.seconds.currentIndexChanged.connect(
            lambda _: trace.set_options(seconds=self.seconds.currentData())
        )
        self.gain.currentIndexChanged.connect(lambda _: trace.set_options(mm_per_mv=self.gain.currentData()))
        self.traces.currentIndexChanged.connect(lambda _: trace.set_options(traces=self.traces.currentData()))
        self.opacity.valueChanged.connect(lambda value: trace.set_options(opacity=value / 100))
        self.pause.toggled.connect(self._pause)

    def show_options(self) -> None:
        """Let the controls show the trace's options."""
        options = self.trace.options
        for box, value in (
            (self.mode, options.mode),
            (self.seconds, options.seconds),
            (self.gain, options.mm_per_mv),
            (self.traces, options.traces),
        ):
            box.blockSignals(True)
            box.setCurrentIndex(max(0, box.findData(value)))
            box.blockSignals(False)
        self.opacity.blockSignals(True)
        self.opacity.setValue(round(options.opacity * 100))
        self.opacity.blockSignals(False)

    def set_compact(self, on: bool) -> None:
        """Leave out what explains the shading, or show it again."""
        for part in (self.reason, self.legend, self.opacity):
            part.setVisible(not on)

    def toggle_mode(self) -> None:
        """Change between sweep and scroll."""
        self.mode.setCurrentIndex(1 - self.mode.currentIndex())

    def _pause(self, held: bool) -> None:
        self.pause.setText("Resume" if held else "Pause")
        self.trace.set_frozen(held)


class LivePage(Page):
    """Trace, figures, and the list of events of one stream."""

    title = "Live"

    def build(self) -> None:
        """Make trace, tools, figures and list."""
        self.trace = TraceView()
        self.tools = TraceTools(self.trace)
        self.numbers = NumbersPanel()
        self.beat = BeatPane()
        self.events = EventTable(name_em=21.5)
        self._session: StreamSession | None = None
        paper = card()
        paper.setLayout(column(self.trace, margins=(1, 4, 1, 4)))
        self.listing = card()
        self.listing.setFixedHeight(176)
        self.listing.setLayout(column(self.events, margins=(8, 6, 8, 8), spacing=2))
        inside = QtWidgets.QWidget()
        inside.setLayout(column(self.numbers, self.beat, spacing=10))
        self.side = scrolling(inside)
        self.grid = QtWidgets.QGridLayout()
        self.grid.setContentsMargins(12, 8, 12, 8)
        self.grid.setHorizontalSpacing(12)
        self.grid.setVerticalSpacing(10)
        self.grid.addWidget(paper, 1, 0)
        self.grid.addWidget(self.listing, 2, 0)
        self.grid.setColumnStretch(0, 1)
        self.grid.setRowStretch(1, 1)
        self._wall = self._compact = False
        self._arrange()
        self.set_text_size(14)
        self.trace.beat_picked.connect(self._pick)
        self.beat.open_review.connect(lambda index: self.review_asked.emit(index / PIPELINE_HZ))
        self.tools.leads.chosen.connect(self.leads_chosen)
        self.events.picked.connect(self._pick_row)
        self.setLayout(self.grid)

    def set_session(self, session: StreamSession | None) -> None:
        """Show another stream."""
        self._session = session
        self.trace.set_session(session)
        self.show_leads()
        self.beat.set_session(session)

    def show_leads(self) -> None:
        """Offer the leads of the stream shown, ticked as chosen."""
        names = self._session.leads if self._session is not None else ()
        self.tools.leads.show_leads(names, chosen_leads(self.trace.options, len(names)))

    def set_leads(self, leads: tuple[int, ...]) -> None:
        """Show some leads; none for the usual ones."""
        self.trace.set_options(leads=leads)
        self.show_leads()

    def set_speed(self, speed: float) -> None:
        """Let the trace move as fast as the signal comes."""
        self.trace.speed = speed

    def set_wall(self, on: bool) -> None:
        """Leave the trace and the figures alone on the screen, or show all."""
        self._wall = on
        self._arrange()

    def set_compact(self, on: bool) -> None:
        """Leave list and beat to the review and give trace and figures the room, or show all."""
        self._compact = on
        self._arrange()

    def set_text_size(self, base_px: int) -> None:
        """Give the figures the room that a size of text needs."""
        self.side.setFixedWidth(round(SIDE_EM * base_px))
        self.listing.setFixedHeight(round(LIST_EM * base_px))
        self.events.set_text_size(base_px)
        self.beat.set_text_size(base_px)

    def set_theme(self, palette: Palette) -> None:
        """Use another theme."""
        self.trace.set_theme(palette)
        self.tools.legend.palette_data = palette
        self.beat.plot.palette_data = palette
        self.events.events.palette_data = palette

    def frame(self, now_s: float) -> None:
        """Paint what moves."""
        self.trace.frame(now_s)

    def refresh(self, now_s: float) -> None:  # noqa: ARG002 - all pages are called alike
        """Show what changes slowly."""
        self.numbers.refresh(self._session)
        self.beat.refresh()
        self.events.events.refresh(self._session.timeline if self._session is not None else None)
        set_text(self.tools.scale, self.trace.scale_text())

    def _arrange(self) -> None:
        """Show the parts there is room for; the choices of a small screen reach across the figures."""
        self.tools.setVisible(not self._wall)
        self.tools.set_compact(self._compact)
        for part in (self.listing, self.beat):
            part.setVisible(not (self._wall or self._compact))
        first = 1 if self._compact else 0
        self.grid.addWidget(self.tools, 0, 0, 1, 1 + first)
        self.grid.addWidget(self.side, first, 1, 3 - first, 1)

    def _pick(self, index: int) -> None:
        if self._session is not None:
            self.beat.pick(self._session.beats.nearest(index, 72))

    def _pick_row(self, event: TimelineRow) -> None:
        if event.kind == "beat":
            self._pick(round(event.time_s * PIPELINE_HZ))
        else:
            self.review_asked.emit(event.time_s)
