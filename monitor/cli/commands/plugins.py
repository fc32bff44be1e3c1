"""The command ``plugins``: what other packages add, and what of it is broken."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from ecgmon.monitor.cli.display import qt_binding
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
_PAGES = "ecgmon.monitor.dashboard.pages.registry"

app = command("plugins")


@app.default
def plugins() -> int:
    """Print a line for each part of another package."""
    lines = [line for kind, where in _KINDS.items() for line in _lines(kind, _registry(where))]
    lines += _pages()
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
    return [_line(kind, offer.name, offer.package, offer.problem or "works") for offer in foreign]


def _line(kind: str, name: str, package: str, state: str) -> str:
    return f"{kind:<8} {name:<20} {package:<20} {state}\n"


def _pages() -> list[str]:
    """Return the lines of pages; Qt is imported only where there is a page, and Qt itself."""
    from ecgmon.monitor.core.extras import install_command
    from ecgmon.monitor.core.plugins import Registry

    offered = Registry("ecgmon.pages", {})
    if not offered.names():
        return []
    try:
        if qt_binding() is not None:
            return _lines("page", importlib.import_module(_PAGES).page_registry())
    except ImportError:  # a library of the system that Qt needs is missing
        pass
    state = f"needs the window, which is not installed: {install_command('gui')}"
    return [_line("page", name, offered.package(name), state) for name in offered.names()]
