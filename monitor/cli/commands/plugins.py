"""The command ``plugins``: what other packages add, and what of it is broken."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from ecgmon.monitor.cli.options import command

if TYPE_CHECKING:
    from ecgmon.monitor.core.plugins import Registry

_KINDS = {
    "decoder": "ecgmon.firmware_bridge.decoders:DECODERS",
    "source": "ecgmon.monitor.ingest.registry:SOURCES",
    "output": "ecgmon.monitor.outputs.registry:OUTPUTS",
    "alarm": "ecgmon.monitor.alarms.catalogue:ALARMS",
    "model": "ecgmon.monitor.inference.registry:MODELS",
}


app = command("plugins")


@app.default
def plugins() -> int:
    """Print a line for each part of another package."""
    lines = [line for kind, where in _KINDS.items() for line in _lines(kind, _registry(where))]
    sys.stdout.write(
        "".join(lines) or "No other package adds a part (docs/extending.md says how one does).\n"
    )
    return 0


def _registry(where: str) -> Registry:
    module, _, attribute = where.partition(":")
    registry: Registry = getattr(importlib.import_module(module), attribute)
    return registry


def _lines(kind: str, registry: Registry) -> list[str]:
    from ecgmon.monitor.core.plugins import OURS

    foreign = (offer for offer in registry.offers() if offer.package != OURS)
    return [
        f"{kind:<8} {offer.name:<20} {offer.package:<20} {offer.problem or 'works'}\n" for offer in foreign
    ]
