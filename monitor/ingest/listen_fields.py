"""Which field of a message is what: guessed from names and values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ecgmon.firmware_bridge.text.names import role_of
from ecgmon.firmware_bridge.units import unit_of
from ecgmon.monitor.ingest.live_settings import JsonFields
from ecgmon.monitor.ingest.message import RefusedError, read_samples

_DEEPEST = 4
_MOST_FIELDS = 64
_CLOCK = re.compile(r"time|stamp|start|date|clock")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NAMED: Mapping[str, frozenset[str]] = {
    "device": _words("device deviceid deviceidentifier devicename id name mac serial sensor patient bed"),
    "fs_hz": _words(
        "fshz fs rate hz sps srate samplerate sampleratehz samplingrate samplingratehz samplingfrequency"
        " samplefrequency frequency freq"
    ),
    "t0": frozenset(("t0", "t", "ts")),
    "seq": _words("seq sequence seqno seqnr counter count packet packetid packetno frame index idx n nr"),
    "unit": frozenset(("unit", "units", "uom")),
    "lead": _words("lead leads leadname channel channels"),
    "lead_off": _words("leadoff leadsoff electrodeoff off lod detached"),
    "battery_percent": _words("batterypercent battery bat batt batterylevel soc charge"),
}
"""What fields other than the samples are called, without case and signs between words."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A field that holds no further fields.

    Parameters
    ----------
    path : str
        Its name, dots leading into inner objects.
    value : object
        What it holds.
    """

    path: str
    value: Any

    @property
    def name(self) -> str:
        """The last of the names."""
        return self.path.rpartition(".")[2]

    @property
    def bare(self) -> str:
        """The last of the names, without case and signs."""
        return re.sub(r"[\W_]+", "", self.name).lower()

    @property
    def kind(self) -> str:
        """What it holds, in words."""
        value = self.value
        if isinstance(value, bool) or value is None:
            return json.dumps(value)
        if isinstance(value, list):
            return f"list of {len(value)}"
        return "text" if isinstance(value, str) else "number"


def leaves(message: Mapping[str, Any], before: str = "", depth: int = _DEEPEST) -> Iterator[Leaf]:
    """Yield the fields of a message that can be named in the settings."""
    for name, value in message.items():
        if not name or "." in name or not name.isprintable():
            continue
        if isinstance(value, dict) and depth:
            yield from leaves(value, f"{before}{name}.", depth - 1)
        else:
            yield Leaf(before + name, value)


def guessed_fields(message: Mapping[str, Any]) -> list[JsonFields]:
    """Return what the fields of a message may be called, the likeliest samples first.

    Parameters
    ----------
    message : mapping
        A JSON object.

    Returns
    -------
    list of JsonFields
        Empty if nothing in it can be samples.
    """
    found = list(leaves(message))[:_MOST_FIELDS]
    named = {field: _path_of(field, found) for field in _NAMED}
    taken = set(named.values())
    samples = [leaf for leaf in found if leaf.path not in taken and _samples_in(leaf)]
    samples.sort(key=_unlikely)
    known = {field: path for field, path in named.items() if path}
    return [JsonFields.model_validate({**known, "samples": leaf.path}) for leaf in samples]


def _path_of(field: str, found: list[Leaf]) -> str:
    """Return the path of a field: as it is called by default, else as others call it; empty without one."""
    if any(leaf.path == field for leaf in found):
        return field
    fitting = [leaf for leaf in found if _is_called(field, leaf.bare) and _fits(field, leaf.value)]
    return fitting[0].path if fitting else ""


def _is_called(field: str, bare: str) -> bool:
    return bare in _NAMED[field] or (field == "t0" and _CLOCK.search(bare) is not None)


def _fits(field: str, value: Any) -> bool:
    if field == "unit":
        return unit_of(value) is not None
    if field == "lead":
        return isinstance(value, str) or (
            isinstance(value, list) and all(isinstance(one, str) for one in value)
        )
    if field == "lead_off":
        return isinstance(value, bool) or value in (0, 1)
    if field == "device":
        return isinstance(value, str | int) and not isinstance(value, bool)
    if field == "t0":
        return isinstance(value, str | int | float) and not isinstance(value, bool)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _samples_in(leaf: Leaf) -> int:
    """Return how many samples a field may hold; 0 if it holds none."""
    if (
        isinstance(leaf.value, bool)
        or leaf.value is None
        or role_of(leaf.name).kind in ("time", "count", "other")
    ):
        return 0
    try:
        rows = read_samples(leaf.value, text_numbers=True)
    except RefusedError:
        return 0
    return len(rows[0])


def _unlikely(leaf: Leaf) -> tuple[bool, bool, int, int]:
    role = role_of(leaf.name)
    n = _samples_in(leaf)
    outer = [role_of(part) for part in leaf.path.split(".")]
    named = any(one.kind == "ecg" for one in outer) or leaf.bare == "samples"
    return n <= 1, not named, role.rank if role.kind == "ecg" else 99, -n
