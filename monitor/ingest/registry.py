"""Which source opens which address."""

from __future__ import annotations

from collections.abc import Callable

from ecgmon.monitor.core.errors import PluginError, UsageError
from ecgmon.monitor.core.plugins import Registry, lacking
from ecgmon.monitor.ingest.address import Address
from ecgmon.monitor.ingest.base import Source
from ecgmon.monitor.ingest.settings import SourceSettings

Opener = Callable[[Address, SourceSettings], Source]
"""Takes an address of its scheme and all settings of sources; returns the source, not yet entered."""

SOURCES = Registry(
    "ecgmon.sources",
    {
        "replay": "ecgmon.monitor.ingest.replay:open_replay",
        "serial": "ecgmon.monitor.ingest.serial:open_serial",
        "mqtt": "ecgmon.monitor.ingest.mqtt:open_mqtt",
        "mqtts": "ecgmon.monitor.ingest.mqtt:open_mqtt",
    },
    fits=lambda part: "" if callable(part) else f"it is a {type(part).__name__} and not a function",
)
"""Scheme of an address to the `Opener` of its source."""


def open_source(text: str, settings: SourceSettings) -> Source:
    """Return the source that an address names; nothing is opened until it is entered.

    Parameters
    ----------
    text : str
        Source address, such as ``replay:200?speed=max``.
    settings : SourceSettings
        What the address leaves unsaid.

    Raises
    ------
    UsageError
        No such kind of source, or an option is refused.
    PluginError
        The source of another package fails or does not fit.
    """
    address = Address.parse(text)
    scheme = address.scheme
    if scheme not in SOURCES:
        known = ", ".join(f"{name}:" for name in SOURCES.names())
        close = SOURCES.close_to(scheme)
        hint = f"Did you mean {close}:?" if close else f"Known: {known}."
        raise UsageError(f"There is no source of kind {scheme!r} ({address.shown}).", hint)
    opener: Opener = SOURCES.load(scheme)
    with SOURCES.blaming(scheme, "fails to open a source"):
        source = opener(address, settings)
    lacks = lacking(source, _PROMISES)
    if lacks:
        raise PluginError(
            f"The source {scheme}: of the package {SOURCES.package(scheme)} lacks {lacks}.",
            "docs/extending.md says what a source has; update or remove the package.",
        )
    return source


_PROMISES = ("name", "live", "__aenter__", "__aexit__", "__aiter__")


def open_sources(addresses: tuple[str, ...], settings: SourceSettings) -> list[Source]:
    """Return the sources of several addresses.

    Raises
    ------
    UsageError
        Two of them would carry the same device name, or one is refused.
    """
    sources = [open_source(address, settings) for address in addresses]
    names = [source.name for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"Two sources are both named {name!r}.", "Name them apart, such as replay:200?device=bed2."
            )
    return sources
