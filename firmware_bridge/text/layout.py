"""Where the ECG stands in a line of text."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ecgmon.firmware_bridge.text.line import Line, cells_of, number_of


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the ECG stands in a line.

    Parameters
    ----------
    separator : str
        What separates the cells.
    columns : int
        Cells of a line.
    column : int
        Which of them is the ECG.
    label : str
        Its label, where lines carry labels; else empty.
    decimal_comma : bool
        A comma may stand in a number.
    """

    separator: str
    columns: int
    column: int
    label: str = ""
    decimal_comma: bool = False

    def read(self, text: str) -> float | None:
        """Return the number of the ECG in a line of just this layout; None for another line."""
        if self.label:
            return None
        cells = cells_of(text, self.separator)
        if len(cells) != self.columns:
            return None
        return value_of(cells[self.column].strip(" \"'"), self.decimal_comma)

    def value_in(self, line: Line) -> float | None:
        """Return the number of the ECG in a line that may have more cells; None if it has none."""
        place = self.column
        if self.label:
            if self.label not in line.labels:
                return None
            place = line.labels.index(self.label)
        return value_of(line.cells[place], self.decimal_comma) if place < len(line.cells) else None


def value_of(cell: str, decimal_comma: bool) -> float | None:
    """Return the number of a cell; infinite for a lead that is off, None for what is no number."""
    return math.inf if cell == "!" else number_of(cell, decimal_comma)
