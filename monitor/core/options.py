"""Options of a source address: checked like a settings file, and refused in words as plain."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from pydantic import ValidationError

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.errors import SettingsError
from ecgmon.monitor.core.refusal import allowed

SettingsT = TypeVar("SettingsT", bound=Settings)


def checked(kind: type[SettingsT], options: Mapping[str, object], whose: str) -> SettingsT:
    """Return the settings that options make.

    Parameters
    ----------
    kind : type of Settings
        What may be said.
    options : mapping
        Text as it stands in an address is converted, lists are separated by commas; other
        values are taken as they stand.
    whose : str
        Whose options they are, such as ``Device cyton``.

    Raises
    ------
    SettingsError
        An option is unknown, missing or out of its limits; names it, and what is allowed.
    """
    try:
        return kind.model_validate({key: _read(kind, key, value) for key, value in options.items()})
    except ValidationError as error:
        raise SettingsError(_reason(error, kind, whose)) from None


def near(known: Iterable[str], key: str) -> str:
    """Return a hint for an unknown option: the one that was probably meant, else all there are."""
    names = sorted(known)
    close = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
    return f"Did you mean {close[0]}?" if close else f"Its options are: {', '.join(names) or 'none'}."


def _reason(error: ValidationError, kind: type[Settings], whose: str) -> str:
    errors = error.errors(include_url=False)
    # a mistyped option is unknown, and the true one missing: the first says more
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return f"{whose}: {message}."
    key = str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        return f"{whose}: unknown option {key}. {near(kind.model_fields, key)}"
    words = allowed(key, kind.model_fields[key]).replace(" in quotes", "").replace('"', "")
    words = words.replace("a list in square brackets, each", "a list with commas, each")
    if first["type"] == "missing":
        return f"{whose}: the option {key} is missing; it must be {words}."
    reason = message if first["type"] == "value_error" else f"it must be {words}"
    return f"{whose}: {key}={first['input']} is refused: {reason}."


def _read(kind: type[Settings], key: str, value: object) -> object:
    """Split text at commas where a list is wanted, and read it as a number where one of a few is."""
    wanted = kind.model_fields.get(key)
    if wanted is None or not isinstance(value, str):
        return value
    if _is_list(wanted.annotation):
        return tuple(part.strip() for part in value.split(",")) if value else ()
    return next((choice for choice in _numbers(wanted.annotation) if _is_number(value, choice)), value)


def _numbers(annotation: object) -> Iterator[int]:
    """Return the numbers among the choices of a ``Literal``."""
    for choice in typing.get_args(annotation):
        if isinstance(choice, int) and not isinstance(choice, bool):
            yield choice
        else:
            yield from _numbers(choice)


def _is_number(text: str, number: int) -> bool:
    try:
        return float(text) == number
    except ValueError:
        return False


def _is_list(annotation: object) -> bool:
    choices = typing.get_args(annotation)
    return typing.get_origin(annotation) in (tuple, list) or any(map(_is_list, choices))
