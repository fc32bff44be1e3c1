"""Look back: pick an event, see the strip, measure, step, correct, export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PyQt6 import QtWidgets

from ecgmon.monitor.core.ecg_codes import BEAT_NAMES
from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.names import path_name
from ecgmon.monitor.dashboard.drawing.export import write_csv, write_wfdb
from ecgmon.monitor.dashboard.drawing.layout import chosen_leads
from ecgmon.monitor.dashboard.drawing.palette import Palette
from ecgmon.monitor.dashboard.drawing.strip import Strip
from ecgmon.monitor.dashboard.drawing.strip_painter import export_picture
from ecgmon.monitor.dashboard.pages.base import Page, PageKey
from ecgmon.monitor.dashboard.state.session import StreamSession
from ecgmon.monitor.dashboard.state.timeline import TimelineRow
from ecgmon.monitor.dashboard.widgets.basics import Shortening, button, card, choice, column, row, set_text
from ecgmon.monitor.dashboard.widgets.event_table import EventTable
from ecgmon.monitor.dashboard.widgets.lead_chooser import LeadChooser
from ecgmon.monitor.dashboard.widgets.reason_panel import ReasonPanel
from ecgmon.monitor.dashboard.widgets.strip_view import StripView

FILTERS = (
    ("All events", ""),
    ("Beats", "beat"),
    ("Alarms", "alarm"),
    ("Rhythms", "rhythm"),
    ("Signal and gaps", "signal gap"),
    ("Link", "link"),
)
EXPORTS = (
    ("Export …", ""),
    ("Picture (PNG)", ".png"),
    ("Picture (SVG)", ".svg"),
    ("Table (CSV)", ".csv"),
    ("WFDB record", ".hea"),
)
LIST_EM, REASON_EM = 26.8, 14.0
SMALL_LIST_EM, SMALL_REASON_EM = 21.0, 10.9
"""Width of the list and height of the reason, in sizes of text; those of a small screen."""

SYMBOLS = ("N", "L", "R", "A", "V", "F", "Q")


class ReviewPage(Page):
    """The past of one stream."""

    title = "Review"

    def build(self) -> None:
        """Make list, strip, reason and choices."""
        self.author = self.context.author
        self.remarks = self.context.remarks
        self.events = EventTable(detail_em=4.5)
        self.kind = choice("Kind of event", FILTERS, "")
        self.search = QtWidgets.QLineEdit()
        self.search.setPlaceholderText("Filter")
        self.search.setAccessibleName("Filter events by text")
        self.view = StripView()
        self.reason = ReasonPanel()
        self.reason.settings = self.context.feed.settings.pipeline.classifier
        self.previous = button(
            "◀", "Previous beat", lambda: self.step(forward=False), tip="Previous beat (,)"
        )
        self.next = button("▶", "Next beat", lambda: self.step(forward=True), tip="Next beat (.)")
        self.previous_event = button(
            "◀ event", "Previous notable beat", lambda: self.step_notable(forward=False), tip="Shift+,"
        )
        self.next_event = button(
            "event ▶", "Next notable beat", lambda: self.step_notable(forward=True), tip="Shift+."
        )
        classes = [("Reclassify …", ""), *((f"{s}  {BEAT_NAMES[s]}", s) for s in SYMBOLS)]
        self.reclassify = choice("Reclassify the beat", classes, "")
        self.leads = LeadChooser()
        self.export = choice("Export the strip", EXPORTS, "")
        self.hint = Shortening("Click a beat; drag to measure.")
        self.hint.setObjectName("faint")
        self._session: StreamSession | None = None
        self._arrange()
        self.hint.setSizePolicy(
            QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Preferred
        )
        self.kind.currentIndexChanged.connect(lambda _: self.refresh(0.0))
        self.search.textChanged.connect(lambda _: self.refresh(0.0))
        self.events.picked.connect(self._pick)
        self.view.chosen.connect(self._show_chosen)
        self.reclassify.activated.connect(self._reclassify)
        self.export.activated.connect(self._export)
        self.leads.chosen.connect(self.leads_chosen)

    def keys(self) -> Sequence[PageKey]:
        """Step from beat to beat."""
        return (
            PageKey(",", "Previous beat, in review", lambda: self.step(forward=False)),
            PageKey(".", "Next beat, in review", lambda: self.step(forward=True)),
            PageKey("Shift+,", "Previous notable beat, in review", lambda: self.step_notable(forward=False)),
            PageKey("Shift+.", "Next notable beat, in review", lambda: self.step_notable(forward=True)),
        )

    def on_close(self) -> None:
        """End an estimate that is being made."""
        self.reason.cancel()

    @property
    def strip(self) -> Strip | None:
        """What is under review."""
        return self.view.strip

    def set_session(self, session: StreamSession | None) -> None:
        """Review another stream."""
        self._session = session
        self.view.strip = None
        self.view.remarks = dict(self.remarks.of(session.device)) if session is not None else {}
        self.reason.show_beat(None, None)
        self.set_leads(self.view.options.leads)

    def set_leads(self, leads: tuple[int, ...]) -> None:
        """Show some leads; none for the usual ones."""
        self.view.options = replace(self.view.options, leads=leads)
        names = self._session.leads if self._session is not None else ()
        self.leads.show_leads(names, chosen_leads(self.view.options, len(names)))
        self.view.update()

    def set_text_size(self, base_px: int) -> None:
        """Give list and reason the room that a size of text needs."""
        width_em, height_em = (SMALL_LIST_EM, SMALL_REASON_EM) if self._compact else (LIST_EM, REASON_EM)
        self.listing.setFixedWidth(round(width_em * base_px))
        self.reason.setFixedHeight(round(height_em * base_px))
        self.events.set_text_size(base_px)

    def set_compact(self, on: bool) -> None:
        """Let the choices reach across the list and leave out the picture of the beat, or show all."""
        self._compact = on
        self.reason.set_compact(on)
        self.events.setColumnHidden(self.events.events.columnCount() - 1, on)
        first = 1 if on else 0
        self._grid.addWidget(self.listing, first, 0, 3 - first, 1)
        self._grid.addWidget(self.tools, 0, 1 - first, 1, 1 + first)

    def set_theme(self, palette: Palette) -> None:
        """Use another theme."""
        self.events.events.palette_data = palette
        self.view.palette_data = palette
        self.reason.set_theme(palette)
        self.view.update()

    def refresh(self, now_s: float) -> None:  # noqa: ARG002 - all pages are called alike
        """Bring the list up to date."""
        timeline = self._session.timeline if self._session is not None else None
        chosen = str(self.kind.currentData())
        kinds = frozenset(chosen.split()) if chosen else None
        self.events.events.refresh(timeline, kinds, self.search.text())
        has_beat = self.strip is not None and self.strip.chosen is not None
        self.reclassify.setEnabled(has_beat)
        self.export.setEnabled(self.strip is not None and self.strip.available)

    def open_at(self, time_s: float) -> None:
        """Show the strip around a time."""
        if self._session is None:
            return
        strip = Strip(self._session)
        strip.go_to(time_s)
        self.view.strip = strip
        self._show_chosen()

    def step(self, *, forward: bool) -> None:
        """Go to the neighbouring beat."""
        if self.strip is not None and self.strip.step(forward):
            self._show_chosen()

    def step_notable(self, *, forward: bool) -> None:
        """Go to the neighbouring beat that is not normal."""
        if self.strip is not None and self.strip.step_notable(forward):
            self._show_chosen()

    def save(self, path: Path) -> None:
        """Export the strip; the suffix chooses the format.

        Raises
        ------
        OutputError
            It cannot be written.
        """
        assert self.strip is not None
        remarks = self.view.remarks
        if path.suffix == ".csv":
            write_csv(self.strip, path, remarks)
        elif path.suffix == ".hea":
            write_wfdb(self.strip, path, remarks)
        elif not export_picture(self.strip, path, self.view.ink, self.view.options, remarks):
            raise OutputError(f"{path} could not be written.", "Choose another folder.")

    def relabel(self, symbol: str) -> None:
        """Keep a person's class for the chosen beat."""
        if self._session is None or self.strip is None or self.strip.chosen is None:
            return
        chosen = self.strip.chosen
        try:
            remark = self.remarks.add(
                self._session.device, chosen.index, chosen.time_s, chosen.symbol, symbol, self.author
            )
        except OutputError as error:
            self.said.emit(str(error))
            return
        self.view.remarks[chosen.index] = remark
        self.view.update()
        self.said.emit(f"Kept: {chosen.symbol} → {symbol} by {self.author}")

    def _arrange(self) -> None:
        listing = self.listing = card()
        inside = column(spacing=8, margins=(10, 10, 10, 10))
        inside.addLayout(row(self.kind, self.search))
        inside.addWidget(self.events, 1)
        listing.setLayout(inside)
        paper = card()
        paper.setLayout(column(self.view, margins=(1, 4, 1, 4)))
        self.tools = QtWidgets.QWidget()
        self.tools.setLayout(
            row(
                self.previous_event,
                self.previous,
                self.next,
                self.next_event,
                self.hint,
                self.leads,
                self.reclassify,
                self.export,
            )
        )
        self._grid = QtWidgets.QGridLayout()
        self._grid.setContentsMargins(12, 8, 12, 8)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(10)
        self._grid.addWidget(paper, 1, 1)
        self._grid.addWidget(self.reason, 2, 1)
        self._grid.setColumnStretch(1, 1)
        self._grid.setRowStretch(1, 1)
        self.set_compact(False)
        self.set_text_size(14)
        self.setLayout(self._grid)

    def _pick(self, event: TimelineRow) -> None:
        self.open_at(event.time_s)

    def _show_chosen(self) -> None:
        self.view.update()
        self.reason.show_beat(self._session, self.strip.chosen if self.strip is not None else None)
        measured = self.strip.calipers.text() if self.strip is not None and self.strip.calipers else ""
        set_text(self.hint, measured or "Click a beat; drag to measure.")

    def _reclassify(self) -> None:
        symbol = str(self.reclassify.currentData())
        self.reclassify.setCurrentIndex(0)
        if symbol:
            self.relabel(symbol)

    def _export(self) -> None:
        suffix = str(self.export.currentData())
        self.export.setCurrentIndex(0)
        if not suffix or self.strip is None or self._session is None:
            return
        name = f"{path_name(self._session.device)}_{self.strip.middle // 360}s{suffix}"
        chosen, _ = QtWidgets.QFileDialog.getSaveFileName(self, "Export the strip", name, f"*{suffix}")
        if not chosen:
            return
        try:
            self.save(Path(chosen).with_suffix(suffix))
        except OutputError as error:
            self.said.emit(str(error))
        else:
            self.said.emit(f"Written: {chosen}")
