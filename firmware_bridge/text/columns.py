"""Which column of text is the ECG: by name where there are names, else by what the numbers do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgmon.firmware_bridge.text.line import Line, number_of, time_s
from ecgmon.firmware_bridge.text.names import SECONDS, Role, role_of

LEAST_LINES = 192
MOST_LINES = 2048
"""Lines that are watched before it is decided which column is the ECG: least and most."""
CHECK_LINES = 64
"""Lines from one look at them to the next."""

_LEAST_NUMERIC = 0.9
_LEAST_VALUES = 4
"""A column of fewer different numbers is a flag or stands still."""
_MOSTLY_RISING = 0.95
_LEAST_MOVING = 0.05
_MOST_OFF_BASE = 0.15
_PIECE = 128
"""An ECG is near its base most of the time: so little of it lies further off than half of its height."""

_RATES_HZ = (40.0, 2000.0)
_QUANTA = 1.5
_ROUNDING = 1e-3
_NEAR_WHOLE = 0.003
"""A measured rate so near a whole number is that number."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is known of the columns.

    Parameters
    ----------
    column : int or None
        Place of the ECG; None where that is not certain.
    candidates : tuple of int
        Columns that could be meant, where there are several or none is sure.
    why : str
        Why none is chosen, in words.
    """

    column: int | None
    candidates: tuple[int, ...] = ()
    why: str = ""


def by_name(names: Sequence[str]) -> Choice:
    """Return the column whose name says that it is the ECG.

    Without a choice the candidates are the columns whose names say nothing.
    """
    roles = [role_of(name) for name in names]
    ecg = [place for place, role in enumerate(roles) if role.kind == "ecg"]
    best = [place for place in ecg if roles[place].rank == min(roles[one].rank for one in ecg)]
    if len(best) == 1:
        return Choice(best[0])
    if best:
        return Choice(None, tuple(best), "Several columns could be the ECG")
    unknown = tuple(place for place, role in enumerate(roles) if role.kind == "unknown")
    return Choice(None, unknown, "" if unknown else "No column is called an ECG")


def by_values(lines: Sequence[Line], allowed: Sequence[int]) -> Choice:
    """Return the column whose numbers can only be an ECG.

    Columns of times, columns that rise steadily and columns that stand still are none. One
    that is left beside columns that stand still must also look like an ECG.

    Parameters
    ----------
    lines : sequence of Line
        Lines of one shape, in order.
    allowed : sequence of int
        Columns that come into question.
    """
    counting, moving, still = [], [], []
    for place in range(len(lines[0].cells)):
        values = numbers(lines, place)
        if values is None or rises(values):
            counting.append(place)
        elif np.unique(values).size < _LEAST_VALUES:
            still.append(place)
        elif place in allowed:
            moving.append(place)
    if len(moving) > 1:
        return Choice(None, tuple(moving), "Several columns could be the ECG")
    if not moving:
        return Choice(None, (), "No column moves like an ECG")
    values = numbers(lines, moving[0])
    assert values is not None
    certain = not any(place in allowed for place in still) or _is_spiky(values)
    return Choice(moving[0]) if certain else Choice(None, tuple(moving), "It is not sure that this is an ECG")


def numbers(lines: Sequence[Line], place: int) -> NDArray[np.float64] | None:
    """Return the numbers of a column without those that miss; None if it is not one of numbers."""
    comma = lines[0].separator != ","
    read = [number_of(line.cells[place], comma) for line in lines]
    values = np.array([value for value in read if value is not None and not math.isnan(value)])
    return values if values.size >= _LEAST_NUMERIC * len(lines) else None


def rises(values: NDArray[np.float64]) -> bool:
    """Say whether numbers only rise or only fall, but for where they begin anew."""
    steps = np.diff(values)
    if not steps.size or np.count_nonzero(steps) < _LEAST_MOVING * steps.size:
        return False
    span = float(np.ptp(values))
    for towards in (steps, -steps):
        wraps = towards < -span / 2
        if np.count_nonzero((towards >= 0) | wraps) >= _MOSTLY_RISING * steps.size:
            return bool(np.count_nonzero(towards > 0) >= 2 * np.count_nonzero(wraps))
    return False


def _is_spiky(values: NDArray[np.float64]) -> bool:
    pieces = np.array_split(values, max(1, values.size // _PIECE))
    off = np.abs(np.concatenate([piece - np.median(piece) for piece in pieces]))
    return bool(np.count_nonzero(off > off.max() / 2) <= _MOST_OFF_BASE * off.size)


def rate_hz(lines: Sequence[Line], names: Sequence[str]) -> tuple[float, int] | None:
    """Return the sampling rate in Hz that a column of times tells, and which column; None if none is sure.

    A column without a unit must rise by other steps than 1, which a counter makes.

    Parameters
    ----------
    lines : sequence of Line
        Lines of one shape, in order.
    names : sequence of str
        Names of the columns; empty where they have none.
    """
    for place in range(len(lines[0].cells)):
        role = role_of(names[place]) if place < len(names) else Role("unknown")
        if role.kind in ("time", "unknown"):
            found = _rate_of(lines, place, role)
            if found is not None:
                return found, place
    return None


def _rate_of(lines: Sequence[Line], place: int, role: Role) -> float | None:
    clock = [time_s(line.cells[place]) for line in lines]
    if all(one is not None for one in clock):
        times, units = np.array(clock, dtype=np.float64), [1.0]
    else:
        values = numbers(lines, place)
        if values is None or values.size != len(lines):
            return None
        times = values
        units = [role.second] if role.second else sorted(set(SECONDS.values()))
    steps = np.diff(times)
    like_counter = len(units) > 1 and bool(np.all(steps == 1))
    if steps.min() < 0 or times[0] == times[-1] or like_counter:
        return None
    even = np.linspace(times[0], times[-1], times.size)
    if np.abs(times - even).max() > _QUANTA * _resolution(steps):
        return None
    for unit in units:
        rate = (times.size - 1) / ((times[-1] - times[0]) * unit)
        if _RATES_HZ[0] <= rate <= _RATES_HZ[1]:
            return float(round(rate)) if abs(rate - round(rate)) < _NEAR_WHOLE * rate else float(rate)
    return None


def _resolution(steps: NDArray[np.float64]) -> float:
    """Return how finely times are told: the least difference between steps that is not rounding."""
    typical = float(np.median(steps))
    differences = np.diff(np.unique(steps))
    differences = differences[differences > _ROUNDING * typical]
    return float(differences.min()) if differences.size else typical
