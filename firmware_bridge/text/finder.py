"""Finds out how the lines of a device are laid out, from header, labels and the first lines."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ecgmon.firmware_bridge.packet import shown
from ecgmon.firmware_bridge.text.columns import (
    CHECK_LINES,
    LEAST_LINES,
    MOST_LINES,
    Choice,
    by_name,
    by_values,
    rate_hz,
)
from ecgmon.firmware_bridge.text.header import Header
from ecgmon.firmware_bridge.text.layout import Layout
from ecgmon.firmware_bridge.text.line import STRONG, Line, number_of, split_line, time_s, unit_in
from ecgmon.firmware_bridge.text.names import role_of
from ecgmon.firmware_bridge.units import Unit, unit_of

_SURE_AFTER_S = 1.5
_FOREIGN_LINES = 3
"""So many lines in a row of another shape are a new layout, and no damage."""
_MOST_VAIN = 4
"""Lines held back of which fewer than one in so many has the shape are not those of a device."""
_MOST_LISTED = 8
_OFF = frozenset("!,;| \t")


class LayoutFinder:
    """Find out where the ECG stands, holding lines back until it is certain, then read it.

    Parameters
    ----------
    column : int or None
        Column of the ECG if the user has said it.
    fs_hz : float or None
        Sampling rate in Hz if the user has said it.
    decimal_comma : bool or None
        Whether a comma stands in numbers and never between them; None where nobody has said it.

    Attributes
    ----------
    layout : Layout or None
        What was found; None while lines are held back or refused.
    fs_hz : float or None
        Sampling rate by the user, else the header, else a column of times.
    unit : {"adc", "mv", "uv", "v"} or None
        Unit by the name of the column or behind the numbers.
    adc_max : int or None
        Largest count of the column, if the header tells it.
    note : str
        What was decided, in words.
    refusal : str
        Why no column is read, and what to write; empty where one is, or while lines are watched.
    """

    def __init__(self, column: int | None, fs_hz: float | None, decimal_comma: bool | None) -> None:
        self.layout: Layout | None = None
        self.fs_hz = fs_hz
        self.unit: Unit | None = None
        self.adc_max: int | None = None
        self.note = self.refusal = ""
        self._column = column
        self._fs_hz = fs_hz
        self._decimal_comma = decimal_comma
        self._header = Header()
        self._shape: tuple[str, int, tuple[str, ...]] | None = None
        self._held: list[Line | float] = []
        self._foreign: list[Line] = []

    @property
    def watching(self) -> bool:
        """True while lines are held back."""
        return bool(self._held)

    def comment(self, text: str) -> None:
        """Take a comment."""
        self._new_header(self._header.with_comment(text))

    def take(self, text: str) -> list[float | None]:
        """Take a line; return the numbers that are sure by now.

        Returns
        -------
        list of float or None
            Not a number for a value that misses, infinite for a lead that is off, None for
            a line that cannot be read. Empty for a header, and while lines are held back.
        """
        layout = self.layout
        if layout is not None:
            value = layout.read(text)
            if value is not None:
                self._foreign.clear()
                return [value]
        if set(text) <= _OFF:
            return self._hold(math.inf)
        line = split_line(text, bool(self._decimal_comma))
        if not any(_is_readable(cell, line.separator != ",") for cell in line.cells):
            return self._words(text)
        return self._learn(line) if layout is None else self._follow(line, layout)

    def _words(self, text: str) -> list[float | None]:
        """Take a line without a number: names of columns, or what cannot be read."""
        header = self._header.with_names(text)
        if header is self._header or (self.layout is not None and not header.is_certain):
            return self._hold(None)
        self._new_header(header)
        return [] if header.is_certain else [None]

    def _new_header(self, header: Header) -> None:
        if header != self._header:
            self._header = header
            self._begin()

    def _begin(self, lines: Sequence[Line] = ()) -> None:
        self.layout, self.refusal, self._shape = None, "", None
        self._held, self._foreign = list(lines), []

    def reset(self) -> None:
        """Forget lines held back; a layout once found stays."""
        if self.layout is None:
            self._begin()

    def _hold(self, value: float | None) -> list[float | None]:
        """Keep the place of a line without a number, where lines are held back."""
        if not self._held:
            return [value]
        self._held.append(math.nan if value is None else value)
        if len(self._held) > _MOST_VAIN * len(self._lines()) + _FOREIGN_LINES:
            self._begin()
        return []

    def _follow(self, line: Line, layout: Layout) -> list[float | None]:
        """Read a line that is not just of the layout; a new layout begins where several in a row are not."""
        if layout.label and line.labels:
            return [layout.value_in(line)] if layout.label in line.labels else []
        same = line.shape == self._shape
        value = layout.value_in(line) if same or len(line.cells) > layout.columns else None
        if self._is_foreign(line, same):
            return self._anew()
        return [value]

    def _is_foreign(self, line: Line, same: bool) -> bool:
        if same or (self._foreign and self._foreign[-1].shape != line.shape):
            self._foreign.clear()
        if not same:
            self._foreign.append(line)
        return len(self._foreign) >= _FOREIGN_LINES

    def _anew(self) -> list[float | None]:
        lines, last = self._foreign[:-1], self._foreign[-1]
        self._begin(lines)
        self._shape = last.shape
        return self._learn(last)

    def _learn(self, line: Line) -> list[float | None]:
        if self._shape is None or (line.shape != self._shape and by_name(line.labels).column is not None):
            self._begin()
            self._shape = line.shape
        if self._is_foreign(line, line.shape == self._shape):
            return self._anew()
        if self.refusal:
            return []
        if line.shape != self._shape:
            return self._hold(None)
        self._held.append(line)
        return self._choose(line)

    def _choose(self, line: Line) -> list[float | None]:
        """Settle on a column if it is certain; refuse if it cannot become certain."""
        columns, names = len(line.cells), self._names(line)
        if self._column is not None:
            if self._column < columns:
                return self._settle(line, self._column)
            said = f"column={self._column} is asked for, and a line has {columns} (the first is column=0)."
            return self._refuse(said)
        if columns == 1 and not line.labels:
            return self._settle(line, 0)
        choice = by_name(names) if names else Choice(None, tuple(range(columns)))
        if choice.column is not None:
            return self._settle(line, choice.column)
        if choice.why:
            return self._refuse_columns(choice, line)
        return self._judge(choice.candidates, line)

    def _judge(self, allowed: Sequence[int], line: Line) -> list[float | None]:
        """Let the numbers of the lines held back tell the column, when there are enough."""
        n_held = len(self._held)
        if n_held % CHECK_LINES or n_held < max(LEAST_LINES, _SURE_AFTER_S * (self._fs_hz or 0)):
            return []
        lines = self._lines()
        comma = _decimal_comma(lines)
        if comma and not self._header.names:
            if comma == "sure":
                self._decimal_comma = True
                held = [one if isinstance(one, float) else _joined(one) for one in self._held]
                self._held, self._shape = held, _joined(line).shape
                return self._settle(_joined(line), 0)
            return self._refuse(
                f"{','.join(line.cells)} may be one number or two. Write decimal=comma, or column=1."
            )
        choice = by_values(lines, allowed)
        if choice.column is not None:
            return self._settle(line, choice.column)
        if len(choice.candidates) > 1 or n_held >= MOST_LINES:
            return self._refuse_columns(choice, line)
        return []

    def _names(self, line: Line) -> tuple[str, ...]:
        header = self._header
        fits = len(header.names) == len(line.cells) and header.separator in ("", line.separator)
        return line.labels or (header.names if fits else ())

    def _lines(self) -> list[Line]:
        return [one for one in self._held if isinstance(one, Line)]

    def _settle(self, line: Line, column: int) -> list[float | None]:
        """Take a column; wait while a column of times may yet tell the rate."""
        names = self._names(line)
        self.fs_hz = self._fs_hz or self._header.fs_hz
        by_time = None
        if self.fs_hz is None and len(line.cells) > 1 and not line.labels:
            if len(self._held) < LEAST_LINES:
                return []
            by_time = rate_hz(self._lines(), names)
            self.fs_hz = by_time[0] if by_time else None
        name = names[column] if names else ""
        comma = line.separator in (*STRONG, " ") or bool(self._decimal_comma)
        self.layout = Layout(
            line.separator, len(line.cells), column, line.labels[column] if line.labels else "", comma
        )
        self.unit = role_of(name).unit or unit_of(unit_in(line.cells[column]))
        self.adc_max = self._header.adc_max.get(column)
        self.note = self._told(column, name, len(line.cells), by_time)
        held, self._held = self._held, []
        layout = self.layout
        return [one if isinstance(one, float) else layout.value_in(one) for one in held]

    def _told(self, column: int, name: str, columns: int, by_time: tuple[float, int] | None) -> str:
        parts = []
        if columns > 1 or name:
            parts.append(f"column={column}" + (f" ({shown(name)})" if name else "") + " is read")
        if by_time is not None:
            parts.append(f"{by_time[0]:g} Hz by column={by_time[1]}")
        elif self._fs_hz is None and self._header.fs_hz is not None:
            parts.append(f"{self._header.fs_hz:g} Hz by the header")
        return ", ".join(parts)

    def _refuse_columns(self, choice: Choice, line: Line) -> list[float | None]:
        names = self._names(line)
        places = choice.candidates or tuple(range(len(line.cells)))
        listed = [
            f"column={place} ({names[place] + ', ' if names else ''}such as {line.cells[place]})"
            for place in places[:_MOST_LISTED]
        ]
        more = ", …" if len(places) > _MOST_LISTED else ""
        which = f"Write the one that it is, such as column={places[0]}."
        return self._refuse(f"{choice.why}: {', '.join(listed)}{more}. {which}")

    def _refuse(self, why: str) -> list[float | None]:
        self.refusal = why
        self._held = []
        return []


def _is_readable(cell: str, decimal_comma: bool) -> bool:
    value = number_of(cell, decimal_comma)
    return (value is not None and math.isfinite(value)) or time_s(cell) is not None


def _joined(line: Line) -> Line:
    """Return a line of two cells as one number with a decimal comma."""
    return Line("", (",".join(line.cells),))


def _decimal_comma(lines: Sequence[Line]) -> str:
    """Say whether commas between two cells may be those of numbers: ``sure``, ``possible`` or empty."""
    if lines[0].separator != "," or len(lines[0].cells) != 2:
        return ""
    whole, parts = zip(*(line.cells for line in lines), strict=True)
    even = len({len(part) for part in parts}) == 1 and all(part.isdigit() for part in parts)
    if not even or len(parts[0]) < 2 or any(len(one.lstrip("+-")) > 1 for one in whole):
        return ""
    return "sure" if any(part[0] == "0" for part in parts) else "possible"
