"""Source addresses: ``replay:200?speed=1``, ``serial:/dev/ttyUSB0?device=cyton``, ``mqtt://host/ecg/+/raw``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import ValidationError

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.errors import UsageError
from ecgmon.monitor.core.secrets import shown_address

SettingsT = TypeVar("SettingsT", bound=Settings)

_SCHEME = re.compile(r"([a-z][a-z0-9+]*):")


@dataclass(frozen=True, slots=True)
class Address:
    """A source address in its parts.

    Parameters
    ----------
    text : str
        The address as written.
    scheme : str
        What stands before the first colon.
    path : str
        Record, port or topic; without a leading slash where a host came first.
    host : str
        Network host, if any.
    port : int or None
        Network port, if any.
    options : mapping of str to str
        What stands behind the question mark.
    """

    text: str
    scheme: str
    path: str
    host: str = ""
    port: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Address:
        """Take an address apart.

        Raises
        ------
        UsageError
            The address makes no sense.
        """
        scheme = _SCHEME.match(text)
        if scheme is None:
            raise UsageError(
                f"{shown_address(text)!r} is not a source address.",
                "Write for example replay:200 or replay:200?speed=max.",
            )
        # '#' and '+' are wildcards of MQTT topics and not URL syntax
        try:
            parts = urlsplit(text.replace("#", "%23"))
            host, port = parts.hostname or "", parts.port
        except ValueError:  # its words would repeat what may be a password
            shown = shown_address(text)
            raise UsageError(f"Source address {shown!r} has an impossible host or port.") from None
        if "@" in parts.netloc:
            raise UsageError(
                "A source address carries no user or password.",
                "Command lines and logs are not secret; put them in the settings file.",
            )
        path = unquote(parts.path, errors="surrogateescape")
        path = path.removeprefix("/") if parts.netloc else path
        if not path:
            raise UsageError(f"Source address {shown_address(text)!r} does not say what to open.")
        pairs = parse_qsl(parts.query.replace("+", "%2B"), keep_blank_values=True)
        return cls(text, scheme[1], path, host, port, dict(pairs))

    @property
    def shown(self) -> str:
        """The address without its options, which might hold a secret."""
        return self.text.partition("?")[0]

    def apply(self, defaults: SettingsT) -> SettingsT:
        """Return settings in which the address's options replace the defaults.

        Raises
        ------
        UsageError
            An option is unknown or its value is refused.
        """
        kind = type(defaults)
        try:
            return kind.model_validate({**defaults.model_dump(), **self.options})
        except ValidationError as error:
            raise self._refusal(kind, error) from None  # what it was raised from would show all options

    def _refusal(self, kind: type[Settings], error: ValidationError) -> UsageError:
        """Return why an option is refused, and what is allowed."""
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        if first["type"] == "extra_forbidden":
            now = kind.renaming(name)
            if now is not None:
                option = now.replace(" = ", "=").replace('"', "")
                return UsageError(f"{self.shown}: {name} is now {option}.")
            import difflib  # noqa: PLC0415 - only a mistyped option needs it

            close = difflib.get_close_matches(name, kind.model_fields, n=1)
            near = f"Did you mean {close[0]}? " if close else ""
            known = ", ".join(sorted(kind.model_fields))
            return UsageError(f"{self.shown}: unknown option {name!r}.", f"{near}Known: {known}.")
        reason = first["msg"].removeprefix("Value error, ")
        if not name:
            return UsageError(f"{self.shown} is refused: {reason}.")
        return UsageError(f"{self.shown}: {name}={self.options.get(name)} is refused: {reason}.")
