"""Which source opens which address."""

from __future__ import annotations

import difflib
import importlib

from ecgmon.monitor.core.errors import UsageError
from ecgmon.monitor.ingest.address import Address
from ecgmon.monitor.ingest.base import Source
from ecgmon.monitor.ingest.settings import SourceSettings

_OPENERS = {
    "replay": "ecgmon.monitor.ingest.replay:open_replay",
    "serial": "ecgmon.monitor.ingest.serial:open_serial",
    "mqtt": "ecgmon.monitor.ingest.mqtt:open_mqtt",
    "mqtts": "ecgmon.monitor.ingest.mqtt:open_mqtt",
}
"""Scheme to function; imported on use, so that a kind of source costs only those who use it."""


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
    """
    address = Address.parse(text)
    opener = _OPENERS.get(address.scheme)
    if opener is None:
        known = ", ".join(f"{scheme}:" for scheme in _OPENERS)
        close = difflib.get_close_matches(address.scheme, _OPENERS, n=1)
        hint = f"Did you mean {close[0]}:?" if close else f"Known: {known}."
        raise UsageError(f"There is no source of kind {address.scheme!r} ({text}).", hint)
    module, _, function = opener.partition(":")
    source: Source = getattr(importlib.import_module(module), function)(address, settings)
    return source


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
