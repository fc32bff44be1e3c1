"""The button that chooses which leads are drawn."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6 import QtCore, QtGui, QtWidgets

from ecgmon.monitor.dashboard.drawing.layout import USUAL_LEADS
from ecgmon.monitor.dashboard.widgets.basics import CHOICE_EXTRA_PX, paint_chevron


class LeadChooser(QtWidgets.QPushButton):
    """A menu of leads to tick; hidden for a device that has one.

    ``chosen`` tells the leads to show, in their order.
    """

    chosen = QtCore.pyqtSignal(tuple)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("menu")
        self.setAccessibleName("Leads")
        self.setToolTip("Leads to show (L)")
        self.list = QtWidgets.QMenu(self)
        self.clicked.connect(lambda: self.list.popup(self.mapToGlobal(self.rect().bottomLeft())))
        self._actions: list[QtGui.QAction] = []
        self.setVisible(False)

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        """Leave room for the chevron."""
        width = self.fontMetrics().horizontalAdvance(self.text()) + CHOICE_EXTRA_PX
        return QtCore.QSize(width, super().sizeHint().height())

    def paintEvent(self, event: QtGui.QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw the button, then the chevron."""
        super().paintEvent(event)
        paint_chevron(self)

    @property
    def leads(self) -> tuple[int, ...]:
        """Leads that are ticked."""
        return tuple(number for number, action in enumerate(self._actions) if action.isChecked())

    def show_leads(self, names: Sequence[str], ticked: Sequence[int]) -> None:
        """Offer the leads of a device, some of them ticked."""
        self.list.clear()
        self._actions = []
        for number, name in enumerate(names):
            action = QtGui.QAction(f"{name}   analysed" if number == 0 else name, self.list)
            action.setData(name)
            action.setCheckable(True)
            action.setChecked(number in ticked)
            action.triggered.connect(lambda _, number=number: self._tick(number))
            self.list.addAction(action)
            self._actions.append(action)
        self._say()
        self.setVisible(len(names) > 1)

    def step(self) -> None:
        """Go on to the next choice: the usual leads together, then each one alone."""
        count = len(self._actions)
        if count < 2:
            return
        turns = [tuple(range(min(count, USUAL_LEADS))), *((lead,) for lead in range(count))]
        at = turns.index(self.leads) + 1 if self.leads in turns else 0
        self._set(turns[at % len(turns)])

    def _tick(self, number: int) -> None:
        """Take a click on a lead; the last one stays."""
        self._set(self.leads or (number,))

    def _set(self, leads: tuple[int, ...]) -> None:
        for number, action in enumerate(self._actions):
            action.setChecked(number in leads)
        self._say()
        self.chosen.emit(leads)

    def _say(self) -> None:
        names = [str(action.data()) for action in self._actions if action.isChecked()]
        self.setText(" + ".join(names) if len(names) <= 2 else f"{len(names)} leads")
