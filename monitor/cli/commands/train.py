"""The command ``train``: hands over to the training of a shipped model."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping

from ecgmon.monitor.cli.options import Words, command
from ecgmon.monitor.core.extras import require

TRAININGS: Mapping[str, str] = {
    "adaptive": "The beat classifier that is used unless told otherwise.",
    "arrhythminet": "The beat classifiers that see one beat at a time.",
    "rpeak": "The finder of R waves.",
    "vf": "The detector of ventricular fibrillation.",
    "af": "The detector of atrial fibrillation.",
    "quality": "The index of signal quality.",
}
"""What can be trained, each by ``main(words)`` of ``ecgmon.models.NAME.__main__``, and what it is."""

_EXAMPLES = """\
examples:
  ecgmon train adaptive                          train, or go on where it stopped
  ecgmon train adaptive train --data-dir ~/ecg   with the folder of the databases
  ecgmon train arrhythminet train --help         what can be chosen

ECGMON_DATA names the folder of the databases. Ctrl-C stops; the same command
goes on.
"""

app = command("train", _EXAMPLES)


def train(name: str, words: tuple[str, ...]) -> int:
    """Run the training's own command line; without words of its own it trains.

    Parameters
    ----------
    name : str
        One of `TRAININGS`.
    words : tuple of str
        What the training is told.

    Raises
    ------
    MissingExtraError
        If torch or another part of training is not installed.
    """
    require("Training", "train", "torch", "onnx", "scipy")
    module = importlib.import_module(f"ecgmon.models.{name}.__main__")
    return int(module.main(words or ("train",)))


def _command(name: str) -> Callable[..., int]:
    def of_one(*words: Words) -> int:
        return train(name, words)

    return of_one


for _name, _line in TRAININGS.items():
    app.command(_command(_name), name=_name, help=_line, help_flags=[], version_flags=[])
