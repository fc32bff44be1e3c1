"""Says in plain words why a setting is refused and what is allowed."""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from ecgmon.monitor.core.config import Settings, TableRefusedError
from ecgmon.monitor.core.part_settings import field_of, keys_of
from ecgmon.monitor.core.secrets import SecretMark

LONGEST_SHOWN = 60
"""Characters of a value or a key that an error repeats."""

_KINDS: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text in quotes",
    Path: "a path in quotes",
}

_HIDDEN_TEXT = 'a text in quotes, "env:NAME" or "file:PATH"'

_UNITS: Mapping[str, str] = {
    "_s": "in seconds",
    "_ms": "in milliseconds",
    "_hz": "in hertz",
    "_mv": "in millivolts",
    "_bpm": "in beats a minute",
    "_samples": "in samples",
    "_percent": "in percent",
}


def explain(error: ValidationError, kind: type[Settings], origin: str, within: Sequence[str] = ()) -> str:
    """Return one line on the first thing that is wrong.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.
    kind : type
        The settings class that refused.
    origin : str
        Name of the file, or where else the value came from.
    within : sequence of str
        Tables that lead to the one refused.
    """
    first = error.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"]]
    inner = first.get("ctx", {}).get("error")
    if isinstance(inner, TableRefusedError):
        return explain(inner.error, inner.kind, origin, [*within, *path])
    table, field, known = _find(kind, path)
    key = _dotted([*within, *(path[:known] or path)])
    if first["type"] == "extra_forbidden":
        return f"{origin}: {_unknown(table, [*within, *path[: known + 1]])}"
    if first["type"] == "value_error" or field is None:
        reason = _sentence(first["msg"].removeprefix("Value error, "))
        if field is None or isinstance(first["input"], Mapping) or _is_secret(field):
            return f"{origin}: {key} is refused: {reason}"
        return f"{origin}: {key} = {_shown(first['input'])} is refused: {reason}"
    if first["type"] == "missing":
        return f"{origin}: {key} is missing: it must be {allowed(key, field)}."
    shown = key if _is_secret(field) else f"{key} = {_shown(first['input'])}"
    return f"{origin}: {shown} is refused: it must be {allowed(key, field)}."


def _unknown(table: type[Settings], path: list[str]) -> str:
    """Return what to write in the place of a key that is not, or no longer, known."""
    *tables, key = path
    now = table.renaming(key)
    if now is not None:
        return f"{_dotted(path)} is now {_dotted(tables, now)}."
    names = sorted(keys_of(table))
    close = difflib.get_close_matches(key[:LONGEST_SHOWN], names, n=1, cutoff=0.5)
    hint = f"Did you mean {close[0]}?" if close else f"Allowed here: {', '.join(names)}."
    return f"unknown key {_dotted(path)}. {hint}"


def allowed(key: str, field: FieldInfo) -> str:
    """Return in words what a field takes.

    Parameters
    ----------
    key : str
        Name of the field, whose ending tells the unit.
    field : FieldInfo
        Its type and limits.
    """
    kind = _HIDDEN_TEXT if _is_marked(field.metadata) else _type_words(field.annotation)
    head, comma, each = kind.partition(", each ")
    unit = next((word for ending, word in _UNITS.items() if key.endswith(ending)), "")
    return " ".join(word for word in (head, *_limits(field.metadata), unit) if word) + comma + each


def _find(kind: type[Settings], path: list[str]) -> tuple[type[Settings], FieldInfo | None, int]:
    """Return the innermost table on the path, the field that was refused, and how many parts name it."""
    table, field = kind, None
    below: Any = kind
    for place, part in enumerate(path):
        if get_origin(below) is dict:  # of names that the user chose
            below = get_args(below)[1]
        else:
            if below is None or (found := field_of(below, part)) is None:
                return table, field, place
            field, below = found, found.annotation
        below = table_of(below)
        table = table if below is None or get_origin(below) is dict else below
    return table, field, len(path)


def table_of(annotation: Any) -> Any:
    """Return the settings class of a field that is a table, or its ``dict[str, …]``; None for others."""
    options = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    for option in options:
        if get_origin(option) is dict or (isinstance(option, type) and issubclass(option, Settings)):
            return option
    return None


def _is_secret(field: FieldInfo) -> bool:
    """Tell whether what was written must not be repeated."""
    return not field.repr or _is_marked(field.metadata)


def _is_marked(marks: Sequence[Any]) -> bool:
    return any(isinstance(mark, SecretMark) for mark in marks)


def _type_words(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        return _HIDDEN_TEXT if _is_marked(marks) else " ".join([_type_words(inner), *_limits(marks)])
    if origin is Literal:
        choices = [f'"{one}"' if isinstance(one, str) else str(one) for one in get_args(annotation)]
        return choices[0] if len(choices) == 1 else f"one of {', '.join(choices)}"
    if origin in (Union, types.UnionType):
        options = [option for option in get_args(annotation) if option is not type(None)]
        return " or ".join(_type_words(option) for option in options)
    if origin is tuple:
        return f"a list in square brackets, each {_type_words(get_args(annotation)[0])}"
    if origin is dict:
        return "a table"
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return "a table with " + ", ".join(annotation.model_fields)
    return _KINDS.get(annotation, str(annotation))


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
            case annotated_types.MinLen():
                words.append("that is not empty")
            case FieldInfo():
                words += _limits(limit.metadata)
            case _ if getattr(limit, "pattern", None):
                words.append(f"of the form {limit.pattern}")
    return words


def _shown(value: object) -> str:
    """Return a value as it stands in a settings file, in one line and not too long."""
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, str | Path):
        text = f'"{value}"'
    elif isinstance(value, Mapping):
        text = "{…}"
    elif isinstance(value, list | tuple):
        text = "[…]" if value else "[]"
    else:
        text = _number(value)
    return _in_one_line(text)


def _number(value: object) -> str:
    try:
        return str(value)
    except ValueError:  # Python does not write whole numbers of thousands of digits
        return "a number of thousands of digits"


def _in_one_line(text: str) -> str:
    text = "".join(sign if sign.isprintable() else "?" for sign in text[: LONGEST_SHOWN + 1])
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _dotted(path: Sequence[str], *more: str) -> str:
    return ".".join([*(_in_one_line(part) for part in path), *more])


def _sentence(text: str) -> str:
    return f"{text[:1].lower()}{text[1:].rstrip('.')}."
