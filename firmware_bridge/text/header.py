"""Lines in front of the numbers: names of columns, units below them, and what comments say."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ecgmon.firmware_bridge.text.line import STRONG, cells_of, separator_of
from ecgmon.firmware_bridge.text.names import SECONDS, is_name, role_of
from ecgmon.firmware_bridge.units import unit_of

COMMENT = ("#", "%", "//")
_RATE = re.compile(r"sampl\w*[ _]*(?:rate|freq\w*)[^\d\n]{0,20}(\d+(?:\.\d+)?)", re.IGNORECASE)
_UNIT_BEHIND = re.compile(r"\s+([\[(][^\])\s]*[\])])")
_LEAST_HZ, _MOST_HZ = 1.0, 16_000.0


@dataclass(frozen=True, slots=True)
class Header:
    """What stands in front of the numbers.

    Parameters
    ----------
    names : tuple of str
        Name of each column; empty if they have none.
    fs_hz : float or None
        Sampling rate in Hz; None if it is not told.
    adc_max : mapping of int to int
        Largest count of a column, where that is told.
    separator : str
        What stands between the names; empty where it does not matter.
    """

    names: tuple[str, ...] = ()
    fs_hz: float | None = None
    adc_max: Mapping[int, int] = field(default_factory=dict)
    separator: str = ""

    @property
    def is_certain(self) -> bool:
        """Say whether a name tells that these are names, and no other words."""
        return any(role_of(name).kind in ("ecg", "time") for name in self.names)

    def with_names(self, text: str) -> Header:
        """Return the header that one more line makes; the same if the line names no columns."""
        cells = _names(text)
        if not cells:
            return self
        if len(cells) == len(self.names) and all(map(_is_unit, cells)):
            named = zip(self.names, cells, strict=True)
            return replace(self, names=tuple(f"{name} [{cell.strip('[]() ')}]" for name, cell in named))
        return replace(self, names=cells, separator=separator_of(text) if len(cells) > 1 else "")

    def with_comment(self, text: str) -> Header:
        """Return the header that a comment makes: names, a rate, or the JSON of OpenSignals."""
        text = text.lstrip("#%/ ")
        start = text.find("{")
        if start >= 0:
            return _opensignals(text[start:]) or self
        rate = _RATE.search(text)
        if rate and _LEAST_HZ <= float(rate[1]) <= _MOST_HZ:
            return replace(self, fs_hz=float(rate[1]))
        return self.with_names(text) if separator_of(text) in (",", *STRONG) else self


def _names(text: str) -> tuple[str, ...]:
    """Return the names of a line of names; empty for another line."""
    separator = separator_of(text)
    if separator == " ":
        text = _UNIT_BEHIND.sub(r"\1", text)
    cells = [cell.strip().strip("\"'").strip() for cell in cells_of(text, separator)]
    named = any(map(is_name, cells)) and all(not cell or cell == "-" or is_name(cell) for cell in cells)
    return tuple(cells) if named else ()


def _is_unit(cell: str) -> bool:
    bare = cell.strip("[]() ").lower()
    return not bare or unit_of(bare) is not None or bare in SECONDS or bool(re.fullmatch(r"[hms:.]+|-", bare))


def _opensignals(text: str) -> Header | None:
    """Return what the JSON in the header of an OpenSignals file says; None if it is none.

    Digital lines and the counter keep their names; an analogue channel is called by its
    sensor and its label, such as ``ECG (A2)``.
    """
    try:
        devices = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(devices, dict):
        return None
    names: list[str] = []
    adc_max: dict[int, int] = {}
    rates: set[float | None] = set()
    for device in devices.values():
        if not isinstance(device, dict) or not _texts(device.get("column")):
            return None
        called = _called(device)
        bits = device.get("resolution")
        for place, column in enumerate(device["column"]):
            depth = bits[place] if isinstance(bits, list) and place < len(bits) else None
            if column in called and type(depth) is int and 4 <= depth <= 32:
                adc_max[len(names)] = 2**depth - 1
            names.append(called.get(column, f"{column} (digital)" if called else column))
        rates.add(_rate(device.get("sampling rate")))
    rate = rates.pop() if len(rates) == 1 else None
    return Header(tuple(names), rate, adc_max)


def _called(device: Mapping[str, Any]) -> dict[str, str]:
    """Return what the analogue columns are called: their sensor, and their label."""
    labels, sensors = _texts(device.get("label")), _texts(device.get("sensor"))
    return {label: f"{sensor} ({label})" for label, sensor in zip(labels, sensors, strict=False)}


def _texts(value: Any) -> list[str]:
    """Return a list of texts; empty for what is none."""
    told = isinstance(value, list) and all(isinstance(one, str) for one in value)
    return value if told else []


def _rate(value: Any) -> float | None:
    told = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if told and _LEAST_HZ <= value <= _MOST_HZ else None
