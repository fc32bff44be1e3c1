"""The one door for names from outside: what is called alike is told apart, and all of it can be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ecgmon.monitor.core.events import SampleBlock, SourceStatus
from ecgmon.monitor.core.names import LONGEST_NAME, device_name, printable, told_apart
from ecgmon.monitor.ingest.base import Source, TellsApart

LEAD_CHARACTERS = 40
DETAIL_CHARACTERS = 600
LONGEST_TOLD_APART = 2 * LONGEST_NAME


class DeviceNames:
    """Names of devices that are unique over all sources.

    A source that is one device has its own name. Of devices that several sources call alike, the
    first heard keeps the name; others are called ``bed1@broker:1883``, after their source.

    Parameters
    ----------
    sources : sequence of Source
        All sources, in their order.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self._reserved = {source.name: source.name for source in sources}
        self._sources = {source.name: source for source in sources}
        self._owners: dict[str, str] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._leads: dict[tuple[str, ...], tuple[str, ...]] = {}

    def origin(self, name: str) -> str:
        """Return who has a name in this run: the source, and what it knows the device by.

        What was kept of another run under the same name is of the same patient only if this is equal.
        """
        source_name = self._owners.get(name, "")
        source = self._sources.get(source_name)
        device = next((theirs for (_, theirs), ours in self._names.items() if ours == name), "")
        identity = source.identity(device) if isinstance(source, TellsApart) else device
        return f"{source_name} {identity}"

    def told_apart(self, source: str, item: SampleBlock | SourceStatus) -> SampleBlock | SourceStatus:
        """Return a block or status of a source under the name that its device has here."""
        device = self._name(source, item.device)
        if isinstance(item, SampleBlock):
            leads = self._shown(item.leads)
            same = device == item.device and leads == item.leads
            return item if same else replace(item, device=device, leads=leads)
        detail = printable(item.detail, DETAIL_CHARACTERS)
        same = device == item.device and detail == item.detail
        return item if same else replace(item, device=device, detail=detail)

    def forget(self, name: str) -> None:
        """Give a name free."""
        self._owners.pop(name, None)
        self._names = {key: other for key, other in self._names.items() if other != name}

    def _name(self, source: str, device: str) -> str:
        name = self._names.get((source, device))
        if name is None:
            shown = device if device.isprintable() and 0 < len(device) <= LONGEST_TOLD_APART else ""
            name = shown or device_name(device)
            if self._reserved.get(name, self._owners.get(name, source)) != source:
                name = f"{name}@{device_name(source)}"
            if len(name) > LONGEST_TOLD_APART or self._owners.get(name, source) != source:
                name = told_apart(name, f"{source}\x00{device}")
            self._owners[name] = source
            self._names[source, device] = name
        return name

    def _shown(self, leads: tuple[str, ...]) -> tuple[str, ...]:
        if len(self._leads) > LONGEST_NAME:
            self._leads.clear()
        if leads not in self._leads:
            self._leads[leads] = tuple(printable(lead, LEAD_CHARACTERS) or "ECG" for lead in leads)
        return self._leads[leads]
