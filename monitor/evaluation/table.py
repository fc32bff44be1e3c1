"""Tables of scores, as text to read and as CSV to compute with, and the folder that keeps them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecgmon.monitor.core.errors import OutputError

Cell = str | int | float | None

Draw = Callable[[Path], None]
"""Draws a picture into a file."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Parameters
    ----------
    key : str
        Name in the rows and in CSV, with its unit.
    title : str
        Heading in text.
    decimals : int
        Digits behind the point, for numbers that are not whole.
    """

    key: str
    title: str
    decimals: int = 2


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings.

    Parameters
    ----------
    columns : sequence of Column
        What is shown, left to right.
    rows : sequence of mapping
        One for each record.
    summary : sequence of mapping
        Rows below the line.
    """

    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Cell]]
    summary: Sequence[Mapping[str, Cell]] = ()

    def to_text(self) -> str:
        """Return an aligned table; a value that is not defined is a dash."""
        lines = [[column.title for column in self.columns]]
        lines += [[_text(row.get(column.key), column) for column in self.columns] for row in self._all()]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        drawn = [_aligned(line, widths) for line in lines]
        rule = "-" * len(drawn[0])
        drawn.insert(1, rule)
        if self.summary:
            drawn.insert(2 + len(self.rows), rule)
        return "\n".join(drawn) + "\n"

    def to_csv(self) -> str:
        """Return comma-separated values with the keys as headings; an undefined value is empty."""
        text = io.StringIO()
        writer = csv.DictWriter(
            text, [column.key for column in self.columns], extrasaction="ignore", lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(
            {key: round(value, 6) if isinstance(value, float) else value for key, value in row.items()}
            for row in self._all()
        )
        return text.getvalue()

    def _all(self) -> list[Mapping[str, Cell]]:
        return [*self.rows, *self.summary]


def save(folder: Path, tables: Mapping[str, Table], pictures: Mapping[str, Draw]) -> None:
    """Write each table as ``NAME.txt`` and ``NAME.csv``, and each picture as ``NAME.png``.

    Parameters
    ----------
    folder : Path
        Where to; made if it is not there.
    tables, pictures : mapping
        By name.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    MissingExtraError
        A picture needs a library that is not installed; the tables are written by then.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            (folder / f"{name}.txt").write_text(table.to_text(), encoding="utf-8")
            (folder / f"{name}.csv").write_text(table.to_csv(), encoding="utf-8")
        for name, draw in pictures.items():
            draw(folder / f"{name}.png")
    except OSError as error:
        raise OutputError(f"The scores cannot be written to {folder}: {error.strerror}.") from error


def _text(value: Cell, column: Column) -> str:
    if value is None:
        return "-"
    return f"{value:.{column.decimals}f}" if isinstance(value, float) else str(value)


def _aligned(cells: list[str], widths: list[int]) -> str:
    first = cells[0].ljust(widths[0])
    return "  ".join([first, *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))])
