"""Numbers of a converter to millivolts; what the settings leave unsaid is found out from the first ones."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgmon.firmware_bridge.swing import Swing
from ecgmon.firmware_bridge.units import (
    DEFAULT_ADC_MAX,
    MOST_MV,
    ConverterSettings,
    Unit,
    factor_mv,
    zero_of,
)

_PROBATION = 32
"""Numbers that are held back until their scale is sure."""
_RAMP = 128
"""The same, where they may yet prove to be a counter."""
_USUAL_FOR_ODD = 2
"""More than so many numbers in the middle of the range outweigh one outside it."""
_WATCHED = 256
_ODD_SHARE = 1 / 32
_LEAST_ODD = 3
"""Share of numbers outside the converter's range, and their least number, that prove another scale."""

_MID_SCALE = (0.1, 0.9)
_SURE_SCALE = (0.25, 0.75)
"""Where the base of a signal lies in the range of its converter: possible, and proof of it."""

_BITS = (12, 13, 14, 16, 18, 20, 24)
_MOST_BITS = 16
"""Finer converters stand behind amplifiers of another gain, so their scale must be said."""
_MOST_AT_ELECTRODES_V = 0.05
_MOST_LIKE_VOLTS = 10.0


class Scale:
    """Turn the numbers of one column into millivolts.

    Parameters
    ----------
    settings : ConverterSettings
        What is said of the converter; the rest is found out.
    unit : {"adc", "mv", "uv", "v"} or None
        What the numbers are; None if nobody has said it: counts, if they look like counts.

    Attributes
    ----------
    found : str
        What has been found out, in words.
    refusal : str
        Why the numbers cannot be read, and what to write; empty if they can.
    """

    def __init__(self, settings: ConverterSettings, unit: Unit | None) -> None:
        self.found = self.refusal = ""
        self._said = settings
        self._given = unit
        self._unit: Unit = unit or "adc"
        self._set(settings)
        self._held: list[float] | None = [] if self._unit in ("adc", "v") and not settings.signed else None
        self._last: deque[float] = deque(maxlen=_WATCHED)
        self._odd: deque[bool] = deque(maxlen=_WATCHED)
        self._swing = Swing()

    @property
    def doubt(self) -> str:
        """Why the numbers are read, but are hardly those of an ECG; empty if they may be."""
        return self._swing.doubt

    def _set(self, settings: ConverterSettings, found: str = "") -> None:
        """Read by what is said or has been found out."""
        self._signed = bool(settings.signed)
        self._adc_max = settings.adc_max or DEFAULT_ADC_MAX
        self._zero, self._factor = zero_of(self._unit, settings), factor_mv(self._unit, settings)
        self.found = found

    def _find(self, found: str, **known: object) -> None:
        self._set(self._said.model_copy(update=known), found)

    def push(self, number: float, *, ramps: bool = False) -> list[float]:
        """Take a number; return the millivolts that are sure by now.

        Parameters
        ----------
        number : float
            Not a number for a missing one, infinite for a lead that is off; both are given
            back as they are, in their place.
        ramps : bool
            All numbers so far rise by one step, so that they may yet prove to be a counter.

        Returns
        -------
        list of float
            None, one, or all that were held back.
        """
        if self._held is None:
            return self._settled(number)
        if not self._held and not math.isfinite(number):
            return [number]
        self._held.append(number)
        numbers = [one for one in self._held if math.isfinite(one)]
        odd = sum(not self._fits(one) for one in numbers)
        usual = not ramps and sum(map(self._is_usual, numbers)) > _USUAL_FOR_ODD * odd
        if not usual and len(self._held) < (_RAMP if ramps else _PROBATION):
            return []
        held, self._held = self._held, None
        if not usual:
            self._find_out(numbers)
        return [value for one in held for value in self._settled(one)]

    def _is_usual(self, number: float) -> bool:
        """Say whether a number is just what such a converter gives."""
        full = self._adc_max if self._unit == "adc" else self._said.vref_v
        return _MID_SCALE[0] * full <= number <= _MID_SCALE[1] * full

    def _settled(self, number: float) -> list[float]:
        if not math.isfinite(number):
            return [] if self.refusal else [number]
        if self._unit in ("adc", "v"):
            self._watch(number)
        if self.refusal:
            return []
        value = self._mv(number) if self._fits(number) else math.nan
        if not math.isnan(value):
            self._swing.take(value, value)
        return [value]

    def _watch(self, number: float) -> None:
        """Find the scale out anew when too many numbers do not fit it, and now and then while none do."""
        self._last.append(number)
        self._odd.append(not self._fits(number) or (self._may_be_volts and _is_like_volts(number)))
        if len(self._odd) >= _PROBATION and (self.refusal or _are_many(sum(self._odd), len(self._odd))):
            self._odd.clear()
            self._find_out(list(self._last))

    @property
    def _may_be_volts(self) -> bool:
        return self._given is None and self._said.adc_max is None

    def _fits(self, number: float) -> bool:
        if self._unit == "adc":
            return (
                -self._adc_max - 1 <= number <= self._adc_max
                if self._signed
                else 0 <= number <= self._adc_max
            )
        return self._signed or self._unit != "v" or number >= 0

    def _mv(self, number: float) -> float:
        value = (number - self._zero) * self._factor
        return value if abs(value) <= MOST_MV else math.nan

    def _find_out(self, numbers: Sequence[float]) -> None:
        values = np.asarray(numbers)
        self.refusal = ""
        if self._unit == "v":
            self._find_volts(values)
        elif self._may_be_volts and sum(map(_is_like_volts, numbers)) >= values.size / 2:
            self.refusal = f"{_range(values)} are no counts. {_volts_or_mv(values, self._said.vref_v)}"
        elif _are_many(_count(values < 0), values.size) and not self._signed:
            self._find_signed(values)
        elif _are_many(_count(np.abs(values) > self._adc_max), values.size):
            self._find_bits(values)

    def _find_volts(self, values: NDArray[np.float64]) -> None:
        if self._said.gain is None and np.abs(values).max() < _MOST_AT_ELECTRODES_V:
            self._find("volts at the electrodes (gain=1)", gain=1.0, signed=True)
        elif _are_many(_count(values < 0), values.size) and self._said.signed is None:
            self._find("volts with a sign (signed=true)", signed=True)

    def _find_signed(self, values: NDArray[np.float64]) -> None:
        if self._said.signed is False or self._said.adc_max is None:
            self.refusal = (
                f"{_range(values)} arrive, and a converter gives no negative counts unless it is said. Write"
                " signed=true and adc_max=, the largest positive count (2047 for 12 bits, 32767 for 16),"
                " or unit=uv or unit=mv."
            )
            return
        self._find(f"counts with a sign (signed=true, adc_max={self._adc_max})", signed=True)

    def _find_bits(self, values: NDArray[np.float64]) -> None:
        above = np.abs(values[np.abs(values) > self._adc_max])
        wanted = next((2**bits - 1 for bits in _BITS if np.mean(above < 2**bits) >= _MID_SCALE[1]), None)
        write = f"write adc_max={wanted}, and vref_v and gain" if wanted else "write unit=uv or unit=mv"
        base = float(np.median(values))
        sure = (
            wanted is not None
            and wanted < 2**_MOST_BITS
            and _SURE_SCALE[0] <= base / wanted <= _SURE_SCALE[1]
        )
        if sure and wanted is not None and self._said.adc_max is None and not self._signed:
            self._find(f"counts of a {wanted.bit_length()}-bit converter (adc_max={wanted})", adc_max=wanted)
        else:
            self.refusal = f"{_range(values)} arrive, above adc_max={self._adc_max}: {write}."


def _count(of: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(of))


def _are_many(odd: int, of: int) -> bool:
    return odd >= max(_LEAST_ODD, _ODD_SHARE * of)


def _is_like_volts(number: float) -> bool:
    """Say whether a number is too small and too fine for a count."""
    return abs(number) <= _MOST_LIKE_VOLTS and number != round(number)


def _volts_or_mv(values: NDArray[np.float64], vref_v: float) -> str:
    behind = _MID_SCALE[0] * vref_v <= float(np.median(values)) <= _MID_SCALE[1] * vref_v
    return (
        "Write unit=v if they are volts, or unit=mv."
        if behind
        else "Write unit=mv if they are millivolts, or unit=v."
    )


def _range(values: NDArray[np.float64]) -> str:
    return f"Numbers from {values.min():g} to {values.max():g}"
