"""Reads a settings file into a tree; whatever is wrong with the file is said in one line, at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ecgmon.monitor.core.errors import SettingsError
from ecgmon.monitor.core.files import read_small_text

LARGEST_BYTES = 1_000_000
"""A ward of a thousand patients with limits of their own needs a quarter of it."""

MOST_PARTS = 100
"""Parts of one key. The parser takes the square of their number of steps, so more would hang it."""

DEEPEST = 32
"""Tables within tables. The settings need six."""

_TEXTS_AND_COMMENTS = re.compile(r"""(["'])(?:(?!\1).)*\1|#.*""")


def read_tree(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds.

    Parameters
    ----------
    path : Path
        An ordinary file in UTF-8.

    Raises
    ------
    SettingsError
        It cannot be read, is no TOML, or is too large or too deep to be settings.
    """
    try:
        text = read_small_text(path, LARGEST_BYTES)
    except ValueError as error:
        raise SettingsError(f"{path}: the settings file cannot be read: {error}.") from error
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > MOST_PARTS and _TEXTS_AND_COMMENTS.sub("", line).count(".") > MOST_PARTS:
            raise SettingsError(f"{path}: line {number} has a key of more than {MOST_PARTS} parts.")
    try:
        tree = tomllib.loads(text)
    except RecursionError:
        raise SettingsError(f"{path}: its lists or tables are nested too deeply.") from None
    except ValueError as error:  # of TOML, and of numbers with thousands of digits
        raise SettingsError(f"{path}: this is not TOML ({error}).") from error
    if _depth_exceeds(tree, DEEPEST):
        raise SettingsError(f"{path}: its tables are nested more than {DEEPEST} deep.")
    return tree


def _depth_exceeds(tree: dict[str, Any], most: int) -> bool:
    """Tell whether tables or lists lie deeper than so many levels, without recursion."""
    level: list[Any] = [tree]
    for _ in range(most + 1):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(outer: Any) -> Iterator[Any]:
    """Yield the tables and lists directly inside one."""
    items = outer.values() if isinstance(outer, dict) else outer
    return (item for item in items if isinstance(item, dict | list))
