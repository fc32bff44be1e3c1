"""Takes what people write for a record or a source, and makes of it an address, or the right advice."""

from __future__ import annotations

import re
import shlex
import stat
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from ecgmon.monitor.core.errors import UsageError

SOURCE_ADDRESSES = """\
source addresses:
  replay:200                        a record of the MIT-BIH Arrhythmia Database
  replay:svdb/800?speed=max         another database, as fast as possible
  replay:./folder/rec?channel=V1    files of your own, lead by name
  serial:/dev/ttyUSB0?device=cyton  a device on a port; see 'ecgmon devices'
  mqtt://broker/ecg/+/raw           all that publish there (mqtts: with TLS)
A record's name or path alone is taken as replay:RECORD.
"""

_SCHEME = re.compile(r"([a-z][a-z0-9+]+):")
"""At least two letters: ``C:`` is a drive."""

_PORT = re.compile(r"COM\d+|\\\\\.\\COM\d+|/dev/.+", re.IGNORECASE)
_PHYSIONET = re.compile(r"/(?:files|content|static/published-projects)/(\w+)/[^/]+/(\w+)(?:\.\w+)?/?")


def replay_address(record: str) -> str:
    """Return the source address of a record."""
    return f"replay:{quote(record, safe='/~', errors='surrogateescape')}"


def as_source(text: str) -> str:
    """Return the source address that somebody means; a record needs no ``replay:`` before it.

    Raises
    ------
    UsageError
        It is a device whose kind is not said, or a web address.
    """
    scheme = _scheme(text)
    if scheme in ("http", "https"):
        raise _web(text)
    if scheme:
        return text
    if is_port(text):
        raise UsageError(
            f"{text} is a port; what is connected to it is not said.",
            f"Write --source '{_serial(text)}'. 'ecgmon devices' lists what KIND can be.",
        )
    return replay_address(text)


def as_replay(text: str) -> str:
    """Return the source address of the record that somebody means; one with its options stays as it is.

    Raises
    ------
    UsageError
        As in `as_record`.
    """
    return text if _scheme(text) == "replay" else replay_address(as_record(text))


def as_record(text: str) -> str:
    """Return the record that somebody means, by its name or as an address of its replay.

    Raises
    ------
    UsageError
        It is a device, a broker or a web address: the message names the command for it. Or it is
        an address with options, where nothing is replayed.
    """
    scheme = _scheme(text)
    if scheme == "replay":
        record, _, options = text.removeprefix("replay:").partition("?")
        if options:
            raise UsageError(
                f"{text} says how to replay a record, and here none is replayed.",
                f"Name the record alone: {shlex.quote(unquote(record, errors='surrogateescape'))}",
            )
        return unquote(record, errors="surrogateescape")
    if scheme in ("http", "https"):
        raise _web(text)
    if scheme:
        raise UsageError(f"{text} is no record but a source.", f"Run: ecgmon run --source '{text}'")
    if is_port(text):
        raise UsageError(
            f"{text} is a device, not a record.",
            f"Run: ecgmon run --source '{_serial(text)}'. 'ecgmon devices' lists what KIND can be.",
        )
    return text


def advice(text: str) -> str:
    """Return the command for something that was given in place of a command; empty if there is none."""
    if _scheme(text) in ("http", "https"):
        return str(_web(text))
    if _scheme(text):
        return f"Run: ecgmon run --source '{text}'"
    if is_port(text):
        return f"Run: ecgmon run --source '{_serial(text)}'"
    looks_like_a_record = text.isdigit() or "/" in text or Path(text).exists()
    return f"Run: ecgmon replay {shlex.quote(text)}" if looks_like_a_record else ""


def _scheme(text: str) -> str:
    found = _SCHEME.match(text)
    return found[1] if found else ""


def is_port(text: str) -> bool:
    """Say whether a text is the name of a serial port, or the path of a character device."""
    if _PORT.fullmatch(text):
        return True
    try:
        return stat.S_ISCHR(Path(text).expanduser().stat().st_mode)
    except (OSError, ValueError, RuntimeError):
        return False


def _serial(port: str) -> str:
    return f"serial:{port}?device=KIND"


def _web(text: str) -> UsageError:
    """Return what to do with a web address; PhysioNet's own name a record."""
    parts = urlsplit(text)
    found = _PHYSIONET.match(parts.path) if parts.hostname in ("physionet.org", "www.physionet.org") else None
    if found is not None:
        return UsageError(
            f"{text} is a web address.",
            f"Name the record, and it is fetched: {found[1]}/{found[2]}",
        )
    return UsageError(
        f"{text} is a web address, and no source.",
        "Download the record and name its files, or connect through a broker: mqtt://HOST/TOPIC.",
    )
