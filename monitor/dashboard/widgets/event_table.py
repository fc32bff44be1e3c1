"""The list of events: a table model over the timeline, filled on demand."""

from __future__ import annotations

from typing import Any

from PyQt6 import QtCore, QtGui, QtWidgets

from ecgmon.monitor.dashboard.drawing.palette import DARK, Palette
from ecgmon.monitor.dashboard.state.timeline import KEPT_ROWS, Timeline, TimelineRow, clock

_HEADERS = ("Time", "", "Event", "Detail")
_ROOT = QtCore.QModelIndex()
TIME_EM, MARK_EM, ROW_EM = 5.0, 2.1, 1.93
"""Widths of the first columns and height of a row, in sizes of text."""


class EventModel(QtCore.QAbstractTableModel):
    """Rows of a timeline, newest first."""

    def __init__(self) -> None:
        super().__init__()
        self.palette_data: Palette = DARK
        self.rows: list[TimelineRow] = []
        self._seen = -1
        self._filter: tuple[frozenset[str] | None, str] = (None, "")
        self._source: Timeline | None = None

    def refresh(self, timeline: Timeline | None, kinds: frozenset[str] | None = None, text: str = "") -> None:
        """Show what is new; all of it again if the filter or the source changed."""
        same = timeline is self._source and self._filter == (kinds, text)
        if same and (timeline is None or timeline.next == self._seen):
            return
        fresh = timeline.since(self._seen) if timeline is not None and same else []
        if timeline is not None and same and len(fresh) == timeline.next - self._seen:
            self._insert([row for row in reversed(fresh) if row.matches(kinds, text)])
        else:
            self.beginResetModel()
            self.rows = timeline.rows(kinds, text) if timeline is not None else []
            self.endResetModel()
        self._source, self._filter = timeline, (kinds, text)
        self._seen = timeline.next if timeline is not None else -1

    def _insert(self, wanted: list[TimelineRow]) -> None:
        """Put rows on top and let the oldest go."""
        if not wanted:
            return
        self.beginInsertRows(_ROOT, 0, len(wanted) - 1)
        self.rows[:0] = wanted
        self.endInsertRows()
        if len(self.rows) > KEPT_ROWS:
            self.beginRemoveRows(_ROOT, KEPT_ROWS, len(self.rows) - 1)
            del self.rows[KEPT_ROWS:]
            self.endRemoveRows()

    def rowCount(self, parent: QtCore.QModelIndex = _ROOT) -> int:  # noqa: N802 - Qt's name
        """Count the rows."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QtCore.QModelIndex = _ROOT) -> int:  # noqa: N802 - Qt's name
        """Count the columns."""
        return 0 if parent.isValid() else len(_HEADERS)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: QtCore.Qt.Orientation, role: int = QtCore.Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Name the columns."""
        if role == QtCore.Qt.ItemDataRole.DisplayRole and orientation == QtCore.Qt.Orientation.Horizontal:
            return _HEADERS[section]
        return None

    def data(self, index: QtCore.QModelIndex, role: int = QtCore.Qt.ItemDataRole.DisplayRole) -> Any:
        """Give a cell's text, colour or weight."""
        row = self.rows[index.row()]
        mark = row.mark if row.kind == "beat" else {"alarm": "!", "rhythm": "~"}.get(row.kind, "·")
        if role == QtCore.Qt.ItemDataRole.DisplayRole:
            return (clock(row.time_s), mark, row.text, row.detail)[index.column()]
        if role == QtCore.Qt.ItemDataRole.ToolTipRole:
            return f"{row.text} {row.detail}"
        if role == QtCore.Qt.ItemDataRole.TextAlignmentRole and index.column() == 1:
            return QtCore.Qt.AlignmentFlag.AlignCenter
        if role == QtCore.Qt.ItemDataRole.FontRole and index.column() == 1:
            font = QtGui.QFont()
            font.setBold(True)
            return font
        if role == QtCore.Qt.ItemDataRole.ForegroundRole:
            return QtGui.QColor(self._colour(row, index.column()))
        return None

    def _colour(self, row: TimelineRow, column: int) -> str:
        if column == 1 and row.kind == "beat":
            return self.palette_data.beat(row.mark)
        if column == 1 and row.kind == "alarm":
            return self.palette_data.alarm(row.mark)
        return self.palette_data.text if column == 2 else self.palette_data.muted


class EventTable(QtWidgets.QTableView):
    """A quiet table of events; a click or Return picks one.

    Parameters
    ----------
    name_em : float, optional
        Width of the event's name in sizes of text; all that is left by default.
    detail_em : float, optional
        Width of the detail; all that is left by default.
    """

    picked = QtCore.pyqtSignal(object)

    def __init__(self, name_em: float | None = None, detail_em: float | None = None) -> None:
        super().__init__()
        self._ems = (TIME_EM, MARK_EM, name_em, detail_em)
        self.events = EventModel()
        self.setModel(self.events)
        self.setAccessibleName("Events")
        self.setShowGrid(False)
        self.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QtWidgets.QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        down, across = self.verticalHeader(), self.horizontalHeader()
        assert down is not None
        assert across is not None
        down.setVisible(False)
        across.setHighlightSections(False)
        across.setDefaultAlignment(QtCore.Qt.AlignmentFlag.AlignLeft | QtCore.Qt.AlignmentFlag.AlignVCenter)
        across.setMinimumSectionSize(20)
        for number, ems in enumerate(self._ems):
            mode = QtWidgets.QHeaderView.ResizeMode
            across.setSectionResizeMode(number, mode.Stretch if ems is None else mode.Fixed)
        self.set_text_size(14)
        self.clicked.connect(self._pick)
        self.activated.connect(self._pick)

    def set_text_size(self, base_px: int) -> None:
        """Give rows and columns the room that a size of text needs."""
        down = self.verticalHeader()
        assert down is not None
        down.setDefaultSectionSize(round(ROW_EM * base_px))
        for number, ems in enumerate(self._ems):
            if ems is not None:
                self.setColumnWidth(number, round(ems * base_px))

    def _pick(self, index: QtCore.QModelIndex) -> None:
        self.picked.emit(self.events.rows[index.row()])
