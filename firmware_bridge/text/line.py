"""One line of text in its cells: separators, labels, quotes, and the stamps that a serial monitor adds."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_NUMBER = r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d{1,3})?"
_NUMBER_CELL = re.compile(rf"({_NUMBER})\s*([a-zA-Zµμ]{{1,2}})?")
_MISSING = frozenset(("", "nan", "null", "none", "na", "n/a", "-"))
_STAMP = re.compile(r"\[?\d{1,2}:\d{2}:\d{2}(?:[.,:]\d+)?\]?\s*(?:->|→|\])\s*")
_LABEL = re.compile(r"([^\W\d][^:=;,|\t]*?)\s*[:=]\s*(?:\d{9,}:)?([^\s:=;,|\t][^:=;|\t]*)")
_AROUND_COLON = re.compile(r"\s*([:=])\s*")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_TIME = re.compile(
    r"(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{2,4})?[T ]?"
    r"(?:(?:(\d{1,2}):)?(\d{1,2}):(\d{2}(?:[.,]\d+)?)\s?(?:[AaPp][Mm])?)?(?:Z|[+-]\d{2}:?\d{2})?"
)
_LONGEST_NUMBER = 40

STRONG = (";", "|", "\t")
"""Separators that never stand in a number, the strongest first."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line in its cells.

    Parameters
    ----------
    separator : str
        What stands between cells; a blank for any white space, empty for a single cell.
    cells : tuple of str
        What stands between separators, without labels and quotes.
    labels : tuple of str
        Label of each cell, empty where it has none; no labels at all: an empty tuple.
    """

    separator: str
    cells: tuple[str, ...]
    labels: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[str, int, tuple[str, ...]]:
        """What lines of one kind have in common."""
        return self.separator, len(self.cells), self.labels


def split_line(text: str, decimal_comma: bool = False) -> Line:
    """Return a line in its cells.

    Parameters
    ----------
    text : str
        The line without its end.
    decimal_comma : bool
        A comma is never a separator.
    """
    text = without_stamp(text)
    separator = separator_of(text, decimal_comma)
    labelled = _worded(text) if separator in ("", " ") else []
    labelled = labelled or [_label(cell) for cell in _cells(text, separator)]
    labels = tuple([label for label, _ in labelled])
    return Line(separator, tuple([cell for _, cell in labelled]), labels if any(labels) else ())


def without_stamp(text: str) -> str:
    """Return a line without the time of day of a serial monitor in front, and without the signs of JSON."""
    stamp = _STAMP.match(text)
    text = text[stamp.end() :].strip() if stamp else text.removeprefix(">").strip()
    return text[1:-1].replace('"', "") if text[:1] == "{" and text[-1:] == "}" else text


def separator_of(text: str, decimal_comma: bool = False) -> str:
    """Return what separates the cells of a line; empty if it is a single cell.

    Between semicolons, bars and tabs, or with blanks alone between them, commas are those of numbers.
    """
    for separator in STRONG:
        if separator in text.strip().rstrip(separator):
            return separator
    if "," in text and not decimal_comma and not _has_decimal_commas(text):
        return ","
    return " " if re.search(r"\S\s+\S", text) else ""


def _has_decimal_commas(text: str) -> bool:
    """Say whether blanks separate the cells, and commas stand in numbers only."""
    words = text.split()
    return len(words) > 1 and all("," not in word or _DECIMAL_COMMA.fullmatch(word) for word in words)


def cells_of(text: str, separator: str) -> list[str]:
    """Return what stands between separators; an empty last cell is none."""
    if separator == " ":
        return text.split()
    cells = text.split(separator) if separator else [text]
    return cells[:-1] if len(cells) > 1 and not cells[-1].strip() else cells


def _cells(text: str, separator: str) -> list[str]:
    if separator == " ":
        text = _AROUND_COLON.sub(r"\1", text)
    return cells_of(text, separator)


def _label(cell: str) -> tuple[str, str]:
    """Return label and rest of a cell."""
    found = _LABEL.fullmatch(cell.strip())
    if found is None or time_s(cell) is not None:
        return "", _bare(cell)
    return _bare(found[1]), _bare(found[2])


def _worded(text: str) -> list[tuple[str, str]]:
    """Return the cells of a line such as ``Lead II: 512`` or ``ECG 512 RESP 300``; empty for another line."""
    whole = _LABEL.fullmatch(text)
    if whole is not None and number_of(whole[2], decimal_comma=True) is not None:
        return [(_bare(whole[1]), whole[2].strip())]
    words = text.split()
    names, cells = words[::2], words[1::2]
    if len(names) != len(cells) or not names:
        return []
    paired = all(name[0].isalpha() and number_of(name) is None for name in names)
    if not paired or any(number_of(cell, decimal_comma=True) is None for cell in cells):
        return []
    return [(name.rstrip(":="), cell) for name, cell in zip(names, cells, strict=True)]


def _bare(cell: str) -> str:
    return cell.strip().strip("\"'").strip()


def number_of(cell: str, decimal_comma: bool = False) -> float | None:
    """Return the number of a cell; not a number where none was written, None for what is no number.

    Parameters
    ----------
    cell : str
        May have a unit behind the number, such as ``1.65V``.
    decimal_comma : bool
        A comma may stand for the point.
    """
    found = _NUMBER_CELL.fullmatch(cell) if len(cell) <= _LONGEST_NUMBER else None
    if found is None:
        return math.nan if cell.lower() in _MISSING else None
    if "," in found[1] and not decimal_comma:
        return None
    number = float(found[1].replace(",", "."))
    return number if math.isfinite(number) else None


def unit_in(cell: str) -> str:
    """Return the letters behind the number of a cell; empty without any."""
    found = _NUMBER_CELL.fullmatch(cell)
    return (found[2] or "") if found else ""


def time_s(cell: str) -> float | None:
    """Return the seconds since midnight of a cell that is a date or a time of day; None for another."""
    cell = cell.strip()
    found = _TIME.fullmatch(cell)
    if found is None or (found[1] is None and found[4] is None):
        return None
    hours, minutes, seconds = found[2] or "0", found[3] or "0", found[4] or "0"
    return int(hours) * 3600.0 + int(minutes) * 60.0 + float(seconds.replace(",", "."))
