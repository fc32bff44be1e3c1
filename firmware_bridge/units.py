"""Units of an ECG as people write them, and counts and volts of a converter as millivolts."""

from __future__ import annotations

import unicodedata
from typing import Literal

from pydantic import Field

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


def unit_of(text: str) -> Unit | None:
    """Return the unit that a word means, such as ``µV`` or ``[microvolts]``; None for none."""
    return _WRITTEN.get(unicodedata.normalize("NFKC", text).strip(" []()").lower())


def factor_mv(unit: Unit, settings: ConverterSettings, adc_max: int, gain: float) -> float:
    """Return the millivolts of one unit.

    Parameters
    ----------
    unit : {"adc", "mv", "uv", "v"}
        What numbers are. Volts are those behind the amplifier.
    settings : ConverterSettings
        Its reference is used.
    adc_max : int
        Largest count of the converter.
    gain : float
        Gain of the amplifier.
    """
    if unit == "adc":
        return settings.vref_v / adc_max / gain * 1e3
    return _MV[unit] / gain if unit == "v" else _MV[unit]
