"""The command ``train``: hands over to the training of a shipped model."""

from __future__ import annotations

import argparse
import importlib
import importlib.util

from ecgmon.monitor.core.errors import MissingExtraError

TRAININGS = {
    "adaptive": "ecgmon.models.adaptive.__main__",
    "arrhythminet": "ecgmon.models.arrhythminet.__main__",
    "rpeak": "ecgmon.models.rpeak.__main__",
    "vf": "ecgmon.models.vf.__main__",
    "af": "ecgmon.models.af.__main__",
    "quality": "ecgmon.models.quality.__main__",
}
"""What can be trained, and the module whose commands do it."""


def train(arguments: argparse.Namespace) -> int:
    """Run the training's own command line; without words of its own it trains.

    Raises
    ------
    MissingExtraError
        If torch or another part of training is not installed.
    """
    for part in ("torch", "onnx", "wfdb"):
        if importlib.util.find_spec(part) is None:
            raise MissingExtraError(
                f"Training needs {part}, which is not installed.", "Run: pip install 'ecgmon[train]'"
            )
    module = importlib.import_module(TRAININGS[arguments.what])
    return int(module.main(arguments.words or ["train"]))
