"""Makes the paths of a settings file count from its folder, by the types of the fields."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.errors import PluginError
from ecgmon.monitor.core.part_settings import field_of

STANDARD_STREAM = "-"
"""Stands for standard output where a path is expected; never a file of that name."""


@dataclass(frozen=True, slots=True)
class MayHoldPath:
    """Mark of a text that may be a path, or hold one.

    Parameters
    ----------
    anchor : callable
        Takes the text and the folder from which relative paths count; returns the text
        with its path, if it holds one, made absolute.
    """

    anchor: Callable[[str, Path], str]


def anchored_path(text: str, folder: Path) -> str:
    """Return a path as seen from a folder; ``~`` is the user's own, ``-`` stays what it is.

    Parameters
    ----------
    text : str
        A path as written.
    folder : Path
        Where relative paths count from.
    """
    if text == STANDARD_STREAM:
        return text
    path = Path(text)
    try:
        path = path.expanduser()
    except RuntimeError:  # a user whom this system does not know: opening it will say so
        return text
    return str(folder / path)


def _anchored_name_or_file(text: str, folder: Path) -> str:
    is_file = text.endswith(".onnx") or "/" in text or "\\" in text
    return anchored_path(text, folder) if is_file else text


NameOrFile = Annotated[str, MayHoldPath(_anchored_name_or_file)]
"""Name of a model, or path of a model's file: what has a slash or ends in ``.onnx``."""


def anchored(tree: Mapping[str, Any], kind: type[Settings], folder: Path) -> dict[str, Any]:
    """Return a table of a settings file with every path as seen from a folder.

    Which values are paths is told by the fields' types: ``Path``, texts marked by
    `MayHoldPath`, and both within options, lists and tables of any depth, those of other
    packages' parts among them. Values of a wrong type, unknown keys and tables of broken parts
    stay as they are; validation refuses them.

    Parameters
    ----------
    tree : mapping
        A table as read.
    kind : type of Settings
        The class of that table.
    folder : Path
        Where relative paths count from.
    """
    known = {key: field for key in tree if (field := _field(kind, key)) is not None}
    paths = {
        key: _anchored(tree[key], field.annotation, field.metadata, folder) for key, field in known.items()
    }
    return {**tree, **paths}


def _field(kind: type[Settings], key: str) -> FieldInfo | None:
    """Return what is declared of a key; None also for a part that is broken."""
    try:
        return field_of(kind, key)
    except PluginError:
        return None


def _anchored(value: Any, annotation: Any, marks: Sequence[Any], folder: Path) -> Any:
    """Return a value of a field, with the paths that its type tells made absolute."""
    if isinstance(value, str):
        for anchor in _anchors(annotation, marks):
            value = anchor(value, folder)
        return value
    if isinstance(value, list):
        return [_anchored(item, _inner(annotation, tuple, list), (), folder) for item in value]
    if isinstance(value, dict):
        for option in _options(annotation):
            if isinstance(option, type) and issubclass(option, Settings):
                return anchored(value, option, folder)
        inner = _inner(annotation, dict)
        return {key: _anchored(item, inner, (), folder) for key, item in value.items()}
    return value


def _anchors(annotation: Any, marks: Sequence[Any]) -> list[Callable[[str, Path], str]]:
    """Return what makes paths within a text of this type absolute; empty if it holds none."""
    found = [mark.anchor for mark in marks if isinstance(mark, MayHoldPath)]
    for option in _options(annotation):
        if get_origin(option) is Annotated:
            found += _anchors(get_args(option)[0], get_args(option)[1:])
        elif option is Path:
            found.append(anchored_path)
    return found


def _options(annotation: Any) -> tuple[Any, ...]:
    """Return the types among which a value may choose."""
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


def _inner(annotation: Any, *origins: type) -> Any:
    """Return the type of what a list or a mapping holds; None where that is not told."""
    for option in _options(annotation):
        if get_origin(option) in origins:
            return next((kind for kind in reversed(get_args(option)) if kind is not Ellipsis), None)
    return None
