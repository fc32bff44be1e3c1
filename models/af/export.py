"""Writes the classifier of atrial fibrillation as plain numbers."""

from __future__ import annotations

from typing import Any

from ecgmon.monitor.rhythm.af_model import AfModel


def to_weights(model: AfModel) -> dict[str, Any]:
    """Return the numbers of a model: one weight a feature, and the bias."""
    return {"weights": list(model.weights), "bias": model.bias}
