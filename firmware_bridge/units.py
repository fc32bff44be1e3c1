"""Units of an ECG as people write them, and counts and volts of a converter as millivolts."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from ecgmon.monitor.core.config import Settings

Unit = Literal["adc", "mv", "uv", "v"]

DEFAULT_ADC_MAX = 1023
DEFAULT_GAIN = 1100.0
MOST_MV = 1e6
"""A kilovolt: no signal of a body or of an amplifier is greater."""

_MV = {"mv": 1.0, "uv": 1e-3, "v": 1e3}

_WRITTEN: dict[str, Unit] = {
    **dict.fromkeys(("mv", "millivolt", "millivolts"), "mv"),
    **dict.fromkeys(("uv", "μv", "microvolt", "microvolts", "mikrovolt"), "uv"),
    **dict.fromkeys(("v", "volt", "volts"), "v"),
    **dict.fromkeys(("adc", "count", "counts", "lsb", "adu", "digits"), "adc"),
}


class ConverterSettings(Settings):
    """How counts and volts of an analogue-to-digital converter become millivolts.

    Parameters
    ----------
    adc_max : int, optional
        Largest number the converter gives: 1023 for 10 bits, 4095 for 12.
    vref_v : float
        Reference of the converter in volts.
    gain : float, optional
        Gain of the amplifier; 1100, that of an AD8232 board, unless given.
    signed : bool, optional
        0 is 0 mV; false: half of the range is. Found out unless given.
    """

    adc_max: int | None = Field(default=None, gt=0, lt=2**32)
    vref_v: float = Field(default=3.3, gt=0, le=1000)
    gain: float | None = Field(default=None, gt=0, le=1e9)
    signed: bool | None = None


def unit_of(text: object) -> Unit | None:
    """Return the unit that a word means, such as ``µV`` or ``[microvolts]``; None for none."""
    return _WRITTEN.get(unicodedata.normalize("NFKC", str(text)).strip(" []()").lower())


WrittenUnit = Annotated[Unit, BeforeValidator(lambda value: unit_of(value) or value)]
"""A unit in settings, as people write it."""


def factor_mv(unit: Unit, settings: ConverterSettings) -> float:
    """Return the millivolts of one unit; volts are those behind the amplifier."""
    gain = settings.gain or DEFAULT_GAIN
    if unit == "adc":
        return settings.vref_v / (settings.adc_max or DEFAULT_ADC_MAX) / gain * 1e3
    return _MV[unit] / gain if unit == "v" else _MV[unit]


def zero_of(unit: Unit, settings: ConverterSettings) -> float:
    """Return the number that means 0 mV: half of the range of a converter, unless its numbers have a sign."""
    if settings.signed or unit in ("mv", "uv"):
        return 0.0
    return (settings.adc_max or DEFAULT_ADC_MAX) / 2 if unit == "adc" else settings.vref_v / 2
