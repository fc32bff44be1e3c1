"""Says in plain words why a setting is refused and what is allowed."""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.part_settings import field_of, keys_of

_KINDS: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text in quotes",
    Path: "a path in quotes",
}

_UNITS: Mapping[str, str] = {
    "_s": "in seconds",
    "_ms": "in milliseconds",
    "_hz": "in hertz",
    "_mv": "in millivolts",
    "_bpm": "in beats a minute",
    "_samples": "in samples",
    "_percent": "in percent",
}


def explain(error: ValidationError, kind: type[Settings], origin: str) -> str:
    """Return one line on the first thing that is wrong.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.
    kind : type
        The settings class that refused.
    origin : str
        Name of the file, or where else the value came from.
    """
    first = error.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"]]
    table, field, key = _find(kind, path)
    if first["type"] == "extra_forbidden":
        known = sorted(keys_of(table))
        close = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.5)
        hint = f"Did you mean {close[0]}?" if close else f"Allowed here: {', '.join(known)}."
        return f"{origin}: unknown key {'.'.join(path)}. {hint}"
    if field is None:
        return f"{origin}: {key} is refused: {_sentence(first['msg'])}"
    value = first["input"]
    shown = f"{key} = {_shown(value)}"
    if first["type"] == "value_error":
        return f"{origin}: {shown} is refused: {_sentence(first['msg'].removeprefix('Value error, '))}"
    return f"{origin}: {shown} is refused: it must be {allowed(key, field)}."


def allowed(key: str, field: FieldInfo) -> str:
    """Return in words what a field takes.

    Parameters
    ----------
    key : str
        Name of the field, whose ending tells the unit.
    field : FieldInfo
        Its type and limits.
    """
    words = [_type_words(field.annotation)]
    words += _limits(field.metadata)
    unit = next((word for ending, word in _UNITS.items() if key.endswith(ending)), None)
    if unit is not None:
        words.append(unit)
    return " ".join(words)


def _find(kind: type[Settings], path: list[str]) -> tuple[type[Settings], FieldInfo | None, str]:
    """Return the innermost table on the path, the field that was refused, and its dotted key."""
    table, field = kind, None
    key: list[str] = []
    for part in path:
        found = field_of(table, part)
        if found is None:
            break
        field = found
        key.append(part)
        below = field.annotation
        if not (isinstance(below, type) and issubclass(below, Settings)):
            break
        table = below
    return table, field, ".".join(key or path)


def _type_words(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Literal:
        return "one of " + ", ".join(f'"{choice}"' for choice in get_args(annotation))
    if origin in (Union, types.UnionType):
        choices = [choice for choice in get_args(annotation) if choice is not type(None)]
        return " or ".join(_type_words(choice) for choice in choices)
    if origin is tuple:
        return f"a list in square brackets, each {_type_words(get_args(annotation)[0])}"
    kind = origin or annotation
    if isinstance(kind, type) and issubclass(kind, Settings):
        return "a table with " + ", ".join(kind.model_fields)
    return _KINDS.get(kind, str(kind))


def _limits(metadata: list[Any]) -> list[str]:
    words = []
    for limit in metadata:
        match limit:
            case annotated_types.Ge():
                words.append(f"from {limit.ge}")
            case annotated_types.Gt():
                words.append(f"above {limit.gt}")
            case annotated_types.Le():
                words.append(f"up to {limit.le}")
            case annotated_types.Lt():
                words.append(f"below {limit.lt}")
            case _ if getattr(limit, "pattern", None):
                words.append(f"of the form {limit.pattern}")
    return words


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str | Path) else str(value)


def _sentence(text: str) -> str:
    return f"{text[:1].lower()}{text[1:].rstrip('.')}."
