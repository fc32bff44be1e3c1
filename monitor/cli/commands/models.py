"""The command ``models``: what can be given to ``--model``, and the learned parts of every chain."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ecgmon.monitor.cli.options import command
from ecgmon.monitor.core.errors import ModelError, PluginError

if TYPE_CHECKING:
    from ecgmon.monitor.core.zoo import ZooEntry

app = command("models")


@app.default
def models() -> int:
    """Print a line for each model; one that cannot be served says why."""
    from ecgmon.monitor.inference.registry import chain_parts, list_models, shipped_models

    default, _ = shipped_models()
    for entry in list_models():
        mark = "*" if entry.name == default else " "
        sys.stdout.write(f"{mark} {entry.name:<20} {entry.origin:<10} {_about(entry)}\n")
    sys.stdout.write("\n* is used unless --model names another.\n\nParts of every chain:\n")
    for part in chain_parts():
        sys.stdout.write(f"  {part.name:<20} {part.origin:<10} {_about(part)}\n")
    return 0


def _about(entry: ZooEntry) -> str:
    from ecgmon.monitor.inference.contract import ModelContract

    try:
        contract = entry.contract()
    except (ModelError, PluginError) as error:
        return f"refused: {error}"
    scores = ", ".join(f"{name} {value:.3f}" for name, value in list(contract.scores.items())[:3])
    symbols = " ".join(contract.symbols) if isinstance(contract, ModelContract) else contract.kind
    return f"{contract.version:<8} {entry.size_bytes / 1024:4.0f} KB  {symbols:<10} {scores}"
