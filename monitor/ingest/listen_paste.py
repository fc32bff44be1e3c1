"""What to write so that a source is read: its address for the command line, and lines for a settings file."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ecgmon.firmware_bridge.decoders import port_speed
from ecgmon.monitor.core.errors import SettingsError
from ecgmon.monitor.ingest.address import Address

_UNTOUCHED = "/:+#~@"
_IN_OPTIONS = "/:,.+"


@dataclass(frozen=True, slots=True)
class Paste:
    """What reads a source.

    Parameters
    ----------
    address : str
        Source address; all is in it unless ``needs_file``.
    toml : str
        The same as lines of a settings file.
    needs_file : bool
        Not all of it can be said in an address.
    """

    address: str
    toml: str
    needs_file: bool = False

    @property
    def command(self) -> str:
        """What to type; with a settings file where there is no other way."""
        if self.needs_file:
            return "ecgmon run --config ecg.toml"
        return f"ecgmon run --source {shlex.quote(self.address)}"


def serial_paste(path: str, device: str, baud: int | None, options: Mapping[str, object]) -> Paste:
    """Return what reads a device on a port, or a capture.

    Parameters
    ----------
    path : str
        Port or file.
    device : str
        Name of the decoder.
    baud : int or None
        Speed of the port; None where there is none.
    options : mapping
        Options of the decoder.
    """
    said: dict[str, object] = {"device": device}
    if baud is not None and baud != _usual_speed(device, options):
        said["baud"] = baud
    address = f"serial:{quote(path, safe=_UNTOUCHED)}{_query({**said, **options})}"
    lines = [f"sources = [{_toml(f'serial:{quote(path, safe=_UNTOUCHED)}')}]", "", "[serial]"]
    lines += [f"{key} = {_toml(value)}" for key, value in said.items()]
    if options:
        lines += ["", "[serial.options]", *(f"{key} = {_toml(value)}" for key, value in options.items())]
    return Paste(address, "\n".join(lines))


def _usual_speed(device: str, options: Mapping[str, object]) -> int | None:
    try:
        return port_speed(device, options)
    except SettingsError:
        return None


def topic_paste(address: Address, pattern: str, options: Mapping[str, Any]) -> Paste:
    """Return what reads topics of a broker.

    Parameters
    ----------
    address : Address
        Where it is, with the options that the user has said.
    pattern : str
        Topics, ``+`` and ``#`` standing for any.
    options : mapping
        Settings of ``[mqtt]``; its fields as a table.
    """
    host = f"[{address.host}]" if ":" in address.host else address.host
    port = f":{address.port}" if address.port else ""
    start = f"{address.scheme}://{host}{port}/" if host else f"{address.scheme}:"
    source = start + quote(pattern, safe=_UNTOUCHED)
    flat = {key: value for key, value in options.items() if key != "fields"}
    fields: Mapping[str, str] = options.get("fields", {})
    lines = [f"sources = [{_toml(source + _query(address.options))}]"]
    if flat:
        lines += ["", "[mqtt]", *(f"{key} = {_toml(value)}" for key, value in flat.items())]
    if fields:
        lines += ["", "[mqtt.fields]", *(f"{key} = {_toml(value)}" for key, value in fields.items())]
    return Paste(source + _query({**address.options, **flat}), "\n".join(lines), bool(fields))


def common_pattern(topics: Sequence[str]) -> str:
    """Return the narrowest pattern for some topics: ``+`` for the level in which they differ.

    Parameters
    ----------
    topics : sequence of str
        At least one.

    Returns
    -------
    str
        Empty if they differ in more than one level or in their number.
    """
    split = [topic.split("/") for topic in topics]
    if len({len(levels) for levels in split}) > 1:
        return ""
    levels = ["+" if len(set(names)) > 1 else names[0] for names in zip(*split, strict=True)]
    return "/".join(levels) if levels.count("+") <= 1 else ""


def _query(options: Mapping[str, object]) -> str:
    pairs = [f"{key}={quote(_text(value), safe=_IN_OPTIONS)}" for key, value in options.items()]
    return "?" + "&".join(pairs) if pairs else ""


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return ",".join(map(_text, value)) if isinstance(value, tuple | list) else str(value)


def _toml(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    return _text(value)
