"""Writes the quality network as plain numbers: per second of one stream they run faster than a graph."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from ecgmon.monitor.dsp.quality_model import QualityModel

DIGITS = 6
"""Decimals that are kept."""


def to_weights(model: QualityModel) -> dict[str, Any]:
    """Return the numbers of a model as lists, rounded to six decimals."""
    return {item.name: np.round(getattr(model, item.name), DIGITS).tolist() for item in fields(model)}
