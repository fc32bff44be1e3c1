"""Which settings may read lines or numbers of which nothing is known: columns, units and scales to try."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ecgmon.firmware_bridge.device import Trial
from ecgmon.firmware_bridge.text.columns import numbers, rises
from ecgmon.firmware_bridge.text.line import Line, split_line
from ecgmon.firmware_bridge.units import DEFAULT_GAIN, ConverterSettings, Unit, factor_mv

SCALE_GUESSED = "unit and scale are guessed from the height of the waves"
COLUMN_GUESSED = "the column is the one that moves like an ECG"

_MOST_LINES = 512
_MOST_COLUMNS = 12
_TYPICAL_MV = 1.5
_MID_SCALE_COUNTS, _SIGNED_COUNTS = math.log(10), math.log(2)
"""By such factors of height a base at mid-scale speaks for a converter, and a base at 0 against it."""
_BITS = (10, 12, 14, 16, 18, 20, 24)
_MID_SCALE = (0.1, 0.9)
_VREF_V = 3.3
_RANGE = (0.5, 99.5)


def trials(data: bytes) -> Iterator[Trial]:
    """Return options that may read lines of text: none, then units, then columns with their units.

    Parameters
    ----------
    data : bytes
        What was heard.
    """
    yield Trial()
    lines = _usual_lines(data)
    if not lines:
        return
    columns = len(lines[0].cells)
    for column in range(min(columns, _MOST_COLUMNS)):
        values = numbers(lines, column)
        if values is None or rises(values) or np.ptp(values) == 0:
            continue
        chosen = {"column": column} if columns > 1 else {}
        doubt = COLUMN_GUESSED if columns > 1 else ""
        if chosen:
            yield Trial(chosen, doubt=doubt)
        for scale in scales(values):
            both = f"{doubt}, {SCALE_GUESSED}" if doubt else SCALE_GUESSED
            yield Trial({**chosen, **scale}, doubt=both)


def _usual_lines(data: bytes) -> list[Line]:
    """Return the lines of the shape that most of the first ones have."""
    texts = data.decode(errors="replace").splitlines()[1:_MOST_LINES]
    lines = [split_line(text.strip()) for text in texts if text.strip()]
    if not lines:
        return []
    shape = Counter(line.shape for line in lines).most_common(1)[0][0]
    return [line for line in lines if line.shape == shape]


def scales(values: NDArray[np.float64]) -> list[dict[str, object]]:
    """Return the units and scales that numbers may have, the one that makes the likeliest waves first.

    Parameters
    ----------
    values : array of shape (n,)
        Numbers of one lead, those that miss left out.

    Returns
    -------
    list of dict
        Settings of `ConverterSettings`, and ``unit``.
    """
    if not values.size:
        return []
    low, high = np.percentile(values, _RANGE)
    likely = sorted(_possible(values), key=lambda one: _strangeness(one, float(high - low)))
    return [dict(one) for one in likely]


def _possible(values: NDArray[np.float64]) -> list[dict[str, object]]:
    base, top, negative = float(np.median(values)), float(np.abs(values).max()), bool(np.any(values < 0))
    found: list[dict[str, object]] = [{"unit": "mv"}, {"unit": "uv"}, {"unit": "v"}]
    if np.all(values == np.round(values)):
        full = next((2 ** (bits - negative) - 1 for bits in _BITS if 2 ** (bits - negative) > top), None)
        if full is not None and negative:
            found.append({"unit": "adc", "adc_max": full, "signed": True})
        elif full is not None and _MID_SCALE[0] <= base / full <= _MID_SCALE[1]:
            found.insert(0, {"unit": "adc", "adc_max": full})
    elif not negative and _MID_SCALE[0] <= base / _VREF_V <= _MID_SCALE[1]:
        found.insert(0, {"unit": "v", "gain": DEFAULT_GAIN})
    return found


def _strangeness(options: dict[str, object], swing: float) -> float:
    """Return how far from the usual the waves would be; 0 is usual."""
    settings = ConverterSettings.model_validate({key: options[key] for key in options if key != "unit"})
    unit: Unit = options["unit"]  # type: ignore[assignment]
    factor = 1e3 if unit == "v" and settings.gain is None else factor_mv(unit, settings)
    height_mv = max(swing * factor, 1e-9)
    behind_amplifier = settings.gain is not None or unit == "adc"
    prior = _SIGNED_COUNTS if settings.signed else -_MID_SCALE_COUNTS if behind_amplifier else 0.0
    return abs(math.log(height_mv / _TYPICAL_MV)) + prior
