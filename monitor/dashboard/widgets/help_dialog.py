"""The list of keys."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6 import QtCore, QtWidgets

from ecgmon.monitor.dashboard.widgets.basics import button, column, label, row

LEGEND = (
    "Letters stand at the R waves: N normal, L and R bundle branch block, A atrial and V ventricular"
    " premature, Q not classified. The violet shading (Grad-CAM) shows which moments spoke for the letter;"
    " click a letter for the reason in words. Not a medical device."
)

LEGEND_PX = 640


class HelpDialog(QtWidgets.QDialog):
    """Keys and the meaning of the picture.

    Parameters
    ----------
    keys : sequence of (str, str)
        Each key and what it does.
    """

    def __init__(self, keys: Sequence[tuple[str, str]], parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        grid = QtWidgets.QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(7)
        half = -(-len(keys) // 2)
        for number, (key, words) in enumerate(keys):
            at = 2 * (number // half)
            cap = label(key, "word")
            grid.addWidget(cap, number % half, at, QtCore.Qt.AlignmentFlag.AlignRight)
            grid.addWidget(label(words), number % half, at + 1)
        legend = label(LEGEND, "muted")
        legend.setWordWrap(True)
        legend.setMinimumWidth(LEGEND_PX)  # of the dialog itself it would let the keys be cut
        whole = column(label("Keys", "heading"), spacing=14, margins=(20, 16, 20, 16))
        whole.addLayout(grid)
        whole.addWidget(legend)
        whole.addLayout(row(1, button("Close", "Close", self.accept)))
        self.setLayout(whole)
